"""Orphans: runs stored as running that no process executes."""

from collections.abc import Callable, Sequence

from backend.runs.engine.liveness import Liveness
from backend.store.runs.runs import RunAssignment


class OrphanDetector:
    """Detector of orphans, as opposed to runs that another process executes or that are about to start here."""

    def __init__(self, liveness: Liveness, executes: Callable[[str], bool]) -> None:
        """`executes`: whether this process executes a run."""
        self._liveness = liveness
        self._executes = executes
        self._missing: set[str] = set()  # our own runs that were not executing at the last look

    async def observe(self, runs: Sequence[RunAssignment]) -> list[RunAssignment]:
        """The orphans among the runs that are stored as running."""
        own = self._liveness.id
        missing = {run.id for run in runs if run.process == own and not self._executes(run.id)}
        # One of our own that isn't executed may just be being started: then it isn't here now, but at the next look.
        lost, self._missing = missing & self._missing, missing - self._missing
        alive = {process: await self._liveness.is_alive(process) for process in _others(runs, own)}
        return [
            run
            for run in runs
            if (run.id in lost if run.process == own else run.process is None or not alive[run.process])
        ]


def _others(runs: Sequence[RunAssignment], own: str) -> set[str]:
    return {run.process for run in runs if run.process is not None and run.process != own}
