"""Long deltas in pieces, so that no one of them holds the event loop."""

import asyncio
from collections.abc import Iterator

SLICE = 2000
"""Characters that are worked on in one go: a provider may send a hundred thousand at once."""


def slices(text: str) -> Iterator[str]:
    """`text` in pieces of at most `SLICE` characters; none of an empty text."""
    for start in range(0, len(text), SLICE):
        yield text[start : start + SLICE]


async def turn_after(piece: str) -> None:
    """Lets the rest of the service work, after a piece that is as long as it may be."""
    if len(piece) == SLICE:
        await asyncio.sleep(0)
