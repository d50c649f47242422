"""Turns of the event loop, shared out by those who have much at hand."""

import asyncio
import time


class LoopTurns:
    """A loop's own manners: work that has much at hand lets the others have their turn every few milliseconds."""

    def __init__(self, seconds: float = 0.005) -> None:
        self._seconds = seconds
        self._since = time.perf_counter()

    async def give(self) -> None:
        """Suspends where `seconds` have passed since it last did; else returns at once."""
        if time.perf_counter() - self._since >= self._seconds:
            await asyncio.sleep(0)
            self._since = time.perf_counter()
