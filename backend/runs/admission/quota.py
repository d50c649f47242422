"""Monthly quotas: limits on the runs of a format that an owner may buy."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.runs.admission.caller import caller_key
from backend.store.accounts.allowances.allowance import Allowance, AllowanceUse
from backend.store.accounts.allowances.periods import month_of, next_month
from backend.store.limits import AllowanceReached, LimitReached
from backend.store.owner import Owner
from backend.store.runs.charges import ChargeRepository, Limit
from workflows.errors import QuotaExceeded


@dataclass(frozen=True, slots=True)
class QuotaUsage:
    """Usage of a month, in UTC. `quota` is None where there is no limit."""

    used: int
    quota: int | None
    resets_at: datetime

    @property
    def left(self) -> int | None:
        """Runs that may still be charged; None where there is no limit."""
        return None if self.quota is None else max(0, self.quota - self.used)


class Quota:
    """Quota of charged runs, counted in the month in which they were charged. Failing, cancelling or deleting such
    a run changes nothing; a copy of another run's text isn't charged."""

    def __init__(
        self,
        charges: ChargeRepository,
        limits: Mapping[str, int | None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        allowance: Allowance | None = None,
    ) -> None:
        """`allowance` is what an account may use in all, where owners are accounts."""
        self._charges = charges
        self._limits = limits
        self._now = now
        self._allowance = allowance

    async def usage(self, owner: Owner, format: str) -> QuotaUsage:
        """Usage of this month so far."""
        limit = self._limit(format)
        return QuotaUsage(await self._charges.count(owner, format, limit), limit.most, limit.end)

    async def key_use(self, owner: Owner, key_ids: Sequence[str]) -> dict[str, AllowanceUse]:
        """What API keys of an account use of their own limits, by id."""
        return await self._charges.key_use(owner, key_ids)

    async def allowance_use(self, owner: Owner) -> AllowanceUse | None:
        """What an account uses of its allowance; None where there is none."""
        return None if self._allowance is None else await self._charges.allowance_use(owner, self._allowance)

    @contextmanager
    def reserve(self, format: str, least_usd: float | None = None) -> Iterator[Limit]:
        """The limit for one more run of the format, which the store enforces in the transaction that charges it.
        Raises QuotaExceeded where the store reports that the limit is reached. `least_usd`: the least that a run costs
        whose budget nobody named; then it is narrowed to what is left."""
        limit = self._limit(format, least_usd)
        try:
            yield limit
        except AllowanceReached as error:
            seconds = (error.until - self._now()).total_seconds()
            raise QuotaExceeded(error.message, retry_after=max(1, round(seconds))) from None
        except LimitReached:
            raise QuotaExceeded(
                f"All {limit.most} runs of {format} that a month allows are used; the next month begins on "
                f"{limit.end:%Y-%m-%d}, in UTC.",
                retry_after=max(1, round((limit.end - self._now()).total_seconds())),
            ) from None

    def _limit(self, format: str, least_usd: float | None = None) -> Limit:
        now, key = self._now(), caller_key()
        key_id = None if key is None else key.id
        return Limit(
            self._limits.get(format), month_of(now), next_month(now), self._allowance, key_id, least_usd
        )
