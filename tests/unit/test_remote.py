"""Reading from a service that breaks off, is away for a while, and speaks a later version."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from backend.cli.runs.remote import follow_remote
from backend.cli.service_client import RemoteError, Service
from workflows.messages.messages import Message

BODY = {"format": "story", "input": {}, "options": {}}
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nretry: 10\n"
STARTED = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    b'{"run_id":"r","status":"running","stream_url":"/api/v1/runs/r/stream"}'
)
AWAY = (
    b'HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n{"detail":"No room."}'
)
GONE = b'HTTP/1.1 404 Gone\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n{"detail":"No such run."}'
ERROR = (
    b'{"type":"error","data":{"code":"CANCELLED","message":"Stopped.","retryable":false,"resumable":true,'
    b'"partial":{"sections_completed":0,"words":1}}}'
)


def event(number: int, data: bytes) -> bytes:
    return b"id: r:%d\nevent: story_chunk\ndata: %s\n\n" % (number, data)


def content(text: str) -> bytes:
    return b'{"type":"content","data":{"section":0,"chunk":"%s","is_complete":false,"new":1}}' % text.encode()


@asynccontextmanager
async def service(replies: Sequence[bytes]) -> AsyncIterator[tuple[str, list[str]]]:
    """A service that gives these replies, a connection each, the last one for ever; and what it was asked."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.write(replies[min(len(asked), len(replies) - 1)])
        asked.append(head)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def _follow(url: str, patience: float = 60) -> list[Message]:
    return [message async for message in follow_remote(Service(url), BODY, patience=patience)]


async def test_break_a_restart_and_a_full_house_are_waited_for_and_nothing_is_told_twice() -> None:
    replies = [
        STARTED,
        STREAM + event(1, content("Once")) + event(2, b'{"type":"applause","data":{}}'),
        AWAY,
        b"",  # the connection is closed without a reply, as by a service that is just stopping
        STREAM + event(3, ERROR),
    ]
    async with service(replies) as (url, asked):
        told = await _follow(url)

    assert [message.type for message in told] == ["content", "error"]
    assert ["last-event-id: r:2" in head.lower() for head in asked[2:]] == [True, True, True]


@pytest.mark.parametrize(
    ("reply", "cause"), [(AWAY, "No room"), (b"", "RemoteProtocolError"), (STREAM, "closes")]
)
async def test_service_that_stays_away_is_given_up_after_a_while(reply: bytes, cause: str) -> None:
    async with service([STARTED, STREAM + event(1, content("Once")), reply]) as (url, asked):
        with pytest.raises(RemoteError, match=f"is gone .*{cause}"):
            await _follow(url, patience=0.6)

    assert 3 < len(asked) < 90  # it was asked again, at the pace that the service had named


@pytest.mark.parametrize(
    ("reply", "sentence"), [(GONE, "No such run"), (STREAM + event(1, b"[]"), "not understood here")]
)
async def test_refusal_and_nonsense_end_it_at_once(reply: bytes, sentence: str) -> None:
    async with service([STARTED, reply]) as (url, asked):
        with pytest.raises(RemoteError, match=sentence):
            await _follow(url)

    assert len(asked) == 2
