"""States of a run and the transitions between them: the table that the store's UPDATE statements are made from."""

from dataclasses import dataclass
from typing import Literal, get_args

Status = Literal["running", "waiting", "completed", "failed", "cancelled"]
Event = Literal["take_over", "resume", "answer", "ask", "release", "complete", "fail", "cancel"]

FINISHED: frozenset[Status] = frozenset({"completed", "failed", "cancelled"})
"""States in which nothing more is written, unless the run is resumed."""
OCCUPYING: frozenset[Status] = frozenset({"running", "waiting", "completed"})
"""States in which a run holds its place in a series."""


@dataclass(frozen=True, slots=True)
class Move:
    """An allowed transition: from any of `sources` to `target`."""

    sources: frozenset[Status]
    target: Status


MOVES: dict[Event, Move] = {
    # These make a process the one that executes the run.
    # A run that nobody executes, or whose process doesn't answer. A waiting one is taken to be cancelled.
    "take_over": Move(frozenset({"running", "waiting"}), "running"),
    "resume": Move(frozenset({"failed", "cancelled"}), "running"),
    "answer": Move(frozenset({"waiting"}), "running"),
    # These are made by the process that executes it, and only while it does.
    "ask": Move(frozenset({"running"}), "waiting"),
    # The process stops, and leaves the run to the next one.
    "release": Move(frozenset({"running"}), "running"),
    "complete": Move(frozenset({"running"}), "completed"),
    "fail": Move(frozenset({"running"}), "failed"),
    "cancel": Move(frozenset({"running"}), "cancelled"),
}

INITIAL: Status = "running"
"""The state of a run when it is stored."""
WAITING: Status = MOVES["ask"].target
"""The state of a run that a person has to answer before it goes on."""
COMPLETED: Status = MOVES["complete"].target
"""The state of a run that has its whole text."""
FAILED: Status = MOVES["fail"].target
"""The state of a run that an error ended."""
CANCELLED: Status = MOVES["cancel"].target
"""The state of a run that somebody stopped."""
RESUMABLE: frozenset[Status] = MOVES["resume"].sources
"""States of a run that broke off, and can be resumed."""
EXECUTING: frozenset[Status] = MOVES["release"].sources
"""States in which a process executes the run, or should."""
CACHEABLE: frozenset[Status] = frozenset({COMPLETED})
"""States in which a run has a whole text, which other runs may be given."""
UNFINISHED: frozenset[Status] = frozenset(get_args(Status)) - FINISHED
"""States in which more will be written, and spent."""
