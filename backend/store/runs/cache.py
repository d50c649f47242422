"""Result cache in SQL: the finished run that answers a request. Every query filters by the owner."""

from datetime import UTC, datetime

from sqlalchemy import delete, or_

from backend.store.runs.sources import SKEW
from backend.store.schema.tables import cached_results
from backend.store.sql.database import Database


class CacheRepository:
    """Rows of `cached_results`. An entry is deleted with its run."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def drop(self, older_than: datetime) -> None:
        """Drops all owners' entries from before then, and of a future that a clock once had; the runs stay."""
        created_at = cached_results.c.created_at
        query = delete(cached_results).where(
            or_(created_at <= older_than, created_at > datetime.now(UTC) + SKEW)
        )
        await self._db.write(lambda connection: connection.execute(query))
