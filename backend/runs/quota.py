"""How many runs of a format an owner may have written in a month."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.store.runs import RunRepository
from workflows.errors import QuotaExceeded


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used of a month, in UTC. `quota` is None where there is no limit."""

    used: int
    quota: int | None
    resets_at: datetime


class Quota:
    """Counts what is in the table of runs, so that nothing has to be kept in step with it.

    A run counts when it is under way or complete, and when it was cancelled with text written. One that failed
    doesn't, nor one that was answered from an earlier run.
    """

    def __init__(
        self,
        repository: RunRepository,
        limits: Mapping[str, int | None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._repository = repository
        self._limits = limits
        self._now = now
        self._lock = asyncio.Lock()

    async def usage(self, owner: str, format: str) -> Usage:
        """This month, so far."""
        start, end = _month(self._now())
        used = await self._repository.count_used(owner, format, start)
        return Usage(used, self._limits.get(format), end)

    @asynccontextmanager
    async def seat(self, owner: str, format: str) -> AsyncIterator[None]:
        """Holds the place for a run that is about to be stored: two that come at once can't both take the last.

        Raises QuotaExceeded.
        """
        if self._limits.get(format) is None:
            yield
            return
        async with self._lock:
            usage = await self.usage(owner, format)
            if usage.quota is not None and usage.used >= usage.quota:
                wait = usage.resets_at - self._now()
                raise QuotaExceeded(
                    f"{usage.used} of {usage.quota} runs of {format} are used this month; the next month begins "
                    f"on {usage.resets_at:%Y-%m-%d}, in UTC.",
                    retry_after=max(1, round(wait.total_seconds())),
                )
            yield


def _month(now: datetime) -> tuple[datetime, datetime]:
    """Its first moment, and the next month's."""
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, (start + timedelta(days=32)).replace(day=1)
