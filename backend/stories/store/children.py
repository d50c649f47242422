"""Repository of the children that stories are written for. Every query filters by the owner."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update
from ulid import ULID

from backend.store.limits import Cap, check_cap
from backend.store.owner import Owner
from backend.store.runs.retention import read_owned
from backend.store.schema.tables import runs
from backend.store.sql.database import Database
from backend.store.sql.dialect import lock_owner
from backend.store.sql.paging import newest_first
from backend.stories.store.series import leave_series
from backend.stories.store.tables import children, story_sessions

ChangeProfile = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Makes another profile of a stored one."""


@dataclass(frozen=True, slots=True)
class StoredChild:
    """A row of the table `children`. `profile` is a story's reader, as JSON; `consent_at` is when a parent consented to
    its being kept, None where nobody said so."""

    id: str
    owner: Owner
    profile: dict[str, Any]
    consent_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ChildRepository:
    """Children in SQL."""

    def __init__(self, database: Database, cap: Cap | None = None) -> None:
        self._db = database
        self._cap = cap

    async def add(self, owner: Owner, profile: dict[str, Any], *, consent: bool = False) -> StoredChild:
        """Stores a new child. Raises Conflict for one too many."""
        now = datetime.now(UTC)
        consent_at = now if consent else None
        child = StoredChild(str(ULID()), owner, profile, consent_at, created_at=now, updated_at=now)
        row = {name: getattr(child, name) for name in child.__slots__}

        def work(connection: Connection) -> None:
            check_cap(connection, children, owner, self._cap)
            connection.execute(insert(children).values(row))

        await self._db.write(work)
        return child

    async def find(self, owner: Owner, child_id: str) -> StoredChild | None:
        """The child, if it is this owner's."""
        query = select(children).where(children.c.owner == owner, children.c.id == child_id)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _child(row)

    async def page(self, owner: Owner, *, before: str | None, limit: int) -> list[StoredChild]:
        """A page of children, newest first; `before` is the last id of the previous page (ids sort by time)."""
        query = newest_first(select(children).where(children.c.owner == owner), children.c.id, before, limit)
        return await self._db.read(lambda connection: [_child(row) for row in connection.execute(query)])

    async def update(
        self, owner: Owner, child_id: str, change: ChangeProfile, *, consent: bool = False
    ) -> StoredChild | None:
        """Changes the profile as it is in the same transaction, so that of two changes at once both are kept, and sets
        that a parent consents; None if there is no such child."""
        same = (children.c.owner == owner, children.c.id == child_id)

        def work(connection: Connection) -> StoredChild | None:
            row = connection.execute(select(children).where(*same).with_for_update()).one_or_none()
            if row is None:
                return None
            child, now = _child(row), datetime.now(UTC)
            consent_at = now if consent else child.consent_at
            child = replace(child, profile=change(child.profile), consent_at=consent_at, updated_at=now)
            values = {"profile": child.profile, "consent_at": consent_at, "updated_at": now}
            connection.execute(update(children).where(*same).values(values))
            return child

        return await self._db.write(work)

    async def delete(self, owner: Owner, child_id: str) -> None:
        """Removes the child and, by cascade, its story sessions, whose chapters stay as runs of their own."""
        mine = (story_sessions.c.owner == owner) & (story_sessions.c.child_id == child_id)
        chapters = (runs.c.owner == owner) & runs.c.series.in_(select(story_sessions.c.id).where(mine))

        def work(connection: Connection) -> None:
            lock_owner(connection, owner)  # what refers to the child is not stored meanwhile, nor afterwards
            leave_series(connection, owner, chapters)
            connection.execute(delete(children).where(children.c.owner == owner, children.c.id == child_id))

        await self._db.erase(work)

    async def old(self, before: datetime) -> list[tuple[Owner, str]]:
        """Some (owner, id) of children whose profile wasn't changed since then, with neither story nor text left."""
        story = (story_sessions.c.owner == children.c.owner) & (story_sessions.c.child_id == children.c.id)
        text = (runs.c.owner == children.c.owner) & (runs.c.input["child_id"].as_string() == children.c.id)
        query = select(children.c.owner, children.c.id).where(
            children.c.updated_at < before,
            ~exists(select(story_sessions.c.id).where(story)),
            ~exists(select(runs.c.id).where(text)),
        )
        return await self._db.read(lambda connection: read_owned(connection, query))


def _child(row: Row[Any]) -> StoredChild:
    return StoredChild(**row._mapping)
