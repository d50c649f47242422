"""Streaming of a run to one reader as an HTTP response."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from fastapi import Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from backend.log.entry import Entry
from backend.runs.queries import RunQueries
from backend.runs.readers.reader import Reader
from backend.settings import Settings
from backend.store.runs import Run
from backend.streaming.sse import data_frames, frames, retry_line

STREAM_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The stream: Server-Sent Events named `story_chunk`, each with one message",
        "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/StoryChunk"}}},
    },
    204: {"description": "The reader has the last message already; an `EventSource` stops"},
}
"""What OpenAPI says of every stream."""

_NO_HEADERS: Mapping[str, str] = {}
_DONE = b"data: [DONE]\n\n"
"""The end of a stream of another wire."""


async def stream_response(queries: RunQueries, run: Run, reader: Reader, settings: Settings) -> Response:
    """The stream; 204 when the reader has the last message already, which makes an EventSource stop."""
    headers = {"X-Run-Id": run.id}
    first = await reader.poll()
    if first is None:
        return Response(status_code=204, headers=headers)
    if reader.wire == "ai-sdk":
        headers |= {"X-Vercel-AI-UI-Message-Stream": "v1", "X-Workflow-Run-Id": run.id}
    frames = _frames(queries, run, reader, first, settings.retry_ms)
    return event_stream(frames, settings, headers=headers)


def event_stream(
    frames: AsyncIterator[bytes],
    settings: Settings,
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    ping_seconds: float | None = None,
) -> Response:
    """A response of SSE frames with the headers and the heartbeat of all streams. A reader that takes nothing is
    disconnected by the server (`backend/server.py`)."""
    return EventSourceResponse(
        frames,
        ping=ping_seconds or settings.ping_seconds,
        ping_message_factory=lambda: ServerSentEvent(comment="ping", sep="\n"),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store, no-transform", **headers},
        sep="\n",
    )


async def _frames(
    queries: RunQueries, run: Run, reader: Reader, first: list[Entry], retry_ms: int
) -> AsyncIterator[bytes]:
    framed = frames if reader.wire == "story_chunk" else data_frames
    # Sent with the headers, so that a proxy and the reader know at once that the stream is open.
    yield retry_line(retry_ms) + framed(run.id, first, reader.first_id)
    async with aclosing(queries.follow(run, reader)) as batches:
        async for batch in batches:
            yield framed(run.id, batch, reader.first_id)
    if reader.wire != "story_chunk" and reader.state == "ended":
        yield _DONE
