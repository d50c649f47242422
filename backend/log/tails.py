"""Tails: the newest entries of a run, kept in memory for readers who keep up."""

from collections import deque
from itertools import takewhile

from backend.log.entry import Entry


def newer(tail: deque[Entry], after: int) -> list[Entry]:
    """The entries after `after`, looked for from the end: who keeps up is given the last few."""
    found = list(takewhile(lambda entry: entry.seq > after, reversed(tail)))
    found.reverse()
    return found
