"""What a log holds. The log knows nothing of what its entries mean."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """`seq` increases strictly within a run; `data` is one message, as JSON on one line, UTF-8."""

    seq: int
    type: str
    data: bytes


class StaleWriter(Exception):
    """The run was taken over: what this writer has to say no longer counts."""


class LogUnavailable(Exception):
    """The log can't be written now."""
