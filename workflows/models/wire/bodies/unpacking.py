"""Bodies of replies as bytes, unpacked piece by piece: a few kilobytes may unpack to gigabytes."""

import zlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress

import httpx2

from workflows.models.wire.bounds import MOST_EVENT, UnendingReply

ACCEPTED = "gzip, deflate"
"""Encodings that are asked for: those that can be unpacked piece by piece."""
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_PIECE = 2**16
_EITHER = 32 + zlib.MAX_WBITS
_LONGEST_ERROR = 2**16


async def read_pieces(reply: httpx2.Response) -> AsyncGenerator[bytes]:
    """The body, unpacked, in pieces of 64 kB at most where it was packed."""
    with suppress(httpx2.ResponseNotRead):
        yield reply.content
        return
    encoding = reply.headers.get("content-encoding", "identity").strip().lower()
    unpack = _Unpacker() if encoding in _PACKED else None
    if unpack is None and encoding not in ("", "identity"):
        raise httpx2.DecodingError(f"a reply in an encoding that wasn't asked for ({encoding[:40]})")
    async with aclosing(reply.aiter_raw()) as pieces:
        async for piece in pieces:
            for part in (piece,) if unpack is None else unpack.feed(piece):
                yield part


async def read_body(reply: httpx2.Response) -> bytes:
    """The body of a reply in one piece. Raises UnendingReply; of an error's, only the beginning is read."""
    parts, size = [], 0
    async with aclosing(read_pieces(reply)) as pieces:
        async for piece in pieces:
            parts.append(piece)
            size += len(piece)
            if not reply.is_success and size >= _LONGEST_ERROR:
                break
            if size > MOST_EVENT:
                raise UnendingReply(f"sent a reply of more than {MOST_EVENT:,} bytes and was stopped.")
    return b"".join(parts) if reply.is_success else b"".join(parts)[:_LONGEST_ERROR]


class _Unpacker:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_EITHER)
        self._has_begun = False

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """What `packed` unpacks to. Raises DecodingError."""
        while packed:
            try:
                yield self._unpack(packed)
            except zlib.error as error:
                raise httpx2.DecodingError(str(error)) from error
            packed = self._stream.unconsumed_tail
            if self._stream.eof:
                packed, self._stream = self._stream.unused_data, zlib.decompressobj(_EITHER)

    def _unpack(self, packed: bytes) -> bytes:
        try:
            part = self._stream.decompress(packed, _PIECE)
        except zlib.error:
            if self._has_begun:
                raise
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)  # some servers leave out its head
            part = self._stream.decompress(packed, _PIECE)
        self._has_begun = True
        return part
