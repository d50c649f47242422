"""Result cache in SQL: the finished run that answers a request. Every query filters by the owner."""

from datetime import datetime

from sqlalchemy import delete

from backend.store.schema.tables import cached_results
from backend.store.sql.database import Database


class CacheRepository:
    """Rows of `cached_results`. An entry is deleted with its run."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def drop(self, older_than: datetime) -> None:
        """Drops all owners' entries from before then; the runs stay."""
        query = delete(cached_results).where(cached_results.c.created_at <= older_than)
        await self._db.write(lambda connection: connection.execute(query))
