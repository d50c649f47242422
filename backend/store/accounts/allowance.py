"""Allowance of an account, or of one of its API keys: runs at once, runs a day and a month, and money a month.

The ledger is what is there anyway: charges and usage, which outlive runs, and the budgets of the runs that go on, which
are what these may still cost. What an account of the same address has used this month before it was deleted counts too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select

from backend.store.accounts.former_use import find_former_use
from backend.store.accounts.tables import accounts
from backend.store.json_sql import among
from backend.store.limits import AllowanceReached
from backend.store.owner import Owner
from backend.store.tables import quota_charges, runs, usage
from backend.store.transitions import EXECUTING, UNFINISHED

_SOON = timedelta(minutes=1)
_DUST_USD = 1e-9


@dataclass(frozen=True, slots=True)
class Allowance:
    """Limits: runs at once, runs a day, US dollars a month, runs a month. None: no such limit, as most API keys have
    none of their own."""

    runs_at_once: int | None = None
    runs_a_day: int | None = None
    usd_a_month: float | None = None
    runs_a_month: int | None = None


@dataclass(frozen=True, slots=True)
class AllowanceUse:
    """Use of an allowance, with its limits. `reserved_usd` is what its unfinished runs may still cost."""

    runs_now: int
    runs_today: int
    runs_this_month: int
    spent_usd: float
    reserved_usd: float
    limits: Allowance

    @property
    def runs_left_today(self) -> int | None:
        """Runs that may still be started today; None without a limit."""
        most = self.limits.runs_a_day
        return None if most is None else max(0, most - self.runs_today)

    @property
    def runs_left_this_month(self) -> int | None:
        """Runs that may still begin this month; None where there is no limit."""
        most = self.limits.runs_a_month
        return None if most is None else max(0, most - self.runs_this_month)

    @property
    def usd_left(self) -> float | None:
        """US dollars that may still be spent this month; None without a limit."""
        most = self.limits.usd_a_month
        return None if most is None else round(max(0.0, most - self.spent_usd - self.reserved_usd), 6)


def find_use(
    connection: Connection,
    owner: Owner,
    defaults: Allowance,
    now: datetime | None = None,
    replaced: str | None = None,
) -> AllowanceUse | None:
    """What an owner uses; None for one that is no account and has no allowance. A run that is `replaced` by another one
    isn't counted as under way. Part of a transaction."""
    limits = _limits(connection, owner, defaults)
    if limits is None:
        return None
    day, month = day_of(now), month_of(now)
    charged = select(quota_charges.c.charged_at).where(
        quota_charges.c.owner == owner, quota_charges.c.charged_at >= month
    )
    spent = select(func.coalesce(func.sum(usage.c.cost_usd), 0.0)).where(
        usage.c.owner == owner, usage.c.day >= month.date().isoformat()
    )
    # In this order: a run may end between two queries, which stores first what it spent. So what it costs is in the
    # last of them at the latest, and for a moment perhaps in two, but never in none.
    unfinished = connection.execute(
        select(runs.c.id, runs.c.status, runs.c.options).where(
            runs.c.owner == owner,
            runs.c.status.in_(UNFINISHED),
            runs.c.source_run_id.is_(None),  # what is given another run's text costs nothing
        )
    ).all()
    reserved = find_reserved(connection, owner, unfinished, limits)
    charges = list(connection.scalars(charged))
    former = find_former_use(connection, owner, month)
    return AllowanceUse(
        runs_now=count_executing(unfinished, replaced),
        runs_today=sum(at >= day for at in charges) + former.runs_since(day),
        runs_this_month=len(charges) + former.runs,
        spent_usd=float(connection.scalar(spent) or 0.0) + former.cost_usd,
        reserved_usd=reserved,
        limits=limits,
    )


def check_allowance(
    connection: Connection,
    owner: Owner,
    defaults: Allowance,
    *,
    is_new: bool,
    replaced: str | None = None,
) -> None:
    """Of a run that was just stored as running, and charged: raises AllowanceReached where it is one too many, or may
    cost more than is left. Part of that transaction, so that of many at once no more get through. `replaced`: as
    `find_use`."""
    use = find_use(connection, owner, defaults, replaced=replaced)
    if use is not None:
        check_use(use, "account", is_new=is_new)


def check_use(use: AllowanceUse, of: Literal["account", "API key"], *, is_new: bool) -> None:
    """Raises AllowanceReached where a use, the run in question included, is beyond its limits. Only one that `is_new`
    counts to a day and a month."""
    limits = use.limits
    if limits.runs_at_once is not None and use.runs_now > limits.runs_at_once:
        raise AllowanceReached(
            f"The {of} has {limits.runs_at_once} runs under way, and may not have more at once.",
            datetime.now(UTC) + _SOON,
        )
    if is_new and limits.runs_a_day is not None and use.runs_today > limits.runs_a_day:
        raise AllowanceReached(
            f"All {limits.runs_a_day} runs that the {of} may start a day are used; the next day begins at "
            "midnight, in UTC.",
            day_of(None) + timedelta(days=1),
        )
    if is_new and limits.runs_a_month is not None and use.runs_this_month > limits.runs_a_month:
        raise AllowanceReached(
            f"All {limits.runs_a_month} runs that the {of} may start a month are used; the next month begins on "
            f"{next_month(None):%Y-%m-%d}, in UTC.",
            next_month(None),
        )
    if limits.usd_a_month is not None and use.spent_usd + use.reserved_usd > limits.usd_a_month + _DUST_USD:
        others = "" if use.spent_usd >= limits.usd_a_month else ", or give the run a smaller budget"
        raise AllowanceReached(
            f"Of the ${limits.usd_a_month:g} that the {of} may spend a month, ${use.spent_usd:.4f} are spent, and "
            f"its unfinished runs with this one may cost ${use.reserved_usd:.4f}: wait{others}.",
            next_month(None) if not others else datetime.now(UTC) + _SOON,
        )


def count_executing(unfinished: Sequence[Row[*tuple[Any, ...]]], replaced: str | None) -> int:
    """How many of these runs (`id` and `status`) are under way, without the one that is replaced."""
    return sum(row.status in EXECUTING and row.id != replaced for row in unfinished)


def find_reserved(
    connection: Connection, owner: Owner, unfinished: Sequence[Row[*tuple[Any, ...]]], limits: Allowance
) -> float:
    """What these runs (`id` and `options`) may still cost: their budgets, less what they have spent."""
    paid = _spent_by_run(connection, owner, [row.id for row in unfinished])
    left = (
        (row.options.budget_usd or limits.usd_a_month or 0.0) - paid.get(row.id, 0.0) for row in unfinished
    )
    return sum(max(0.0, each) for each in left)


def day_of(now: datetime | None) -> datetime:
    """The beginning of the day, in UTC."""
    return (now or datetime.now(UTC)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def month_of(now: datetime | None) -> datetime:
    """The beginning of the month, in UTC."""
    return day_of(now).replace(day=1)


def next_month(now: datetime | None) -> datetime:
    """The beginning of the month after, in UTC."""
    return (month_of(now) + timedelta(days=32)).replace(day=1)


def _limits(connection: Connection, owner: Owner, defaults: Allowance) -> Allowance | None:
    own = connection.execute(
        select(
            accounts.c.runs_at_once, accounts.c.runs_a_day, accounts.c.usd_a_month, accounts.c.runs_a_month
        ).where(accounts.c.id == owner)
    ).one_or_none()
    if own is None:
        return None
    return Allowance(
        own.runs_at_once or defaults.runs_at_once,
        own.runs_a_day or defaults.runs_a_day,
        own.usd_a_month or defaults.usd_a_month,
        own.runs_a_month or defaults.runs_a_month,
    )


def _spent_by_run(connection: Connection, owner: Owner, run_ids: Iterable[str]) -> dict[str, float]:
    query = (
        select(usage.c.run_id, func.coalesce(func.sum(usage.c.cost_usd), 0.0))
        .where(usage.c.owner == owner, usage.c.run_id.in_(among(run_ids)))
        .group_by(usage.c.run_id)
    )
    return {row[0]: float(row[1]) for row in connection.execute(query)}
