"""Streams that accounts read, in SQL: every process counts those of all."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from ulid import ULID

from backend.store.accounts.tables import open_streams
from backend.store.owner import Owner
from backend.store.schema.columns import Instant
from backend.store.sql.database import Database
from backend.store.sql.dialect import lock_owner
from backend.store.sql.json_sql import among

_FORGOTTEN_AFTER = timedelta(seconds=10)
"""A stream that nobody has seen for that long was of a process that is gone."""


class StreamRepository:
    """Rows of `open_streams`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def open(self, owner: Owner, most: int) -> str | None:
        """The id of one more stream; None if the owner reads `most` already. In one transaction, so that of many at
        once no more get through."""
        now = datetime.now(UTC)
        id = str(ULID())
        row = {"id": id, "owner": owner, "seen_at": now}

        def work(connection: Connection) -> str | None:
            lock_owner(connection, owner)
            parameters = {
                "owner_is": owner,
                "since": now - _FORGOTTEN_AFTER,
                "until": now + _FORGOTTEN_AFTER,
            }
            if (connection.scalar(_COUNT, parameters) or 0) >= most:
                return None
            connection.execute(_ADD, row)
            return id

        try:
            return await self._db.write(work)
        except IntegrityError:  # the account has been deleted since it was looked up
            return None

    async def close(self, owner: Owner, id: str) -> None:
        """It is read no more."""
        await self._db.write(lambda connection: connection.execute(_REMOVE, {"owner_is": owner, "id_is": id}))

    async def beat(self, ids: Sequence[str]) -> None:
        """Says that these are being read still."""
        query = (
            update(open_streams).where(open_streams.c.id.in_(among(ids))).values(seen_at=datetime.now(UTC))
        )
        await self._db.write(lambda connection: connection.execute(query))

    async def drop_forgotten(self) -> None:
        """Forgets those of processes that are gone, whoever's they are."""
        now = datetime.now(UTC)
        seen_at = open_streams.c.seen_at
        query = delete(open_streams).where(
            or_(seen_at <= now - _FORGOTTEN_AFTER, seen_at > now + _FORGOTTEN_AFTER)
        )
        await self._db.write(lambda connection: connection.execute(query))


_MINE = open_streams.c.owner == bindparam("owner_is")
_COUNT = (
    select(func.count())
    .select_from(open_streams)
    .where(
        _MINE,
        # Not those of a future from which the clock was set back: nobody would close them before it comes.
        open_streams.c.seen_at.between(bindparam("since", type_=Instant), bindparam("until", type_=Instant)),
    )
)
_ADD = insert(open_streams)
_REMOVE = delete(open_streams).where(_MINE, open_streams.c.id == bindparam("id_is"))
