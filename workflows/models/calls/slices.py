"""Slices of long deltas, so that none of them blocks the event loop."""

import asyncio
from collections.abc import Iterator

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
