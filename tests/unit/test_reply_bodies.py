"""Bodies of replies: bounded however they are packed, and cut where they are long."""

import gzip
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from workflows.models.wire.bodies.unpacking import read_body, read_pieces
from workflows.models.wire.bounds import MOST_EVENT, UnendingReply
from workflows.models.wire.chat_events import ChatEvents, RawEvent
from workflows.models.wire.frames import EventReader
from workflows.models.wire.traits import ServerTraits

TEXT = b"Once upon a time. " * 9000
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
WITHOUT_HEAD = RAW.compress(TEXT) + RAW.flush()


class Body(httpx2.AsyncByteStream):
    """A body in pieces of 1,000 bytes, as often as it is said; how many were read."""

    def __init__(self, piece: bytes, times: int = 1) -> None:
        self._piece, self._times, self.read = piece, times, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._times):
            for start in range(0, len(self._piece), 1000):
                self.read += 1
                yield self._piece[start : start + 1000]


def reply(body: Body, encoding: str | None = None, status: int = 200) -> httpx2.Response:
    headers = {} if encoding is None else {"content-encoding": encoding}
    return httpx2.Response(status, headers=headers, stream=body)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        (None, TEXT),
        ("identity", TEXT),
        ("GZIP", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", WITHOUT_HEAD),
    ],
)
async def test_body_is_the_same_however_it_was_packed(encoding: str | None, packed: bytes) -> None:
    assert await read_body(reply(Body(packed), encoding)) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, gzip"])
async def test_body_that_cannot_be_unpacked_is_an_error_of_the_connection(encoding: str) -> None:
    with pytest.raises(httpx2.DecodingError):
        await read_body(reply(Body(b"no such thing"), encoding))


async def test_few_bytes_that_unpack_to_very_many_are_left_in_pieces() -> None:
    bomb = gzip.compress(bytes(20 * MOST_EVENT))
    body = Body(bomb)
    sizes = [len(piece) async for piece in read_pieces(reply(body, "gzip"))]
    assert sum(sizes) == 20 * MOST_EVENT and max(sizes) <= 2**16
    body = Body(bomb)
    with pytest.raises(UnendingReply, match="more than 2,097,152 bytes"):
        await read_body(reply(body, "gzip"))
    assert body.read <= len(bomb) // 1000 // 10


async def test_error_is_read_no_further_than_its_words_go() -> None:
    body = Body(b"x" * 1000, times=10_000)
    assert await read_body(reply(body, status=500)) == b"x" * 2**16
    assert body.read < 100


def test_event_without_an_end_is_left() -> None:
    for piece in (b"a" * 2**14, b"data: a\n" * 2**11):
        events, fed = EventReader(), 0
        with pytest.raises(UnendingReply, match="an event of more than"):
            while fed < 2 * MOST_EVENT:
                assert not list(events.feed(piece))
                fed += len(piece)
        assert fed <= MOST_EVENT + 2**14


def test_events_of_all_together_more_bytes_than_one_may_have_are_read() -> None:
    events = EventReader()
    assert sum(len(list(events.feed(b"data: a\n\n" * 10_000))) for _ in range(40)) == 400_000


def test_very_long_text_comes_in_several_chunks_with_its_end_in_the_last() -> None:
    text = "".join(f"Maya saw boat {number}. " for number in range(3000))
    choice: dict[str, Any] = {
        "index": 0,
        "delta": {"content": text, "reasoning": "T"},
        "finish_reason": "stop",
    }
    piece = f"data: {json.dumps({'choices': [choice]})}\n\n".encode()
    chunks = [event for event in ChatEvents(ServerTraits()).read(piece) if not isinstance(event, RawEvent)]
    choices = [chunk["choices"][0] for chunk in chunks]
    assert "".join(choice["delta"]["content"] for choice in choices) == text
    assert max(len(choice["delta"]["content"]) for choice in choices) <= 4000
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert [choice["delta"].get("hidden") for choice in choices] == [None] * (len(choices) - 1) + ["T"]
