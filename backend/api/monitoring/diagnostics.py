"""Stream of timestamped ticks, by which `storywire doctor URL` measures the path to this service.

The reply is sent as every stream is sent, and costs nothing: no run, no model, nothing in a log.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from backend.api.dependencies import Flag, SettingsDep
from backend.api.runs.streams import event_stream
from backend.settings import Settings
from backend.streaming.sse import retry_line
from workflows.errors import Overloaded

router = APIRouter(prefix="/api/v1/diagnostics", tags=["diagnostics"])

LONGEST_SECONDS = 300
_AT_ONCE = 20
_ECHOED_CHARACTERS = 200
_SILENT_PING_SECONDS = 2 * LONGEST_SECONDS  # never within a stream


async def _place(request: Request) -> AsyncIterator[None]:
    """A place among the measuring streams that are open at once, held until the reply has been sent or failed."""
    measured: set[object] = request.app.state.measured_streams
    if len(measured) >= _AT_ONCE:
        raise Overloaded("As many measurements as may are going on already; try again in a few seconds.")
    place = object()
    measured.add(place)
    try:
        yield
    finally:
        measured.discard(place)


@router.get(
    "/stream",
    responses={200: {"content": {"text/event-stream": {}}}},
    dependencies=[Depends(_place, scope="request")],
)
async def stream_ticks(
    request: Request,
    settings: SettingsDep,
    ticks: Annotated[int, Query(ge=1, le=200, description="How many messages")] = 10,
    interval_ms: Annotated[
        int, Query(ge=10, le=LONGEST_SECONDS * 1000, description="Milliseconds between two")
    ] = 200,
    heartbeat: Annotated[Flag, Query(description="false: nothing at all is sent between two ticks")] = True,
) -> Response:
    """A stream of `tick` messages, each with its sending time; the first echoes the request as it arrived.

    At most 300 seconds in all, and 20 such streams at once: ticks that would come later are left out, and `of` is
    the number of those that come.
    """
    ticks = min(ticks, 1 + LONGEST_SECONDS * 1000 // interval_ms)
    return event_stream(
        _ticks(_arrival(request, settings), settings.retry_ms, ticks, interval_ms / 1000, heartbeat),
        settings,
        ping_seconds=None if heartbeat else _SILENT_PING_SECONDS,
    )


def _arrival(request: Request, settings: Settings) -> dict[str, Any]:
    """The request as it arrived, which shows what proxies have changed."""
    return {
        "path": request.url.path[:_ECHOED_CHARACTERS],
        "http_version": request.scope.get("http_version"),
        "last_event_id": request.headers.get("last-event-id", "")[:_ECHOED_CHARACTERS],
        "ping_seconds": settings.ping_seconds,
    }


async def _ticks(
    arrival: dict[str, Any], retry_ms: int, count: int, interval: float, heartbeat: bool
) -> AsyncIterator[bytes]:
    began = time.monotonic()
    for number in range(1, count + 1):
        # By the clock, not by adding up pauses: the ticks stay as far apart as was asked for.
        await asyncio.sleep(max(0.0, began + (number - 1) * interval - time.monotonic()))
        sent = time.monotonic() - began
        data: dict[str, Any] = {
            "number": number,
            "of": count,
            "sent_ms": round(sent * 1000, 1),
            "sent_at": time.time(),
        }
        if number == 1:
            data["arrival"] = arrival
        frame = b"id: diagnostics:%d\nevent: tick\ndata: %s\n\n" % (number, orjson.dumps(data))
        # A comment as the heartbeat sends it, so that one who strips them is found without waiting for it.
        after = b": ping\n\n" if heartbeat else b""
        yield (retry_line(retry_ms) if number == 1 else b"") + frame + after
