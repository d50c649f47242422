"""Body of a streamed reply, translated between the server's dialect and the SDK's protocol."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, suppress

import httpx2

from workflows.loop_turns import LoopTurns
from workflows.models.wire.bodies.read_ahead import read_ahead
from workflows.models.wire.bodies.stream_turns import StreamTurns
from workflows.models.wire.bodies.unpacking import read_pieces
from workflows.models.wire.chat_events import ChatEvents, RawEvent
from workflows.models.wire.errors import Json
from workflows.models.wire.responses import ResponseStream

_BLOCK = 2**14
_AFTER_END_SECONDS = 3.0
"""How long counts of tokens, and the word that nothing follows, may come after a reply's end."""
Translate = Callable[[bytes | None], Iterator[bytes]]
"""Pieces of a stream → its frames; None: the stream is over."""


class TranslatedStream(httpx2.AsyncByteStream):
    """A reply's frames, translated as they come; closing it closes the connection. A chat can be read as events
    instead, in batches of what comes meanwhile; `turns` are those that the process's streams leave to others."""

    def __init__(
        self,
        reply: httpx2.Response,
        translate: Translate,
        state: ChatEvents | ResponseStream,
        turns: StreamTurns,
    ) -> None:
        self._reply = reply
        self._translate = translate
        self._state = state
        self._turns = turns
        self._until: float | None = None

    @property
    def has_events(self) -> bool:
        """Whether it is a chat."""
        return isinstance(self._state, ChatEvents)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # One by one: what is beside a chunk is known only while it is read.
        async with aclosing(self._read_blocks()) as blocks:
            async for block in blocks:
                for each in self._translate(block):
                    yield each
        for each in self._translate(None):
            yield each

    async def read_events(self) -> AsyncGenerator[list[Json | RawEvent]]:
        """The events that come together."""
        assert isinstance(self._state, ChatEvents)
        async with aclosing(self._read_blocks()) as blocks:
            async for block in blocks:
                if events := list(self._state.read(block)):
                    yield events
        yield list(self._state.read(None))

    async def _read_blocks(self) -> AsyncGenerator[bytes]:
        """What has come, in pieces that are read in a few milliseconds."""
        turns = LoopTurns()
        async with aclosing(read_ahead(read_pieces(self._reply), self._turns)) as batches:
            while pieces := await self._next(batches):
                came = b"".join(pieces)
                for start in range(0, len(came), _BLOCK):
                    yield came[start : start + _BLOCK]
                    await turns.give()

    async def _next(self, batches: AsyncGenerator[list[bytes]]) -> list[bytes] | None:
        """What comes next. A reply that has ended is waited on for a moment only: some servers neither say that nothing
        follows nor hang up."""
        if not self._state.has_ended:
            return await anext(batches, None)
        now = asyncio.get_running_loop().time()
        self._until = self._until or now + _AFTER_END_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._until):
                return await anext(batches, None)
        return None

    async def aclose(self) -> None:
        await self._reply.aclose()
