"""Allowance of an account, or of one of its API keys: runs at once, runs a day and a month, and money a month.

The ledger is what is there anyway: charges and usage, which outlive runs, and the budgets of the runs that go on, which
are what these may still cost. What an account of the same address has used this month before it was deleted counts too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select

from backend.store.accounts.allowances.former_use import find_former_use
from backend.store.accounts.allowances.periods import day_of, is_day_within, is_within, month_of, next_month
from backend.store.accounts.tables import accounts
from backend.store.limits import AllowanceReached
from backend.store.owner import Owner
from backend.store.schema.tables import quota_charges, runs, usage
from backend.store.schema.transitions import EXECUTING, UNFINISHED
from backend.store.sql.json_sql import among
from backend.store.usage import LOST

Whose = Literal["account", "API key"]
"""Whose allowance it is."""

_SOON = timedelta(minutes=1)


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

    @property
    def usd_over(self) -> float:
        """US dollars by which the unfinished runs may cost more than is left."""
        most = self.limits.usd_a_month
        return 0.0 if most is None else max(0.0, self.spent_usd + self.reserved_usd - most)


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
    month, end = month_of(now), next_month(now)
    charged = select(quota_charges.c.charged_at).where(
        quota_charges.c.owner == owner, is_within(quota_charges.c.charged_at, month, end)
    )
    spent = select(func.coalesce(func.sum(usage.c.cost_usd), 0.0)).where(
        usage.c.owner == owner, is_day_within(usage.c.day, month, end)
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
    former = find_former_use(connection, owner, month, end)
    return AllowanceUse(
        runs_now=count_executing(unfinished, replaced),
        runs_today=count_today(charges, now) + former.runs_on(day_of(now)),
        runs_this_month=len(charges) + former.runs,
        spent_usd=float(connection.scalar(spent) or 0.0) + former.cost_usd,
        reserved_usd=reserved,
        limits=limits,
    )


def check_use(use: AllowanceUse, of: Whose, *, is_new: bool) -> None:
    """Raises AllowanceReached where a use, the run in question included, is of more runs than may be. Only one that
    `is_new` counts to a day and a month. Of money see `budgets.py`."""
    limits = use.limits
    if limits.runs_at_once is not None and use.runs_now > limits.runs_at_once:
        raise AllowanceReached(
            f"The {of} has {limits.runs_at_once} runs under way, and may not have more at once.",
            soon(),
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


def count_today(charges: Iterable[datetime], now: datetime | None) -> int:
    """How many of these moments are of this day. One of a future that the clock was set back from isn't."""
    return sum(day_of(at) == day_of(now) for at in charges)


def count_executing(unfinished: Sequence[Row[*tuple[Any, ...]]], replaced: str | None) -> int:
    """How many of these runs (`id` and `status`) are under way, without the one that is replaced."""
    return sum(row.status in EXECUTING and row.id != replaced for row in unfinished)


def find_reserved(
    connection: Connection, owner: Owner, unfinished: Sequence[Row[*tuple[Any, ...]]], limits: Allowance
) -> float:
    """What these runs (`id` and `options`) may still cost: their budgets, less what they have spent."""
    paid = find_spent(connection, owner, [row.id for row in unfinished])
    left = (
        (row.options.budget_usd or limits.usd_a_month or 0.0) - paid.get(row.id, 0.0) for row in unfinished
    )
    return sum(max(0.0, each) for each in left)


def soon() -> datetime:
    """When runs that are under way may have ended."""
    return datetime.now(UTC) + _SOON


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


def find_spent(connection: Connection, owner: Owner, run_ids: Iterable[str]) -> dict[str, float]:
    """What each of these runs has spent of its budget: all but what is lost, which the run doesn't know of. Part of a
    transaction."""
    query = (
        select(usage.c.run_id, func.coalesce(func.sum(usage.c.cost_usd), 0.0))
        .where(usage.c.owner == owner, usage.c.run_id.in_(among(run_ids)), usage.c.role != LOST)
        .group_by(usage.c.run_id)
    )
    return {row[0]: float(row[1]) for row in connection.execute(query)}
