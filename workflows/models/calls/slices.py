"""Slices of long deltas, so that none of them blocks the event loop."""

import asyncio
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

_LONG = 10_000
"""Characters of which the work may take more than some ten milliseconds."""
SLICE = 2000
"""Characters that are worked on in one go: a provider may send a hundred thousand at once."""


def slices(text: str) -> Iterator[str]:
    """`text` in pieces of at most `SLICE` characters; none of an empty text."""
    for start in range(0, len(text), SLICE):
        yield text[start : start + SLICE]


async def turn_after(piece: str) -> None:
    """Yields to the event loop, after a piece of the full length."""
    if len(piece) == SLICE:
        await asyncio.sleep(0)


async def off_loop(text: str, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """The result of `work`, which takes time in proportion to `text`: in a thread where the text is long, so that the
    event loop has its turn within it too."""
    if len(text) <= _LONG:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
