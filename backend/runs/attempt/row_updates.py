"""Updates of a run's rows at the end of each section: of its usage, and of its crash count."""

import time
from datetime import UTC, datetime

from backend.runs.attempt.budget import Budgets
from backend.store.runs.owned_runs import Lease, OwnedRunRepository
from backend.store.runs.runs import Run
from backend.tasks import Background
from workflows.messages.transcript import Transcript

_EVERY_SECONDS = 2.0
_MANY = 1000


class RowUpdates:
    """Updates in the background: what was spent so far, and that an attempt came as far as this. If the process dies,
    little is missing; if one fails, the end of the run stores it again."""

    def __init__(self, budgets: Budgets, runs: OwnedRunRepository, background: Background) -> None:
        self._budgets = budgets
        self._runs = runs
        self._background = background
        self._stored_at: dict[str, float] = {}

    def on_section_end(self, run: Run, lease: Lease, transcript: Transcript) -> None:
        """Begins them, and returns at once. What was spent is stored every few seconds, however short the sections;
        that of a run that ends sooner with its end."""
        if self._is_due(run):
            self._background.do(lambda: self._budgets.store(run, lease, transcript), name="row_update")
        if run.crash_count:
            self._background.do(lambda: self._runs.reset_crash_count(lease), name="row_update")

    def _is_due(self, run: Run) -> bool:
        now = time.monotonic()
        age = abs((datetime.now(UTC) - run.created_at).total_seconds())  # the clock may have been set back
        if now - self._stored_at.get(run.id, now - age) < _EVERY_SECONDS:
            return False
        if len(self._stored_at) >= _MANY:
            self._stored_at = {id: at for id, at in self._stored_at.items() if now - at < _EVERY_SECONDS}
        self._stored_at[run.id] = now
        return True
