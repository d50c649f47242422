"""Progress of a run in the store, updated at the end of each section."""

from backend.runs.attempt.budget import Budgets
from backend.store.owned_runs import Lease, OwnedRunRepository
from backend.store.runs import Run
from backend.tasks import Background
from workflows.messages.transcript import Transcript


class ProgressStore:
    """Writer of progress: spending and the reset of the crash count, stored in the background. If the process
    dies, little is missing; if it fails, the end of the run stores it again."""

    def __init__(self, budgets: Budgets, runs: OwnedRunRepository, background: Background) -> None:
        self._budgets = budgets
        self._runs = runs
        self._background = background

    def store(self, run: Run, lease: Lease, transcript: Transcript) -> None:
        """Starts storing, and returns at once."""
        self._background.do(lambda: self._budgets.store(run, transcript), name="progress")
        if run.crash_count:
            self._background.do(lambda: self._runs.reset_crash_count(lease), name="progress")
