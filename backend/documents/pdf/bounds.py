"""Limits on the unpacked size of a PDF, checked before PDFium unpacks it."""

import re
import zlib

from backend.documents.reading import Unreadable

_STREAM = re.compile(rb"\bstream\r?\n")
_BEFORE = 400
"""Bytes in front of a stream, which hold the most of what is said of it."""
_MOST_OF_ONE = 30_000_000
_MOST = 200_000_000
_PIECE = 1_000_000
TOO_LARGE = "the PDF is broken, or too large when unpacked"


def check_unpacked(data: bytes) -> None:
    """Raises Unreadable when pages, fonts or tables of the file unpack to more than any document needs.

    Pictures are let be: they aren't unpacked to read the text.
    """
    total = place = 0
    while found := _STREAM.search(data, place):
        about = data[max(0, found.start() - _BEFORE) : found.start()].rpartition(b" obj")[2]
        end = data.find(b"endstream", found.end())
        place = len(data) if end < 0 else end
        if b"/Image" in about or (b"Flate" not in about and b"/Fl" not in about):
            continue
        total += _unpacked(memoryview(data)[found.end() : place])
        if total > _MOST:
            raise Unreadable(TOO_LARGE)


def _unpacked(packed: memoryview) -> int:
    """The unpacked size in bytes. Raises Unreadable when it is too large."""
    unpacker, size = zlib.decompressobj(), 0
    try:
        piece = unpacker.decompress(packed, _PIECE)
        while piece:
            size += len(piece)
            if size > _MOST_OF_ONE:
                raise Unreadable(TOO_LARGE)
            piece = unpacker.decompress(unpacker.unconsumed_tail, _PIECE)
    except zlib.error:  # of another kind, encrypted, or broken
        return size
    return size
