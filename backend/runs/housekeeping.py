"""Housekeeping of old finished runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from langgraph.checkpoint.base import BaseCheckpointSaver

from backend.log.base import RunLog
from backend.runs.results.cache import ResultCache
from backend.store.runs.runs import RunRepository, RunSummary
from backend.store.runs.shares import ShareRepository
from backend.store.schema.transitions import COMPLETED

log = structlog.get_logger()

EVERY_SECONDS = 60.0
"""Between two rounds."""


class Housekeeping:
    """Background job that packs the logs of runs that ended a while ago, deletes checkpoints that are no longer
    needed, and drops expired cache entries and share links."""

    def __init__(
        self,
        repository: RunRepository,
        run_log: RunLog,
        checkpoints: BaseCheckpointSaver[Any],
        cache: ResultCache,
        shares: ShareRepository,
        pack_after: float,
        at_once: int = 100,
    ) -> None:
        """A log is packed `pack_after` seconds after its run's end, `at_once` of them per round."""
        self._repository = repository
        self._log = run_log
        self._checkpoints = checkpoints
        self._cache = cache
        self._shares = shares
        self._pack_after = timedelta(seconds=pack_after)
        self._at_once = at_once
        self._looked_at: RunSummary | None = None

    async def tidy(self) -> int:
        """Does one round; returns the number of runs packed."""
        await self._cache.drop_expired()
        await self._shares.drop_expired()
        before = datetime.now(UTC) - self._pack_after
        runs = await self._repository.unpacked(before, self._looked_at, self._at_once)
        # The next round looks behind these: what can't be packed holds up nothing else, and is tried again.
        self._looked_at = runs[-1] if len(runs) == self._at_once else None
        packed = 0
        for run in runs:
            try:
                if run.status == COMPLETED:  # a failed or cancelled run may still be resumed
                    await self._checkpoints.adelete_thread(run.id)
                await self._log.pack(run.id)  # last: a run that is packed isn't looked at again
                packed += 1
            except Exception:
                log.exception("run_not_packed", run_id=run.id)
        return packed
