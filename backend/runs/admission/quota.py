"""How many runs of a format an owner may have written in a month."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.store.runs import FINISHED, Limit, LimitReached, Run, RunRepository, is_paid_for
from workflows.errors import Conflict, QuotaExceeded


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used of a month, in UTC. `quota` is None where there is no limit."""

    used: int
    quota: int | None
    resets_at: datetime


class Quota:
    """Counts what is in the table of runs, so that nothing has to be kept in step with it.

    A run counts when it is under way or complete, and when it was cancelled with text written. One that failed
    doesn't, nor one that was answered from an earlier run. It counts in the month in which it began.

    A run that another's result is likely to answer is spared: it takes no seat, unless it has to be written
    after all. That is known in this process only: to others it is a run under way.
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
        self._spared: set[str] = set()

    async def usage(self, owner: str, format: str) -> Usage:
        """This month, so far."""
        month = self._limit(format, self._now())
        return Usage(await self._repository.count_used(owner, format, month), month.most, month.end)

    def limits(self, format: str) -> bool:
        """Whether there is a limit for this format at all."""
        return self._limits.get(format) is not None

    @contextmanager
    def seat(self, run: Run, *, answered: bool = False) -> Iterator[Limit | None]:
        """The limit under which a new run is to be stored, or one that goes on; None if it takes no seat: it has
        one already, or is likely to be `answered` by another's result.

        Raises QuotaExceeded where the repository says that the limit is reached; Conflict if it is that of a month
        that is over, so that waiting wouldn't help.
        """
        has_one = run.status in FINISHED and is_paid_for(run)
        if answered:
            self._spared.add(run.id)
        try:
            yield None if answered or has_one else self._limit(run.format, run.created_at)
        except LimitReached:
            raise self._exceeded(run) from None
        except BaseException:
            self.forget(run.id)
            raise

    async def charge(self, run: Run) -> None:
        """The run is about to be written. If it was spared, it takes its seat now. Raises as `seat` does."""
        if run.id not in self._spared:
            return
        self._spared.discard(run.id)
        month = self._limit(run.format, run.created_at)
        used = await self._repository.count_used(run.owner, run.format, month)
        if month.most is not None and used > month.most:  # it counts itself
            raise self._exceeded(run)

    def forget(self, run_id: str) -> None:
        """The run isn't executed here any more: from now on its row says whether it counts."""
        self._spared.discard(run_id)

    def _limit(self, format: str, at: datetime) -> Limit:
        return Limit(self._limits.get(format), *_month(at), frozenset(self._spared))

    def _exceeded(self, run: Run) -> QuotaExceeded | Conflict:
        month, now = self._limit(run.format, run.created_at), self._now()
        what = f"All {month.most} runs of {run.format}"
        if month.end <= now:
            return Conflict(
                f"{what} that the month {month.start:%Y-%m} allowed are used, and this run is of then; start a new one."
            )
        return QuotaExceeded(
            f"{what} that a month allows are used; the next month begins on {month.end:%Y-%m-%d}, in UTC.",
            retry_after=max(1, round((month.end - now).total_seconds())),
        )


def _month(at: datetime) -> tuple[datetime, datetime]:
    """Its first moment, and the next month's."""
    start = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, (start + timedelta(days=32)).replace(day=1)
