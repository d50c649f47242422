"""Runs that should be executed, and that nobody executes."""

from backend.runs.engine.inline import InlineExecution
from backend.runs.engine.liveness import Presence
from backend.store.runs import Run


class Orphans:
    """Tells them from runs that another process has, or that this one is about to begin."""

    def __init__(self, presence: Presence, execution: InlineExecution) -> None:
        self._presence = presence
        self._execution = execution
        self._missing: set[str] = set()  # our own runs that were not executing at the last look

    def is_one(self, run: Run) -> bool:
        """Whether nobody executes it; asked at every look."""
        if run.process is None:
            return True
        if run.process != self._presence.id:
            return not self._presence.is_alive(run.process)
        # One of our own, which the log being away threw out; or one that is just being started: then it
        # isn't there at the first look, but at the second.
        if self._execution.executes(run.id):
            self._missing.discard(run.id)
            return False
        seen_before = run.id in self._missing
        self._missing ^= {run.id}
        return seen_before

    def is_of_the_dead(self, run: Run) -> bool:
        """Whether its process died: it wasn't stopped, and it isn't this one, without its log."""
        return run.process is not None and run.process != self._presence.id
