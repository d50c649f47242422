"""Usage of runs by day: sums that outlive the runs themselves. Every query filters by the owner."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Connection, Integer, case, cast, delete, func, insert, select

from backend.store.limits import check_owner
from backend.store.owner import Owner
from backend.store.schema.tables import log_heads, runs, usage
from backend.store.schema.transitions import COMPLETED
from backend.store.sql.database import Database
from backend.store.sql.dialect import lock, lock_owner, upsert
from workflows.errors import Unauthenticated

By = Literal["day", "model", "format", "role"]
_COUNTED = ("input_tokens", "output_tokens")
LOST = "lost"
"""The role of what an attempt bought that had lost its run: no log has it."""
LOST_UNPRICED = "lost_unpriced"
"""The same without a known price. In one row with the other, it would make that cost unknown, or seem to be priced."""

_RECENT = 5
"""Runs whose costs are looked at for a quote."""


@dataclass(frozen=True, slots=True)
class RunUsage:
    """Sums of a run's usage over all days, by role and model, as they are set on one `day`."""

    run_id: str
    owner: Owner
    format: str
    day: str
    parts: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RunCost:
    """Words and cost of a completed run; `cost_usd` is None where a part of it has no known price."""

    words: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class UsageSum:
    """The sum of one day, model, format or role. `cost_usd` is the cost of the priced tokens; `unpriced_tokens`
    have no known price; `estimated`: a part was counted by the service, not by a provider."""

    name: str
    runs: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    unpriced_tokens: int
    estimated: bool


class UsageRepository:
    """Rows of `usage`: one per run, day, role and model."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def put(
        self, run: Mapping[str, Any], day: str, parts: Iterable[Mapping[str, Any]], *, epoch: int
    ) -> None:
        """Sets the run's usage on that day: `parts` are its sums over all days, less those of other days.

        So it may be said as often as one likes, and needs no sync: the log has it. `run` has id, owner and format.
        Nothing is set by a writer whose `epoch` isn't the run's newest: it doesn't know what was spent since. A deleted
        run has none, and its sums stay.
        """
        found = RunUsage(run["id"], run["owner"], run["format"], day, [*parts])
        await self._db.write_unsynced(lambda connection: set_usage(connection, found, epoch))

    async def add_lost(self, found: RunUsage, *, is_whole: bool = False) -> None:
        """Adds what an attempt bought that had lost its run; each attempt says so once. It is kept beside the sums of
        the log, which are set anew; nothing is of an account that is gone. Of `is_whole`, all that the attempt knows of
        a run that is gone, only what isn't in its sums is added."""

        def work(connection: Connection) -> None:
            lock_owner(connection, found.owner)
            with suppress(Unauthenticated):
                check_owner(connection, found.owner)
                _add_lost(connection, _beyond_sums(connection, found) if is_whole else found)

        await self._db.write(work)

    async def sums(self, owner: Owner, first_day: str, last_day: str, by: By) -> list[UsageSum]:
        """The sums of these days, both included (YYYY-MM-DD, UTC); days in order, else the dearest first."""
        name = usage.c[by]
        tokens = usage.c.input_tokens + usage.c.output_tokens
        cost = func.coalesce(func.sum(usage.c.cost_usd), 0.0)
        query = (
            select(
                name,
                func.count(usage.c.run_id.distinct()),
                func.sum(usage.c.input_tokens),
                func.sum(usage.c.output_tokens),
                cost,
                func.sum(case((usage.c.cost_usd.is_(None), tokens), else_=0)),
                func.max(cast(usage.c.estimated, Integer)),
            )
            .where(usage.c.owner == owner, usage.c.day >= first_day, usage.c.day <= last_day)
            .group_by(name)
            .order_by(name if by == "day" else cost.desc(), name)
        )
        rows = await self._db.read(lambda connection: connection.execute(query).all())
        return [
            UsageSum(row[0], row[1], int(row[2]), int(row[3]), round(row[4], 9), int(row[5]), bool(row[6]))
            for row in rows
        ]

    async def recent_costs(self, owner: Owner, format: str, model: str) -> list[RunCost]:
        """The costs of the owner's last completed runs of this format by this model, without those of the cache."""
        recent = (
            select(runs.c.id, runs.c.words)
            .where(
                runs.c.owner == owner,
                runs.c.format == format,
                runs.c.model == model,
                runs.c.status == COMPLETED,
                runs.c.source_run_id.is_(None),
                runs.c.parent_run_id.is_(None),  # a version may be of one section alone
                runs.c.words > 0,
            )
            .order_by(runs.c.id.desc())
            .limit(_RECENT)
            .subquery()
        )
        query = (
            select(
                recent.c.words,
                func.sum(usage.c.cost_usd),
                func.sum(case((usage.c.cost_usd.is_(None), 1), else_=0)),
            )
            .join(usage, usage.c.run_id == recent.c.id)
            .where(usage.c.owner == owner)
            .group_by(recent.c.id, recent.c.words)
        )
        rows = await self._db.read(lambda connection: connection.execute(query).all())
        return [RunCost(row[0], None if row[2] else float(row[1])) for row in rows]

    async def runs(self, owner: Owner, first_day: str, last_day: str) -> int:
        """Number of runs with any usage in that time."""
        query = select(func.count(usage.c.run_id.distinct())).where(
            usage.c.owner == owner, usage.c.day >= first_day, usage.c.day <= last_day
        )
        found: int | None = await self._db.read(lambda connection: connection.scalar(query))
        return found or 0


def _add_lost(connection: Connection, found: RunUsage) -> None:
    whose = {"run_id": found.run_id, "owner": found.owner, "format": found.format, "day": found.day}
    for part in found.parts:
        row = {**whose, **part, "role": LOST_UNPRICED if part["cost_usd"] is None else LOST}
        more: dict[str, Any] = {
            name: usage.c[name] + part[name] for name in (*_COUNTED, "cost_usd") if part[name] is not None
        }
        if part["estimated"]:
            more["estimated"] = True
        connection.execute(upsert(connection, usage, row, more))


def _beyond_sums(connection: Connection, found: RunUsage) -> RunUsage:
    """The usage without what is in the run's sums already."""
    here = (usage.c.run_id == found.run_id) & (usage.c.owner == found.owner)
    names = (*_COUNTED, "cost_usd")
    parts = []
    for part in found.parts:
        same = here & (usage.c.role == part["role"]) & (usage.c.model == part["model"])
        sums = select(*(func.coalesce(func.sum(usage.c[name]), 0) for name in names)).where(same)
        stored = dict(zip(names, connection.execute(sums).one(), strict=True))
        rest = {name: max(0, part[name] - int(stored[name])) for name in _COUNTED}
        if any(rest.values()):
            cost = part["cost_usd"]
            rest |= {"cost_usd": None if cost is None else max(0.0, cost - float(stored["cost_usd"]))}
            parts.append({**part, **rest})
    return replace(found, parts=parts)


def set_usage(connection: Connection, found: RunUsage, epoch: int) -> None:
    """`UsageRepository.put` as a part of a transaction, the first one: it locks the usage before the run's head."""
    # Locked where many write at once, so that nobody takes the run over in between.
    newest = select(log_heads.c.epoch).where(log_heads.c.run_id == found.run_id).with_for_update(read=True)
    lock(connection, f"usage {found.run_id}")
    if (connection.scalar(newest) or 0) > epoch:
        return
    here = (usage.c.run_id == found.run_id) & (usage.c.owner == found.owner)
    for part in found.parts:
        same = here & (usage.c.role == part["role"]) & (usage.c.model == part["model"])
        others = connection.execute(
            select(
                *(func.coalesce(func.sum(usage.c[name]), 0) for name in _COUNTED),
                func.coalesce(func.sum(usage.c.cost_usd), 0.0),
            ).where(same, usage.c.day != found.day)
        ).one()
        connection.execute(delete(usage).where(same, usage.c.day == found.day))
        rest = {name: part[name] - int(before) for name, before in zip(_COUNTED, others, strict=False)}
        if any(rest.values()):
            cost = part["cost_usd"]
            connection.execute(
                insert(usage).values(
                    run_id=found.run_id,
                    owner=found.owner,
                    format=found.format,
                    day=found.day,
                    role=part["role"],
                    model=part["model"],
                    cost_usd=None if cost is None else cost - others[2],
                    estimated=part["estimated"],
                    **rest,
                )
            )
