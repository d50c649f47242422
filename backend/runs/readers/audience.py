"""Audience of runs: whether anybody reads a run that is to end when nobody does.

Readers may be connected to another process than the one that executes the run. So each process that has readers
of such a run says so in the store again and again (a beat), and the executing process looks whether it was said since.
The beats are a counter, and the time between them is taken by the watcher's own clock, whatever the wall clock does.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from backend.store.runs import Run
from backend.tasks import logged

BEAT_SECONDS = 1.0


class Beats(Protocol):
    """Where it is kept, for all processes, that runs are being read."""

    async def beat(self, run_ids: Sequence[str]) -> None:
        """Says that these runs are being read."""

    async def beats(self, run_ids: Sequence[str]) -> dict[str, int]:
        """How often it was said of each that it is being read."""


@dataclass(slots=True)
class _Watched:
    beats: int | None
    read_at: float


class Audience:
    """Readers of this process by run, and the runs whose audience matters here."""

    def __init__(self, beats: Beats, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        """A run is abandoned when nobody has read it for `grace` seconds: that tells a reader who left from an
        `EventSource` that reconnects. The first reader has as long to come."""
        self._beats = beats
        self._grace = grace
        self._clock = clock
        self._readers: Counter[str] = Counter()
        self._of_others: set[str] = set()  # runs that are read here, and whose audience matters elsewhere
        self._watched: dict[str, _Watched] = {}
        self.every_seconds = min(BEAT_SECONDS, max(grace / 3, 0.01))
        """How often `tell` and `abandoned` are to be called."""

    @property
    def count(self) -> int:
        """Readers connected to this process now."""
        return self._readers.total()

    @contextmanager
    def watching(self, run: Run) -> Iterator[None]:
        """While this process executes the run."""
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
        """While somebody reads the run here."""
        self._readers[run.id] += 1
        try:
            if run.options.on_disconnect == "cancel" and not run.is_finished:
                self._of_others.add(run.id)
                await logged(lambda: self._tell([run.id]), "audience")
            yield
        finally:
            self._readers[run.id] -= 1
            if not self._readers[run.id]:
                del self._readers[run.id]
                self._of_others.discard(run.id)
                if (watched := self._watched.get(run.id)) is not None:
                    watched.read_at = self._clock()

    async def tell(self) -> None:
        """Says for the processes that execute them which runs are read here."""
        await self._tell(list(self._of_others))

    async def abandoned(self) -> list[str]:
        """The runs that this process executes and that nobody has read for the grace time."""
        if not self._watched:
            return []
        beats = await self._beats.beats(list(self._watched))
        now, found = self._clock(), []
        for run_id, watched in self._watched.items():
            if run_id in self._readers or beats.get(run_id, 0) != watched.beats:
                if watched.beats is not None or run_id in self._readers:
                    watched.read_at = now
                watched.beats = beats.get(run_id, 0)
            if now - watched.read_at > self._grace:
                found.append(run_id)
        return found

    async def _tell(self, run_ids: list[str]) -> None:
        if elsewhere := [run_id for run_id in run_ids if run_id not in self._watched]:
            await self._beats.beat(elsewhere)
