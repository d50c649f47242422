"""Runs that have been kept for longer than they may be: found whoever's they are, by the time alone."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from backend.store.owner import Owner
from backend.store.schema.tables import runs
from backend.store.schema.transitions import FINISHED
from backend.store.sql.database import Database

AT_ONCE = 100


class OldRun(NamedTuple):
    """A run that ended long ago, and the series that it is a part of."""

    owner: Owner
    id: str
    series: str | None


class RetentionRepository:
    """Runs that are older than a moment; at most a hundred at a time."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def old_runs(self, before: datetime, after: str) -> list[OldRun]:
        """Runs that ended before then, by id; those after this one."""
        query = (
            select(runs.c.owner, runs.c.id, runs.c.series)
            .where(runs.c.status.in_(FINISHED), runs.c.finished_at < before, runs.c.id > after)
            .order_by(runs.c.id)
            .limit(AT_ONCE)
        )
        return await self._db.read(lambda connection: [OldRun(*row) for row in connection.execute(query)])


def read_owned(connection: Connection, query: Select[Any, Any]) -> list[tuple[Owner, str]]:
    """Owners and ids, at most a hundred."""
    return [(Owner(owner), id) for owner, id in connection.execute(query.limit(AT_ONCE))]
