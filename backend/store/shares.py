"""Links that show a run to whoever has them. Of a link only its hash is kept."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select

from backend.store.database import Database
from backend.store.tables import shares


@dataclass(frozen=True, slots=True)
class Share:
    """One row: a run has at most one link."""

    run_id: str
    owner: str
    token_hash: str
    created_at: datetime


class ShareRepository:
    """Links in SQL."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def put(self, owner: str, run_id: str, token_hash: str) -> Share:
        """The run's link from now on; an older one no longer works."""
        share = Share(run_id, owner, token_hash, datetime.now(UTC))

        def work(connection: Connection) -> None:
            connection.execute(delete(shares).where(shares.c.owner == owner, shares.c.run_id == run_id))
            connection.execute(
                insert(shares).values(
                    run_id=run_id, owner=owner, token_hash=token_hash, created_at=share.created_at
                )
            )

        await self._db.write(work)
        return share

    async def find(self, owner: str, run_id: str) -> Share | None:
        """The run's link, if it has one."""
        query = select(shares).where(shares.c.owner == owner, shares.c.run_id == run_id)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Share(**row._mapping)

    async def find_by_hash(self, token_hash: str) -> Share | None:
        """The link that this is the hash of, whoever asks: that is what a link is for."""
        query = select(shares).where(shares.c.token_hash == token_hash)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Share(**row._mapping)

    async def remove(self, owner: str, run_id: str) -> bool:
        """Whether there was one."""
        query = delete(shares).where(shares.c.owner == owner, shares.c.run_id == run_id)
        return bool((await self._db.write(lambda connection: connection.execute(query))).rowcount)
