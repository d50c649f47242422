"""Durable Streams, read side: replies of a stream that many clients and caches know how to read."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import anyio
from fastapi import Request, Response

from backend.api.problems import problem
from backend.api.runs.streams import event_stream
from backend.log.entry import Entry
from backend.settings import Settings
from backend.streaming.wires.durable import (
    NOW,
    START,
    StreamPlace,
    body_of,
    cursor_at,
    format_offset,
    frames_of,
    is_text,
    parse_offset,
)
from workflows.errors import InvalidInput

LONG_POLL_SECONDS = 20.0
SSE_SECONDS = 60.0
"""After which a stream of events ends, as the protocol has it; its clients come again."""
_FINISHED = "private, max-age=60, stale-while-revalidate=300"
_LIVE = ("long-poll", "sse")


class DurableSource(Protocol):
    """A durable stream that is read from after an offset."""

    content_type: str
    next_offset: int
    is_closed: bool
    is_gone: bool

    async def read(self) -> list[Entry]:
        """What there is after what was read, numbered by its offsets."""

    async def wait(self, seconds: float) -> None:
        """Returns when there may be more, at the latest after `seconds`."""


class SourceOpener(Protocol):
    """Opener of the stream that one request reads."""

    def source(self, after: int) -> DurableSource:
        """The stream after an offset."""

    def reading(self) -> AbstractAsyncContextManager[None]:
        """Counts a reader while the block is open."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Parameters of a GET."""

    offset: str
    live: str | None
    cursor: str | None

    @classmethod
    def of(cls, request: Request) -> "Demand":
        """Raises InvalidInput. Of an offset only whether it has the form of one is checked."""
        query = request.query_params
        offsets, live = query.getlist("offset"), query.get("live")
        if live is not None and live not in _LIVE:
            raise InvalidInput.of("live", f"{' or '.join(_LIVE)} is expected, or nothing")
        if len(offsets) > 1 or (live is not None and not offsets):
            raise InvalidInput.of("offset", "one offset is expected" + (f" with live={live}" if live else ""))
        offset = offsets[0] if offsets else START
        if offset not in (START, NOW):
            try:
                parse_offset(offset)
            except ValueError as error:
                raise InvalidInput.of("offset", str(error)) from None
        return cls(offset, live, query.get("cursor"))

    @property
    def next_cursor(self) -> str:
        """The cursor of the reply."""
        return cursor_at(time.time(), self.cursor)


async def answer(
    request: Request, opener: SourceOpener, settings: Settings, *, poll_seconds: float
) -> Response:
    """The reply to a GET: what there is, what comes within the time of a long poll, or events. 400 for a request that
    isn't one of the protocol."""
    try:
        demand = Demand.of(request)
        source, entries = await _open(demand, opener)
    except InvalidInput as error:
        return problem(error.code, error.message, errors=error.errors, status=400)
    if demand.live == "sse":
        return _events(demand, opener, source, entries, settings)
    if demand.live == "long-poll":
        return await _poll(demand, opener, source, entries, poll_seconds)
    return _catch_up(request, demand, source, entries)


def describe_stream(source: DurableSource) -> Response:
    """The reply to a HEAD, once all of the stream is read."""
    headers = {"Cache-Control": "no-store", "Content-Type": source.content_type, **_place(source).headers()}
    headers.pop("Stream-Up-To-Date", None)
    return Response(headers=headers)


async def _open(demand: Demand, opener: SourceOpener) -> tuple[DurableSource, list[Entry]]:
    source = opener.source(0 if demand.offset in (START, NOW) else parse_offset(demand.offset))
    entries = await source.read()
    return source, [] if demand.offset == NOW else entries


def _place(source: DurableSource) -> StreamPlace:
    return StreamPlace(source.next_offset, is_up_to_date=True, is_closed=source.is_closed)


def _catch_up(request: Request, demand: Demand, source: DurableSource, entries: list[Entry]) -> Response:
    headers = _place(source).headers()
    is_kept = source.is_closed and demand.offset != NOW
    headers["Cache-Control"] = _FINISHED if is_kept else "no-store"
    if demand.offset != NOW:
        after = "" if demand.offset == START else demand.offset
        closed = ":c" if source.is_closed else ""
        headers["ETag"] = f'"{after}:{format_offset(source.next_offset)}{closed}"'
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
    return _reply(source, entries, headers)


def _reply(source: DurableSource, entries: list[Entry], headers: dict[str, str]) -> Response:
    # The type is the stream's own, with no charset added to it.
    headers = {"Content-Type": source.content_type, **headers}
    return Response(body_of(source.content_type, entries), headers=headers)


async def _poll(
    demand: Demand, opener: SourceOpener, source: DurableSource, entries: list[Entry], seconds: float
) -> Response:
    until = time.monotonic() + seconds
    async with opener.reading():
        while not entries and not source.is_closed and not source.is_gone:
            if (left := until - time.monotonic()) <= 0:
                break
            await source.wait(left)
            entries = await source.read()
    headers = {**_place(source).headers(), "Stream-Cursor": demand.next_cursor, "Cache-Control": "no-store"}
    if not entries:
        return Response(status_code=204, headers=headers)
    return _reply(source, entries, headers)


def _events(
    demand: Demand, opener: SourceOpener, source: DurableSource, entries: list[Entry], settings: Settings
) -> Response:
    # No charset, and a word for caches, as the protocol has it.
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-store, no-transform"}
    if not is_text(source.content_type):
        headers["Stream-SSE-Data-Encoding"] = "base64"
    leaving = anyio.Event()
    frames = _frames(demand, opener, source, entries, leaving)
    return event_stream(frames, settings, headers=headers, leaving=leaving)


async def _frames(
    demand: Demand, opener: SourceOpener, source: DurableSource, entries: list[Entry], leaving: anyio.Event
) -> AsyncIterator[bytes]:
    until = time.monotonic() + SSE_SECONDS
    leave = asyncio.ensure_future(leaving.wait())
    try:
        async with opener.reading():
            yield frames_of(source.content_type, entries, _place(source), demand.next_cursor)
            while not source.is_closed and not leave.done():
                if (left := until - time.monotonic()) <= 0:
                    return
                await _first_of(asyncio.ensure_future(source.wait(left)), leave)
                entries = await source.read()
                if source.is_gone:
                    return
                if entries or source.is_closed:
                    yield frames_of(source.content_type, entries, _place(source), demand.next_cursor)
    finally:
        leave.cancel()


async def _first_of(waiting: asyncio.Future[None], leave: asyncio.Future[None]) -> None:
    try:
        await asyncio.wait({waiting, leave}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not waiting.done():
            waiting.cancel()
            await asyncio.wait({waiting})
