"""Items of an asynchronous iterator in batches.

HTTP libraries hand out what came in one read from the socket piece by piece, though there is nothing to wait for
between two of them. A task reads ahead here, so whoever is busy finds all that has come meanwhile.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Generic, TypeVar

_T = TypeVar("_T")
_MOST = 64
"""Items that are read ahead at most: what one turn of the event loop may be busy with."""


async def read_ahead(source: AsyncGenerator[_T], most: int = _MOST) -> AsyncGenerator[list[_T]]:
    """All items in order, in batches of at most `most`; each has what came while the one before it was used.

    Raises what `source` raised, after what came before that. `source` is closed however this is left.
    """
    ahead: _Ahead[_T] = _Ahead(most)
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

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: list[_T] = []
        self._is_over = False
        self._has_news = asyncio.Event()
        self._has_room = asyncio.Event()

    async def read(self, source: AsyncGenerator[_T]) -> None:
        """Reads to the end, no more ahead than there is room."""
        try:
            async with aclosing(source) as items:
                async for item in items:
                    self._items.append(item)
                    self._has_news.set()
                    if len(self._items) >= self._most:
                        self._has_room.clear()
                        await self._has_room.wait()
        finally:
            self._is_over = True
            self._has_news.set()

    async def take(self) -> list[_T]:
        """All that is there, once there is any; nothing at the end."""
        await self._has_news.wait()
        items, self._items = self._items, []
        if not self._is_over:
            self._has_news.clear()
        self._has_room.set()
        return items
