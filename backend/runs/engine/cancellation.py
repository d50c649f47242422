"""Cancellation of a run wherever it executes: here, in another process, or nowhere."""

import asyncio
from typing import Protocol

import structlog

from backend.runs.engine.liveness import Liveness
from backend.store.runs.runs import Run, RunRepository
from backend.store.schema.transitions import EXECUTING
from workflows.errors import Overloaded

log = structlog.get_logger()

_TRIES = 5
_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS, _LONGEST_PATIENCE = 0.6, 2.4
"""How long another process has to stop a run: a cancel takes effect within a second. One that is frozen, or that hangs,
is shut out of the run instead. The next owner has twice as long: it may be one that cancels the run too."""


class LocalEngine(Protocol):
    """The engine of this process."""

    async def submit(self, run_id: str) -> None:
        """Starts the execution of a run assigned to this process."""

    async def stop_here(self, run_id: str) -> bool:
        """Cancels a run of this process and waits until its row is stored. False: it isn't here."""


class RunCanceller:
    """Canceller of runs, which retries when a run is taken over by another process meanwhile."""

    def __init__(self, repository: RunRepository, liveness: Liveness, engine: LocalEngine) -> None:
        self._repository = repository
        self._liveness = liveness
        self._engine = engine

    async def cancel(self, run: Run) -> Run | None:
        """The run when its last message is stored; None if it was deleted meanwhile. Raises Overloaded when that isn't
        possible now."""
        found: Run | None = run
        for nth in range(_TRIES):
            if found is None or found.is_finished:
                return found
            if not await self._engine.stop_here(run.id):
                await self._cancel_elsewhere(found, min(_LONGEST_PATIENCE, _PATIENCE_SECONDS * 2**nth))
            found = await self._repository.get(run.id)
        if found is not None and not found.is_finished:
            raise Overloaded(
                "The run can't be stopped at this moment: it goes from process to process, or its log can't be "
                "written; try again in a few seconds."
            )
        return found

    async def _cancel_elsewhere(self, run: Run, patience: float) -> None:
        process = run.process
        if process is not None and process != self._liveness.id and await self._liveness.is_alive(process):
            await self._repository.request_stop(run.id, process)
            if await self._gave_up(run, process, patience):
                return
            log.warning("owner_does_not_answer", run_id=run.id, process=process)
        # Its log gets a new writer, who ends it: whoever wrote it before is refused from now on.
        if await self._repository.take_over(run, self._liveness.id, stop=True):
            await self._engine.submit(run.id)
            await self._engine.stop_here(run.id)

    async def _gave_up(self, run: Run, process: str, patience: float) -> bool:
        """Whether that process has stopped the run, or died, within so many seconds."""
        deadline = asyncio.get_running_loop().time() + patience
        found: Run | None = run
        while found is not None and found.status in EXECUTING and found.process == process:
            if not await self._liveness.is_alive(process):
                break
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
            found = await self._repository.get(run.id)
        return True
