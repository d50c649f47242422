"""Repository of share links. Only the hash of a link's token is stored."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, delete, or_, select

from backend.store.accounts.callers import current_caller, lock_for_caller
from backend.store.limits import Cap, check_cap, is_not_locked
from backend.store.owner import Owner
from backend.store.references import check_references, run_reference
from backend.store.schema.tables import runs, shares
from backend.store.sql.database import Database
from backend.store.sql.dialect import upsert
from backend.store.sql.json_sql import among
from backend.store.sql.paging import newest_first


@dataclass(frozen=True, slots=True)
class Share:
    """A row of the table `shares`, at most one per run. One of an earlier version may have no end."""

    run_id: str
    owner: Owner
    token_hash: str
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class SharedRun:
    """A link in the list of its owner's: the run's title, and for how long."""

    run_id: str
    title: str | None
    created_at: datetime
    expires_at: datetime | None


class ShareRepository:
    """Share links in SQL."""

    def __init__(self, database: Database, cap: Cap | None = None) -> None:
        self._db = database
        self._cap = cap

    async def put(self, owner: Owner, run_id: str, token_hash: str, expires_at: datetime) -> Share:
        """Stores the run's link, which replaces an older one. Raises Conflict for one too many, NotFound for the run,
        and Unauthenticated as `lock_for_caller`."""
        share, caller = Share(run_id, owner, token_hash, datetime.now(UTC), expires_at), current_caller()

        def work(connection: Connection) -> None:
            lock_for_caller(connection, owner, caller)
            check_references(connection, owner, [run_reference(run_id)])
            connection.execute(delete(shares).where(shares.c.owner == owner, shares.c.run_id == run_id))
            check_cap(connection, shares, owner, self._cap, _is_valid())
            row = asdict(share)
            connection.execute(upsert(connection, shares, row, row))

        await self._db.write(work)
        return share

    async def find(self, owner: Owner, run_id: str) -> Share | None:
        """The run's link, if it has one that is valid."""
        query = select(shares).where(shares.c.owner == owner, shares.c.run_id == run_id, _is_valid())
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Share(**row._mapping)

    async def find_by_hash(self, token_hash: str) -> Share | None:
        """The valid link with this hash, for any caller: that is the purpose of a link. A locked account's is none."""
        query = select(shares).where(
            shares.c.token_hash == token_hash, _is_valid(), is_not_locked(shares.c.owner)
        )
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Share(**row._mapping)

    async def page(self, owner: Owner, *, before: str | None, limit: int) -> list[SharedRun]:
        """The owner's valid links, those of the newest runs first; `before` is the last run of the page before."""
        query = (
            select(shares.c.run_id, runs.c.title, shares.c.created_at, shares.c.expires_at)
            .join(runs, (runs.c.owner == shares.c.owner) & (runs.c.id == shares.c.run_id))
            .where(shares.c.owner == owner, _is_valid())
        )
        page = newest_first(query, shares.c.run_id, before, limit)
        return await self._db.read(
            lambda connection: [SharedRun(**row._mapping) for row in connection.execute(page)]
        )

    async def remove(self, owner: Owner, run_id: str) -> bool:
        """Deletes the link; False if there was none."""
        query = delete(shares).where(shares.c.owner == owner, shares.c.run_id == run_id)
        return bool((await self._db.write(lambda connection: connection.execute(query))).rowcount)

    async def remove_all(self, owner: Owner, run_ids: Sequence[str]) -> None:
        """Deletes the links of these runs."""
        query = delete(shares).where(shares.c.owner == owner, shares.c.run_id.in_(among(run_ids)))
        await self._db.write(lambda connection: connection.execute(query))

    async def drop_expired(self) -> None:
        """Forgets the links that are valid no more, whoever's they are."""
        query = delete(shares).where(shares.c.expires_at <= datetime.now(UTC))
        await self._db.write(lambda connection: connection.execute(query))


def _is_valid() -> ColumnElement[bool]:
    return or_(shares.c.expires_at.is_(None), shares.c.expires_at > datetime.now(UTC))
