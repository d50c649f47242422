"""What a log holds. The log knows nothing of what its entries mean."""

from typing import NamedTuple


class Entry(NamedTuple):
    """`seq` increases strictly within a run; `data` is one message, as JSON on one line, UTF-8.

    A tuple, because a late reader is given ten thousand of them.
    """

    seq: int
    type: str
    data: bytes


class StaleWriter(Exception):
    """The run was taken over: what this writer has to say no longer counts."""


class LogUnavailable(Exception):
    """The log can't be written now."""
