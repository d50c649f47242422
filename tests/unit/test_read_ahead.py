"""Reading ahead: what has come while somebody was busy is there in one batch."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest

from workflows.models.wire.bodies.read_ahead import read_ahead
from workflows.models.wire.bodies.stream_turns import StreamTurns


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
    assert [batch async for batch in read_ahead(source.items(), StreamTurns())] == [
        [1, 2, 3],
        [4],
        [5, 6],
    ]
    assert source.is_closed


async def test_items_that_come_while_a_batch_is_used_are_the_next_one() -> None:
    found = []
    async for batch in read_ahead(Source([1], [2], [3], [4]).items(), StreamTurns()):
        found.append(batch)
        if batch == [1]:
            for _ in range(10):
                await asyncio.sleep(0)
    assert found == [[1], [2, 3, 4]]


async def test_source_is_read_no_further_ahead_than_there_is_room() -> None:
    source = Source([*range(10)], [*range(10, 20)])
    async with aclosing(read_ahead(source.items(), StreamTurns(), most=4)) as batches:
        assert await anext(batches) == [0, 1, 2, 3]
        for _ in range(10):
            await asyncio.sleep(0)
        assert source.given == 8
        rest = [item async for batch in batches for item in batch]
    assert rest == [*range(4, 20)]


async def test_failure_is_raised_after_what_came_before_it() -> None:
    found = []
    with pytest.raises(ValueError, match="broke"):
        async for batch in read_ahead(Source([1, 2], failure=ValueError("it broke")).items(), StreamTurns()):
            found += batch
    assert found == [1, 2]


async def test_source_is_closed_when_nobody_wants_more() -> None:
    source = Source([1], [2], [3], failure=ValueError("nobody is there for it"))
    async with aclosing(read_ahead(source.items(), StreamTurns())) as batches:
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
        async for _ in read_ahead(endless(), StreamTurns()):
            pass

    reading = asyncio.create_task(read())
    for _ in range(5):
        await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert closed.is_set()


class HandFed:
    """A source that gives what it is told to, when it is told to."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[int | None] = asyncio.Queue()

    async def items(self) -> AsyncGenerator[int]:
        while (item := await self.queue.get()) is not None:
            yield item

    async def feed(self, *items: int | None) -> None:
        """Returns when all of them were read, as far as there is room."""
        for item in items:
            self.queue.put_nowait(item)
        for _ in range(4 * len(items) + 10):
            await asyncio.sleep(0)


class HandSet(StreamTurns):
    """Turns that are over when it is said, if any are left at all."""

    def __init__(self, turns: int) -> None:
        super().__init__()
        self._left = turns
        self.observed: list[float] = []
        self.pass_all: Callable[[], object] = lambda: None

    @property
    def left_to_others(self) -> int:
        return self._left

    def observe(self, late: float) -> None:
        self.observed.append(late)

    def after(self, turns: int, call: Callable[[], object]) -> None:
        assert turns == self._left
        self.pass_all = call


async def test_first_batch_leaves_no_turns_and_the_next_has_what_comes_in_them() -> None:
    source, turns = HandFed(), HandSet(20)
    async with aclosing(read_ahead(source.items(), turns)) as batches:
        await source.feed(1)
        assert await anext(batches) == [1]
        taking = asyncio.ensure_future(anext(batches))
        await source.feed(2)
        await source.feed(3, 4)
        assert not taking.done()
        turns.pass_all()
        assert await taking == [2, 3, 4]


@pytest.mark.parametrize("end", [None, 6], ids=["the end of the stream", "a batch that is full"])
async def test_no_turn_is_left_after(end: int | None) -> None:
    source = HandFed()
    async with aclosing(read_ahead(source.items(), HandSet(20), most=4)) as batches:
        await source.feed(1)
        assert await anext(batches) == [1]
        taking = asyncio.ensure_future(anext(batches))
        await source.feed(2, 3, 4)
        assert not taking.done()
        await source.feed(end)
        assert await taking == [2, 3, 4] + ([] if end is None else [end])


async def test_reader_that_lets_others_go_first_is_cancelled_at_once() -> None:
    source = HandFed()
    batches = read_ahead(source.items(), HandSet(20))
    await source.feed(1)
    await anext(batches)
    taking = asyncio.ensure_future(anext(batches))
    await source.feed(2)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await batches.aclose()


async def test_lateness_is_observed_where_somebody_waited_for_news() -> None:
    source, turns = HandFed(), HandSet(0)
    async with aclosing(read_ahead(source.items(), turns)) as batches:
        await source.feed(1)
        await anext(batches)
        assert len(turns.observed) == 1
        await source.feed(2)
        await anext(batches)  # it was there already: who came late is the reader
        assert len(turns.observed) == 1


class Clock:
    """The time of the running event loop, by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.now)


async def test_more_turns_are_left_the_later_the_loop_is_and_none_when_it_is_on_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns, clock = StreamTurns(), Clock(monkeypatch)

    def observe(late: float, seconds: float) -> int:
        for _ in range(round(seconds * 30)):
            clock.now += 1 / 30
            turns.observe(late)
        return turns.left_to_others

    assert observe(0.0005, 10) == 0
    assert observe(0.004, 10) == 10
    assert observe(0.04, 10) == 19
    assert observe(0.0005, 6) == 0
    clock.now += 1 / 30
    turns.observe(30.0)  # a suspended machine
    assert observe(0.0005, 2) == 0
    turns.is_crowded = True
    assert turns.left_to_others == 100


async def test_who_leaves_turns_is_called_after_as_many_and_in_order() -> None:
    turns, called = StreamTurns(), []
    turns.after(3, lambda: called.append("first"))
    await asyncio.sleep(0)
    turns.after(3, lambda: called.append("second"))
    assert not called
    for _ in range(2):
        await asyncio.sleep(0)
    assert called == ["first"]
    await asyncio.sleep(0)
    assert called == ["first", "second"]


async def test_turns_that_take_long_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, turns, called = Clock(monkeypatch), StreamTurns(), []
    turns.after(1000, lambda: called.append(True))
    await asyncio.sleep(0)
    assert not called
    clock.now += 1.1
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert called


async def test_end_after_a_silence_says_nothing_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    source, turns, clock = HandFed(), HandSet(0), Clock(monkeypatch)
    async with aclosing(read_ahead(source.items(), turns)) as batches:
        await source.feed(1)
        await anext(batches)
        ending = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0)
        clock.now += 5
        await source.feed(None)
        with pytest.raises(StopAsyncIteration):
            await ending
    assert max(turns.observed) == 0


def test_who_waited_in_a_loop_that_is_over_holds_up_nobody_in_the_next() -> None:
    turns, called = StreamTurns(), []

    async def leave() -> None:
        turns.after(1000, lambda: called.append("left"))

    async def wait() -> None:
        gathered = asyncio.Event()
        turns.after(3, gathered.set)
        async with asyncio.timeout(1):
            await gathered.wait()

    asyncio.run(leave())
    asyncio.run(wait())
    assert not called
