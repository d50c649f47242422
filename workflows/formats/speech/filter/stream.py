"""Script filter over a model's reply that doesn't block the event loop."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TypeVar

from workflows.formats.speech.filter.script_filter import ScriptFilter

_T = TypeVar("_T")
_STEP = 500  # characters: a few milliseconds of work


async def in_steps(text: str) -> AsyncIterator[str]:
    """`text` in short pieces, between which other tasks run. Nearly all tokens are one piece."""
    for start in range(0, len(text), _STEP):
        if start:
            await asyncio.sleep(0)
        yield text[start : start + _STEP]


async def filter_reply(script: ScriptFilter, reply: AsyncGenerator[str | _T]) -> AsyncGenerator[str | _T]:
    """The turns of a reply, as they can be told; what is no text, such as notes, passes as it is."""
    async with aclosing(reply) as chunks:
        async for chunk in chunks:
            if not isinstance(chunk, str):
                yield chunk
                continue
            async for piece in in_steps(chunk):
                if text := script.feed(piece):
                    yield text
    if rest := script.close():
        yield rest
