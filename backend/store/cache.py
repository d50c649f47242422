"""Result cache in SQL: the finished run that answers a request. Every query filters by the owner."""

from datetime import datetime

from sqlalchemy import delete, select

from backend.store.database import Database
from backend.store.owner import Owner
from backend.store.tables import cached_results


class CacheRepository:
    """Rows of `cached_results`. An entry is deleted with its run."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def find(self, owner: Owner, key: str, newer_than: datetime) -> str | None:
        """The id of the run cached under this key since then."""
        query = select(cached_results.c.run_id).where(
            cached_results.c.owner == owner,
            cached_results.c.key == key,
            cached_results.c.created_at > newer_than,
        )
        found: str | None = await self._db.read(lambda connection: connection.scalar(query))
        return found

    async def drop(self, older_than: datetime) -> None:
        """Drops all owners' entries from before then; the runs stay."""
        query = delete(cached_results).where(cached_results.c.created_at <= older_than)
        await self._db.write(lambda connection: connection.execute(query))
