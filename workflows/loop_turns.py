"""Turns of the event loop, shared out by those who have much at hand."""

import asyncio
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

_TURN_SECONDS = 0.005
_LONG = 10_000
"""Characters of which the work may take more than some ten milliseconds."""


class LoopTurns:
    """A loop's own manners: work that has much at hand lets the others have their turn every few milliseconds."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def give(self) -> None:
        """Suspends where `_TURN_SECONDS` have passed since it last did; else returns at once."""
        if time.perf_counter() - self._since >= _TURN_SECONDS:
            await asyncio.sleep(0)
            self._since = time.perf_counter()


async def off_loop(characters: int, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """The result of `work`, which takes time in proportion to a text of so many characters: in a thread where the
    text is long, so that the event loop has its turn within it too."""
    if characters <= _LONG:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
