"""Stopping a run wherever it executes: here, in another process, or nowhere."""

import asyncio
from dataclasses import replace

from backend.runs.engine.inline import InlineExecution
from backend.runs.engine.liveness import Presence
from backend.store.runs import FINISHED, Run, RunRepository
from workflows.errors import Overloaded

_TRIES = 5
_LOOK_SECONDS = 0.05


class Stopping:
    """Runs may change hands while they are being stopped: then they are stopped again."""

    def __init__(self, repository: RunRepository, execution: InlineExecution, presence: Presence) -> None:
        self._repository = repository
        self._execution = execution
        self._presence = presence

    async def stop(self, run: Run) -> None:
        """Returns when the run's last word is stored. Raises Overloaded when that can't be brought about now."""
        for _ in range(_TRIES):
            if run.status in FINISHED:
                return
            if not await self._execution.stop(run.id):
                await self._stop_elsewhere(run)
            run = await self._look(run)
        if run.status not in FINISHED:
            raise Overloaded(
                "The run can't be stopped at this moment: it goes from process to process, or its log can't be "
                "written; try again in a few seconds."
            )

    async def _stop_elsewhere(self, run: Run) -> None:
        process = run.process
        if process is not None and process != self._presence.id and self._presence.is_alive(process):
            await self._repository.update(run.id, stop_requested=True)
            while run.status == "running" and run.process == process and self._presence.is_alive(process):
                await asyncio.sleep(_LOOK_SECONDS)
                run = await self._look(run)
        elif await self._repository.claim(run, self._presence.id):
            self._execution.submit(replace(run, status="running"))
            await self._execution.stop(run.id)

    async def _look(self, run: Run) -> Run:
        """The run as it is now; as it was, if it was deleted meanwhile."""
        await self._execution.settle(run.id)
        return await self._repository.find(run.owner, run.id) or replace(run, status="cancelled")
