"""Security events: who got in, who didn't, and what was made of accounts. They hold no secret and no name."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select
from ulid import ULID

from backend.store.accounts.tables import security_events
from backend.store.owner import Owner
from backend.store.sql.database import Database
from backend.store.sql.paging import newest_first

CLI, ISSUER = "cli", "issuer"
"""Actors that are no account: the command line, and the issuer of somebody's tokens."""


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """Security event as stored. `owner` is the account that it is about; `subject` the id of a session, key or run, or
    of an account that is gone; `actor` who did it, where that isn't the account itself: an admin, `CLI` or
    `ISSUER`."""

    id: str
    at: datetime
    owner: Owner | None
    kind: str
    subject: str | None
    actor: str | None


class EventRepository:
    """Rows of `security_events`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(
        self, kind: str, owner: Owner | None, subject: str | None = None, actor: str | None = None
    ) -> None:
        """Keeps an event."""
        await self._db.write(lambda connection: add_event(connection, kind, owner, subject, actor))

    async def page(self, owner: Owner | None, *, before: str | None, limit: int) -> list[SecurityEvent]:
        """Newest first; of one owner, or for admins (None) of all."""
        query = newest_first(select(security_events), security_events.c.id, before, limit)
        if owner is not None:
            query = query.where(security_events.c.owner == owner)
        return await self._db.read(
            lambda connection: [SecurityEvent(**row._mapping) for row in connection.execute(query)]
        )

    async def drop(self, older_than: timedelta) -> None:
        """Forgets what is older."""
        query = delete(security_events).where(security_events.c.at <= datetime.now(UTC) - older_than)
        await self._db.write(lambda connection: connection.execute(query))


def add_event(
    connection: Connection,
    kind: str,
    owner: Owner | None,
    subject: str | None = None,
    actor: str | None = None,
) -> None:
    """Keeps an event, in the transaction of what happened."""
    row = {"id": str(ULID()), "at": datetime.now(UTC), "owner": owner, "kind": kind, "subject": subject}
    connection.execute(_ADD, {**row, "actor": actor})


_ADD = insert(security_events)
