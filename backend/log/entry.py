"""Log entries, and the errors of writing them. The log knows nothing of what its entries mean."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One message of a run: `seq` increases strictly within the run; `data` is JSON on one line, UTF-8.

    A tuple, because a late reader is given ten thousand of them.
    """

    seq: int
    type: str
    data: bytes


class StaleWriter(Exception):
    """A write by somebody who is no longer the run's writer: the run was taken over, or deleted."""


class DuplicateSeq(Exception):
    """An entry has a number that another one of its run has: nothing of what was to be appended is written."""


class LogUnavailable(Exception):
    """A log that can't be written now."""
