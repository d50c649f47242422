"""Repository of share links. Only the hash of a link's token is stored."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, select

from backend.store.database import Database
from backend.store.dialect import upsert
from backend.store.tables import shares


@dataclass(frozen=True, slots=True)
class Share:
    """A row of the table `shares`, at most one per run."""

    run_id: str
    owner: str
    token_hash: str
    created_at: datetime


class ShareRepository:
    """Share links in SQL."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def put(self, owner: str, run_id: str, token_hash: str) -> Share:
        """Stores the run's link, which replaces an older one."""
        share = Share(run_id, owner, token_hash, datetime.now(UTC))

        def work(connection: Connection) -> None:
            row = {"run_id": run_id, "owner": owner, "token_hash": token_hash, "created_at": share.created_at}
            connection.execute(upsert(connection, shares, row, row))

        await self._db.write(work)
        return share

    async def find(self, owner: str, run_id: str) -> Share | None:
        """The run's link, if it has one."""
        query = select(shares).where(shares.c.owner == owner, shares.c.run_id == run_id)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Share(**row._mapping)

    async def find_by_hash(self, token_hash: str) -> Share | None:
        """The link with this hash, for any caller: that is the purpose of a link."""
        query = select(shares).where(shares.c.token_hash == token_hash)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Share(**row._mapping)

    async def remove(self, owner: str, run_id: str) -> bool:
        """Deletes the link; False if there was none."""
        query = delete(shares).where(shares.c.owner == owner, shares.c.run_id == run_id)
        return bool((await self._db.write(lambda connection: connection.execute(query))).rowcount)
