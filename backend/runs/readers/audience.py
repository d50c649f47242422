"""Audience of runs: whether a run has readers, for runs that end without any.

Readers may be connected to another process than the one that executes the run. So each process that has readers of such
a run says so in the store again and again (a read mark), and the executing process looks whether it was said since. The
marks are a counter, and the time between them is taken by the watcher's own clock, whatever the wall clock does.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from backend.store.runs.runs import Run
from backend.tasks import logged

MARK_SECONDS = 1.0


class ReadMarks(Protocol):
    """Store of read marks, by which all processes know that runs are being read."""

    async def mark_read(self, run_ids: Sequence[str]) -> None:
        """Marks these runs as being read."""

    async def read_marks(self, run_ids: Sequence[str]) -> dict[str, int]:
        """The number of read marks of each run."""


@dataclass(slots=True)
class _Watched:
    marks: int | None
    read_at: float


class Audience:
    """Readers of this process by run, and the runs whose audience is watched here."""

    def __init__(self, marks: ReadMarks, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        """A run is abandoned when nobody has read it for `grace` seconds, in which an `EventSource` may reconnect,
        and the first reader may arrive."""
        self._marks = marks
        self._grace = grace
        self._clock = clock
        self._readers: Counter[str] = Counter()
        self._of_others: set[str] = set()  # runs that are read here, and whose audience matters elsewhere
        self._watched: dict[str, _Watched] = {}
        self.every_seconds = min(MARK_SECONDS, max(grace / 3, 0.01))
        """How often `publish` and `abandoned` are to be called."""

    @property
    def count(self) -> int:
        """Number of readers connected to this process now."""
        return self._readers.total()

    @contextmanager
    def watching(self, run: Run) -> Iterator[None]:
        """Watches the run's audience while the block is open."""
        if run.options.on_disconnect != "cancel":
            yield
            return
        self._watched[run.id] = watched = _Watched(None, self._clock())
        try:
            yield
        finally:
            if self._watched.get(run.id) is watched:
                del self._watched[run.id]

    @asynccontextmanager
    async def reading(self, run: Run) -> AsyncIterator[None]:
        """Counts a reader of the run while the block is open."""
        self._readers[run.id] += 1
        try:
            if run.options.on_disconnect == "cancel" and not run.is_finished:
                self._of_others.add(run.id)
                await logged(lambda: self._publish([run.id]), "audience")
            yield
        finally:
            self._readers[run.id] -= 1
            if not self._readers[run.id]:
                del self._readers[run.id]
                self._of_others.discard(run.id)
                if (watched := self._watched.get(run.id)) is not None:
                    watched.read_at = self._clock()

    async def publish(self) -> None:
        """Marks the runs read here, for the processes that execute them."""
        await self._publish(list(self._of_others))

    async def abandoned(self) -> list[str]:
        """The runs executed by this process that nobody has read for the grace time."""
        if not self._watched:
            return []
        marks = await self._marks.read_marks(list(self._watched))
        now, found = self._clock(), []
        for run_id, watched in self._watched.items():
            if run_id in self._readers or marks.get(run_id, 0) != watched.marks:
                if watched.marks is not None or run_id in self._readers:
                    watched.read_at = now
                watched.marks = marks.get(run_id, 0)
            if now - watched.read_at > self._grace:
                found.append(run_id)
        return found

    async def _publish(self, run_ids: list[str]) -> None:
        if elsewhere := [run_id for run_id in run_ids if run_id not in self._watched]:
            await self._marks.mark_read(elsewhere)
