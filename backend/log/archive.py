"""Finished logs packed into a blob, lossless: every id can still be resumed from, byte for byte."""

import zlib
from collections.abc import Iterable

import orjson

from backend.log.entry import Entry


def pack(entries: Iterable[Entry]) -> bytes:
    """The entries as deflated JSON: `[[seq, type, data], …]`."""
    rows = [[entry.seq, entry.type, entry.data.decode()] for entry in entries]
    return zlib.compress(orjson.dumps(rows))


def unpack(blob: bytes) -> list[Entry]:
    """The entries that `pack` packed."""
    return [Entry(seq, kind, data.encode()) for seq, kind, data in orjson.loads(zlib.decompress(blob))]
