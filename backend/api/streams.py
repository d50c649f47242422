"""A reader of a run as an HTTP reply."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing

import structlog
from fastapi import Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from backend.log.entry import Entry
from backend.runs.reader import Reader
from backend.runs.runs import Runs
from backend.settings import Settings
from backend.store.runs import Run
from backend.streaming.sse import frames, retry_line

log = structlog.get_logger()

_NO_HEADERS: Mapping[str, str] = {}


async def stream_response(runs: Runs, run: Run, reader: Reader, settings: Settings) -> Response:
    """The stream; 204 when the reader has the last message already, which tells an EventSource to stop."""
    first = await reader.poll()
    if first is None:
        return Response(status_code=204, headers={"X-Run-Id": run.id})
    frames = _frames(runs, run, reader, first, settings.retry_ms)
    return event_stream(frames, settings, headers={"X-Run-Id": run.id})


def event_stream(
    frames: AsyncIterator[bytes],
    settings: Settings,
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    ping_seconds: float | None = None,
) -> Response:
    """Frames as every stream of ours is sent: these headers, this heartbeat, this patience with a slow reader."""
    return _EventStream(
        frames,
        ping=ping_seconds or settings.ping_seconds,
        ping_message_factory=lambda: ServerSentEvent(comment="ping", sep="\n"),
        send_timeout=settings.slow_reader_seconds,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store, no-transform", **headers},
        sep="\n",
    )


class _EventStream(EventSourceResponse):
    """Closes a reader that takes nothing: it may come back and lose nothing, so that is no error."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("slow_reader_closed", run_id=self.headers.get("X-Run-Id"))
            scope["app"].state.resources.measures.slow_reader_closed()


async def _frames(
    runs: Runs, run: Run, reader: Reader, first: list[Entry], retry_ms: int
) -> AsyncIterator[bytes]:
    # Sent with the headers, so that a proxy and the reader know at once that the stream is open.
    yield retry_line(retry_ms) + frames(run.id, first)
    async with aclosing(runs.follow(run, reader)) as batches:
        async for batch in batches:
            yield frames(run.id, batch)
