"""Reading ahead: what has come while somebody was busy is there in one batch."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from workflows.models.wire.read_ahead import read_ahead


class Source:
    """Items, with a wait before each of those that are lists: a list came in one read."""

    def __init__(self, *reads: list[int], failure: Exception | None = None) -> None:
        self.reads, self.failure = reads, failure
        self.given = 0
        self.is_closed = False

    async def items(self) -> AsyncGenerator[int]:
        try:
            for read in self.reads:
                await asyncio.sleep(0)
                for item in read:
                    self.given += 1
                    yield item
            if self.failure is not None:
                raise self.failure
        finally:
            self.is_closed = True


async def test_items_of_one_read_are_one_batch_and_all_come_in_order() -> None:
    source = Source([1, 2, 3], [4], [], [5, 6])
    assert [batch async for batch in read_ahead(source.items())] == [[1, 2, 3], [4], [5, 6]]
    assert source.is_closed


async def test_items_that_come_while_a_batch_is_used_are_the_next_one() -> None:
    found = []
    async for batch in read_ahead(Source([1], [2], [3], [4]).items()):
        found.append(batch)
        if batch == [1]:
            for _ in range(10):
                await asyncio.sleep(0)
    assert found == [[1], [2, 3, 4]]


async def test_source_is_read_no_further_ahead_than_there_is_room() -> None:
    source = Source([*range(10)], [*range(10, 20)])
    async with aclosing(read_ahead(source.items(), most=4)) as batches:
        assert await anext(batches) == [0, 1, 2, 3]
        for _ in range(10):
            await asyncio.sleep(0)
        assert source.given == 8
        rest = [item async for batch in batches for item in batch]
    assert rest == [*range(4, 20)]


async def test_failure_is_raised_after_what_came_before_it() -> None:
    found = []
    with pytest.raises(ValueError, match="broke"):
        async for batch in read_ahead(Source([1, 2], failure=ValueError("it broke")).items()):
            found += batch
    assert found == [1, 2]


async def test_source_is_closed_when_nobody_wants_more() -> None:
    source = Source([1], [2], [3], failure=ValueError("nobody is there for it"))
    async with aclosing(read_ahead(source.items())) as batches:
        await anext(batches)
    assert source.is_closed


async def test_source_that_waits_is_closed_when_its_reader_is_cancelled() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closed.set()

    async def read() -> None:
        async for _ in read_ahead(endless()):
            pass

    reading = asyncio.create_task(read())
    for _ in range(5):
        await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert closed.is_set()
