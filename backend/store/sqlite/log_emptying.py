"""Emptying of a write-ahead log after something was deleted from its file: what was deleted stands in it still."""

import asyncio
from collections.abc import Awaitable, Callable

_PATIENCE_SECONDS = 2.0
_AGAIN_SECONDS = 0.02
_LATER_SECONDS = 1.0


class LogEmptying:
    """The emptying, tried until nobody reads what was there before: most reads take milliseconds, a backup longer.

    One at a time, for all that was deleted before it succeeds.
    """

    def __init__(self, truncate: Callable[[], Awaitable[bool]]) -> None:
        """`truncate` tries it once, in the file's writing thread, and says whether it succeeded."""
        self._truncate = truncate
        self._task: asyncio.Task[None] | None = None
        self._patient_until = 0.0

    async def wait(self) -> None:
        """Returns when the log is empty, or where somebody has prevented it for some seconds: then it goes on without
        being waited for."""
        now = asyncio.get_running_loop().time()
        if self._task is None or self._task.done():
            self._patient_until = now + _PATIENCE_SECONDS
            self._task = asyncio.create_task(self._empty(), name="write-ahead log emptied")
        if now < self._patient_until:
            await asyncio.wait([self._task], timeout=self._patient_until - now)

    async def close(self) -> None:
        """Ends it. Whoever opens the file next empties the log."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _empty(self) -> None:
        loop = asyncio.get_running_loop()
        while not await self._truncate():  # noqa: ASYNC110 - a reader tells nobody when it is done
            await asyncio.sleep(_AGAIN_SECONDS if loop.time() < self._patient_until else _LATER_SECONDS)
