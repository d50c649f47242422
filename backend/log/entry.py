"""Log entries, and errors of writing them. The log doesn't interpret its entries."""

from typing import NamedTuple


class Entry(NamedTuple):
    """A message of a run: `seq` increases strictly within the run; `data` is JSON on one line, UTF-8.

    A tuple, because a late reader is given ten thousand of them.
    """

    seq: int
    type: str
    data: bytes


class StaleWriter(Exception):
    """Error of a write by a former writer: the run was taken over, or deleted."""


class DuplicateSeq(Exception):
    """Error of an append with a `seq` that the run has already: none of its entries is written."""


class LogUnavailable(Exception):
    """Error of a log that can't be written now."""
