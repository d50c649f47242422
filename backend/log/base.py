"""Port of run logs. Each implementation passes `tests/contract/test_log.py`."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from backend.log.entry import Entry


class LogOpening(Protocol):
    """Beginning of a new run's log: its first writer, and the `entries` that it begins with."""

    @property
    def epoch(self) -> int:
        """The writer's epoch, 1."""

    @property
    def entries(self) -> Sequence[Entry]:
        """At least one."""

    def store(self, connection: Connection) -> None:
        """Stores it, after the run and in the same transaction."""

    def publish(self) -> None:
        """Makes it known to readers in this process, when that is committed."""


class RunLog(Protocol):
    """The append-only logs of all runs, with one writer per run and any number of readers.

    A writer is known by its epoch. An entry's `seq` increases strictly within a run; numbers may be left out.
    """

    async def take_over(self, run_id: str) -> int:
        """Makes the caller the run's one writer; returns its epoch. Older writers are refused from now on, and
        whatever they appended before can be read. Raises StaleWriter if the run was deleted."""

    def opening(self, run_id: str, entries: Sequence[Entry]) -> LogOpening:
        """The log of a run that is about to be stored, with the caller as its writer."""

    async def append(self, run_id: str, epoch: int, entries: Sequence[Entry]) -> None:
        """Returns when the entries are durable and readers have been woken. All of them are written, or none.

        Raises StaleWriter if the run was taken over or deleted, DuplicateSeq for a number that was used, and the
        storage's own error if it can't write. A caller that is cancelled meanwhile may find them written.
        """

    async def read(self, run_id: str, after: int = 0, limit: int = 1000) -> list[Entry]:
        """At most `limit` entries with a seq greater than `after`, in order. Empty: there are none (yet)."""

    async def last(self, run_id: str, at_least: int = 0) -> Entry | None:
        """The newest entry, never older than seq `at_least`, which the caller has seen."""

    async def wait(self, run_id: str, after: int, seconds: float) -> None:
        """Returns when there may be something after `after`, at the latest after `seconds`."""

    def is_live(self, run_id: str) -> bool:
        """Whether `wait` is woken by every append to this run; otherwise readers must poll."""

    def let_go(self, run_id: str) -> None:
        """Ends the caller's writing: frees the resources kept for readers, and wakes them."""

    async def pack(self, run_id: str) -> None:
        """Compresses the log of a finished run; readers notice nothing. That of any other run is left as it is."""

    async def close(self) -> None:
        """Waits for pending appends."""
