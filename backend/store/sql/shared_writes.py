"""Shared transactions: writes of one kind that come while one is under way are made together by the
next. One commit, with its sync to the disk, is for all of them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy import Connection

from backend.store.sql.database import Database
from backend.store.sql.patience import in_time, take_time

_MOST_AT_ONCE = 32

_ItemT = TypeVar("_ItemT")
_ResultT = TypeVar("_ResultT")


class SharedWrites(Generic[_ItemT, _ResultT]):
    """Queue of items that one function writes, many at a time. A failure is the failure of all that shared it."""

    def __init__(
        self, database: Database, work: Callable[[Connection, Sequence[_ItemT]], Sequence[_ResultT]]
    ) -> None:
        """`work` returns a result for each item."""
        self._db = database
        self._work = work
        self._waiting: list[tuple[_ItemT, asyncio.Future[_ResultT]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, item: _ItemT) -> _ResultT:
        """The item's result, when it is committed. Raises sqlalchemy's TimeoutError where a request can't wait: what
        hasn't begun by then isn't written."""
        future: asyncio.Future[_ResultT] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writing is None:
            # A task of its own: the first caller may be gone before the last has an answer.
            self._writing = asyncio.create_task(self._write_all())
        return await in_time(future)

    async def _write_all(self) -> None:
        take_time()  # each caller has a patience of its own
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
                await self._write_batch(batch)
        finally:
            self._writing = None

    async def _write_batch(self, batch: Sequence[tuple[_ItemT, asyncio.Future[_ResultT]]]) -> None:
        if not (batch := [(item, future) for item, future in batch if not future.done()]):
            return
        items = [item for item, _ in batch]
        try:
            results = await self._db.write(lambda connection: self._work(connection, items))
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
