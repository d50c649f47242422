"""Writes that share a transaction: fewer commits, and to each its own result."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, literal, select

from backend.store.sql.database import Database
from backend.store.sql.shared_writes import SharedWrites


class Doubling:
    """Work that doubles numbers, by SQL, and keeps what it was called with. It refuses zeros."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def __call__(self, connection: Connection, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        if 0 in numbers:
            raise ValueError("a zero")
        return [connection.scalar(select(literal(number) * 2)) or 0 for number in numbers]


async def test_writes_that_come_at_once_share_one_transaction_and_have_each_its_result(
    database: Database,
) -> None:
    work = Doubling()
    writes = SharedWrites(database, work)
    assert await asyncio.gather(*(writes.write(number) for number in range(1, 21))) == list(range(2, 41, 2))
    assert [number for batch in work.batches for number in batch] == list(range(1, 21))
    assert len(work.batches) <= 2
    assert await writes.write(50) == 100 and work.batches[-1] == [50]


async def test_transaction_that_fails_fails_for_all_who_share_it_and_for_nobody_after(
    database: Database,
) -> None:
    work = Doubling()
    writes = SharedWrites(database, work)
    results = await asyncio.gather(*(writes.write(number) for number in (1, 0, 3)), return_exceptions=True)
    assert any(isinstance(each, ValueError) for each in results)
    assert await writes.write(4) == 8


async def test_who_leaves_takes_nobodys_result_along(database: Database) -> None:
    work = Doubling()
    writes = SharedWrites(database, work)
    asking = [asyncio.create_task(writes.write(number)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    asking[0].cancel()
    assert await asyncio.gather(*asking[1:]) == [4, 6]
    with pytest.raises(asyncio.CancelledError):
        await asking[0]
