"""Items of an asynchronous iterator in batches.

HTTP libraries hand out what came in one read from the socket piece by piece, though there is nothing to wait for
between two of them. A task reads ahead here, so whoever is busy finds all that has come meanwhile.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Generic, TypeVar

from workflows.models.wire.bodies.stream_turns import StreamTurns

_T = TypeVar("_T")
_MOST = 64
"""Items that are read ahead at most: what one turn of the event loop may be busy with."""


async def read_ahead(
    source: AsyncGenerator[_T], turns: StreamTurns, most: int = _MOST
) -> AsyncGenerator[list[_T]]:
    """All items in order, in batches of at most `most`; each has what came while the one before it was used, and
    while the turns passed that it left to others. The first one leaves none.

    Raises what `source` raised, after what came before that. `source` is closed however this is left.
    """
    ahead: _Ahead[_T] = _Ahead(turns, most)
    reading = asyncio.create_task(ahead.read(source))
    try:
        while batch := await ahead.take():
            yield batch
        await reading
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        if not reading.cancelled():
            reading.exception()  # nobody is there for it


class _Ahead(Generic[_T]):
    """What was read and not taken yet."""

    def __init__(self, turns: StreamTurns, most: int) -> None:
        self._turns = turns
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._items: list[_T] = []
        self._is_over = False
        self._is_first = True
        self._came_at = 0.0
        self._has_news = asyncio.Event()
        self._has_room = asyncio.Event()
        self._is_gathered = asyncio.Event()

    async def read(self, source: AsyncGenerator[_T]) -> None:
        """Reads to the end, no more ahead than there is room."""
        try:
            async with aclosing(source) as items:
                async for item in items:
                    self._items.append(item)
                    self._notify()
                    if len(self._items) >= self._most:
                        self._is_gathered.set()
                        self._has_room.clear()
                        await self._has_room.wait()
        finally:
            self._is_over = True
            self._notify()
            self._is_gathered.set()

    def _notify(self) -> None:
        if not self._has_news.is_set():
            self._came_at = self._loop.time()
            self._has_news.set()

    async def take(self) -> list[_T]:
        """All that is there, once there is any; nothing at the end."""
        if not self._has_news.is_set():
            await self._has_news.wait()
            self._turns.observe(self._loop.time() - self._came_at)
        if not self._is_first:
            await self._gather()
        self._is_first = False
        items, self._items = self._items, []
        if not self._is_over:
            self._has_news.clear()
        self._has_room.set()
        return items

    async def _gather(self) -> None:
        """Lets others go first, as far as a batch isn't full."""
        turns = self._turns.left_to_others
        if not turns or self._is_over or len(self._items) >= self._most:
            return
        self._is_gathered.clear()
        self._turns.after(turns, self._is_gathered.set)
        await self._is_gathered.wait()
