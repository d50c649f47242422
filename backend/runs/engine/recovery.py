"""Recovery of orphaned runs."""

from collections.abc import AsyncIterator, Container
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import structlog

from backend.runs.engine.base import Engine
from backend.runs.engine.orphans import OrphanDetector
from backend.store.runs.runs import RunRepository
from backend.tasks import every
from backend.telemetry.metrics import Metrics

log = structlog.get_logger()

_EVERY_SECONDS = 5.0


class RunRecovery(Protocol):
    """Recovery of runs that nobody executes."""

    async def recover(self) -> int:
        """Resumes such runs, as far as there is room; returns how many."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Recovers at the start, and again and again while this is open."""


class NoRecovery:
    """Recovery in a process that executes nothing: workers do it (`Worker`)."""

    async def recover(self) -> int:
        """Nothing."""
        return 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Nothing."""
        yield


class Recovery:
    """Recovery of orphans. An attempt that crashed counts, whichever process made it; one left by a process that
    stopped in good order doesn't. The attempt itself fails a run that crashed too often."""

    def __init__(
        self,
        repository: RunRepository,
        orphans: OrphanDetector,
        engine: Engine,
        *,
        formats: Container[str],
        max_crashes: int,
        metrics: Metrics,
    ) -> None:
        """Runs of `formats` are recovered; those of a missing package stay as they are."""
        self._repository = repository
        self._orphans = orphans
        self._engine = engine
        self._formats = formats
        self._max_crashes = max_crashes
        self._metrics = metrics

    async def recover(self) -> int:
        """Resumes all orphans for which there is room. Returns the number of resumed runs, without those ended."""
        found = []
        for run in await self._orphans.observe(await self._repository.unfinished()):
            if not self._engine.accepts:
                break  # the others at the next look
            crashes = run.crash_count + (run.process is not None)
            if run.format not in self._formats or not await self._repository.take_over(
                run, self._engine.process, crash_count=crashes
            ):
                continue
            await self._engine.submit(run.id)
            if crashes <= self._max_crashes:
                self._metrics.on_recovery("stop" if run.process is None else "crash")
                found.append(run.id)
        for run_id in found:
            await self._engine.begun(run_id)
        return len(found)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Recovers at the start, before any request, and again every few seconds: another process on the same data
        may have died, or the log may have been unavailable."""

        async def look() -> None:
            if count := await self.recover():
                log.info("runs_resumed", count=count)

        await look()
        async with every(_EVERY_SECONDS, look, name="recovery"):
            yield
