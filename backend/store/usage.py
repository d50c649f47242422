"""Usage of runs by day: sums that outlive the runs themselves. Every query filters by the owner."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Integer, case, cast, delete, func, insert, select

from backend.store.database import Database
from backend.store.dialect import lock
from backend.store.owner import Owner
from backend.store.tables import log_heads, usage

By = Literal["day", "model", "format", "role"]
_COUNTED = ("input_tokens", "output_tokens")


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

        So it may be said as often as one likes. `run` has id, owner and format. Nothing is set by a writer whose
        `epoch` isn't the run's newest: it doesn't know what was spent since. A deleted run has none, and its sums stay.
        """
        rows = [dict(part) for part in parts]
        # Locked where many write at once, so that nobody takes the run over in between.
        newest = select(log_heads.c.epoch).where(log_heads.c.run_id == run["id"]).with_for_update(read=True)

        def work(connection: Connection) -> None:
            lock(connection, f"usage {run['id']}")
            if (connection.scalar(newest) or 0) > epoch:
                return
            here = (usage.c.run_id == run["id"]) & (usage.c.owner == run["owner"])
            for row in rows:
                same = here & (usage.c.role == row["role"]) & (usage.c.model == row["model"])
                others = connection.execute(
                    select(
                        *(func.coalesce(func.sum(usage.c[name]), 0) for name in _COUNTED),
                        func.coalesce(func.sum(usage.c.cost_usd), 0.0),
                    ).where(same, usage.c.day != day)
                ).one()
                connection.execute(delete(usage).where(same, usage.c.day == day))
                rest = {name: row[name] - int(before) for name, before in zip(_COUNTED, others, strict=False)}
                if any(rest.values()):
                    cost = row["cost_usd"]
                    connection.execute(
                        insert(usage).values(
                            run_id=run["id"],
                            owner=run["owner"],
                            format=run["format"],
                            day=day,
                            role=row["role"],
                            model=row["model"],
                            cost_usd=None if cost is None else cost - others[2],
                            estimated=row["estimated"],
                            **rest,
                        )
                    )

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

    async def runs(self, owner: Owner, first_day: str, last_day: str) -> int:
        """Number of runs with any usage in that time."""
        query = select(func.count(usage.c.run_id.distinct())).where(
            usage.c.owner == owner, usage.c.day >= first_day, usage.c.day <= last_day
        )
        found: int | None = await self._db.read(lambda connection: connection.scalar(query))
        return found or 0
