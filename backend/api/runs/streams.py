"""Streaming of a run to one reader as an HTTP response."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import anyio
from fastapi import Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Message, Receive, Scope, Send

from backend.api.security.access import REFUSAL
from backend.log.entry import Entry
from backend.runs.queries import RunQueries
from backend.runs.readers.reader import Reader
from backend.settings import Settings
from backend.store.runs.runs import Run
from backend.streaming.sse import data_frames, frames, retry_line

STREAM_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The stream: Server-Sent Events named `story_chunk`, each with one message",
        "content": {
            "text/event-stream": {
                "schema": {
                    "anyOf": [
                        {"$ref": f"#/components/schemas/{name}"}
                        for name in ("StoryChunk", "UIMessageChunk", "AgUiEvent")
                    ],
                    "description": "What the `data` of a frame holds: a StoryChunk, or with `protocol` another's",
                }
            }
        },
    },
    204: {"description": "The reader has the last message already; an `EventSource` stops"},
}
"""What OpenAPI says of every stream."""

_LEAVE_SECONDS = 1.0
_NO_HEADERS: Mapping[str, str] = {}


async def stream_response(queries: RunQueries, run: Run, reader: Reader, settings: Settings) -> Response:
    """The stream; 204 when the reader has the last message already, which makes an EventSource stop."""
    headers = {"X-Run-Id": run.id}
    first = await reader.poll()
    if first is None:
        return Response(status_code=204, headers=headers)
    if reader.style is not None:
        headers |= {name: value.format(run_id=run.id) for name, value in reader.style.headers}
    refusal = b"" if reader.style is None else reader.style.refusal
    stream = _frames(queries, run, reader, first, settings.retry_ms)
    return event_stream(stream, settings, headers=headers, refusal=refusal)


class _EventStream(EventSourceResponse):
    """Stream that ends with a frame of its wire when the credential ends that let its reader in."""

    refusal = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        scope[REFUSAL] = self.refusal
        await super().__call__(scope, receive, send)

    async def _send_with_timeout(self, send: Send, message: Message) -> None:
        """As the base class's, which opens a cancel scope for each message though it has no limit: the server closes
        connections whose reader takes nothing."""
        await send(message)


def event_stream(
    frames: AsyncIterator[bytes],
    settings: Settings,
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    ping_seconds: float | None = None,
    leaving: anyio.Event | None = None,
    refusal: bytes = b"",
) -> Response:
    """A response of SSE frames with the headers and the heartbeat of all streams. A reader that takes nothing is
    disconnected by the server (`backend/server.py`). When the service stops, `leaving` is set, and who watches it may
    end the stream cleanly; else it is cut, which no client takes for its end. `refusal` is the last frame when the
    reader's credential ends: without it the stream ends cleanly, and a client of ours comes again and is refused."""
    stream = _EventStream(
        frames,
        ping=ping_seconds or settings.ping_seconds,
        ping_message_factory=lambda: ServerSentEvent(comment="ping", sep="\n"),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store, no-transform", **headers},
        sep="\n",
        shutdown_event=leaving,
        shutdown_grace_period=0 if leaving is None else _LEAVE_SECONDS,
    )
    stream.refusal = refusal
    return stream


async def _frames(
    queries: RunQueries, run: Run, reader: Reader, first: list[Entry], retry_ms: int
) -> AsyncIterator[bytes]:
    framed = frames if reader.style is None else data_frames
    # Sent with the headers, so that a proxy and the reader know at once that the stream is open.
    yield retry_line(retry_ms) + framed(run.id, first, reader.first_id)
    async with aclosing(queries.follow(run, reader)) as batches:
        async for batch in batches:
            yield framed(run.id, batch, reader.first_id)
    if reader.style is not None and reader.state == "ended" and reader.style.last_frame:
        yield reader.style.last_frame
