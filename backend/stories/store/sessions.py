"""Repository of story sessions and reading days. Every query filters by the owner.

A session's chapters are runs: those of the series that bears the session's id.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update
from ulid import ULID

from backend.store.limits import Cap, check_cap
from backend.store.owner import Owner
from backend.store.references import Reference, check_references
from backend.store.runs.retention import read_owned
from backend.store.schema.tables import runs
from backend.store.sql.database import Database
from backend.store.sql.dialect import lock_owner, upsert
from backend.store.sql.json_sql import among
from backend.store.sql.paging import newest_first
from backend.stories.store.series import leave_series
from backend.stories.store.tables import children, reading_days, story_sessions


@dataclass(frozen=True, slots=True)
class StorySession:
    """A row of the table `story_sessions`. The reader is a stored child or a profile of the session's own.

    The bookmark: in chapter `bookmark_chapter`, `bookmark_section` of its sections are read.
    """

    id: str
    owner: Owner
    child_id: str | None
    reader: dict[str, Any] | None
    theme: str
    title: str | None
    planned_chapters: int
    bookmark_chapter: int
    bookmark_section: int
    timezone: str
    created_at: datetime
    updated_at: datetime


class SessionRepository:
    """Story sessions in SQL."""

    def __init__(self, database: Database, cap: Cap | None = None) -> None:
        self._db = database
        self._cap = cap

    async def add(self, owner: Owner, **values: Any) -> StorySession:
        """Stores a new session. Raises Conflict for one too many, NotFound for its child."""
        row = _new(owner, values)

        def work(connection: Connection) -> None:
            _check_child(connection, row)
            check_cap(connection, story_sessions, owner, self._cap)
            connection.execute(insert(story_sessions).values(row))

        await self._db.write(work)
        return StorySession(**row)

    async def add_from_run(self, owner: Owner, run_id: str, part: int, **values: Any) -> StorySession | None:
        """Stores a new session whose chapter `part` is that run; None if the run is in another series. Raises as
        `add`."""
        row = _new(owner, values)
        adopt = (
            update(runs)
            .where(runs.c.owner == owner, runs.c.id == run_id, runs.c.series.is_(None))
            .values(series=row["id"], part=part)
        )

        def work(connection: Connection) -> bool:
            _check_child(connection, row)
            check_cap(connection, story_sessions, owner, self._cap)
            if not connection.execute(adopt).rowcount:
                return False
            connection.execute(insert(story_sessions).values(row))
            return True

        return StorySession(**row) if await self._db.write(work) else None

    async def find(self, owner: Owner, session_id: str) -> StorySession | None:
        """The session, if it is this owner's."""
        query = select(story_sessions).where(_is(owner, session_id))
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _session(row)

    async def page(
        self,
        owner: Owner,
        *,
        child_id: str | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> list[StorySession]:
        """A page of sessions, newest first; `before` is the last id of the previous page (ids sort by time)."""
        query = select(story_sessions).where(story_sessions.c.owner == owner)
        if child_id is not None:
            query = query.where(story_sessions.c.child_id == child_id)
        page = newest_first(query, story_sessions.c.id, before, limit)
        return await self._db.read(lambda connection: [_session(row) for row in connection.execute(page)])

    async def update(self, owner: Owner, session_id: str, **values: Any) -> None:
        """Sets columns of a session."""
        query = update(story_sessions).where(_is(owner, session_id))
        query = query.values(updated_at=datetime.now(UTC), **values)
        await self._db.write(lambda connection: connection.execute(query))

    async def turn_to(self, owner: Owner, session_id: str, chapter: int) -> None:
        """Moves the bookmark to the start of a chapter, unless it is further on already."""
        query = (
            update(story_sessions)
            .where(_is(owner, session_id), story_sessions.c.bookmark_chapter < chapter)
            .values(bookmark_chapter=chapter, bookmark_section=0, updated_at=datetime.now(UTC))
        )
        await self._db.write(lambda connection: connection.execute(query))

    async def delete(self, owner: Owner, session_id: str) -> list[str]:
        """Deletes the session and its days; its chapters' runs, which it returns, stay as runs of their own."""

        def work(connection: Connection) -> list[str]:
            lock_owner(connection, owner)  # no chapter of it is stored meanwhile, nor afterwards
            left = leave_series(connection, owner, runs.c.series == session_id)
            connection.execute(delete(story_sessions).where(_is(owner, session_id)))
            return left

        return await self._db.erase(work)

    async def add_minutes(self, owner: Owner, session_id: str, day: date, minutes: float) -> None:
        """Adds to the minutes read on a day. Raises NotFound for the session."""
        row = {"owner": owner, "session_id": session_id, "day": day, "minutes": minutes}
        more = {"minutes": reading_days.c.minutes + minutes}

        def work(connection: Connection) -> None:
            lock_owner(connection, owner)
            check_references(connection, owner, [Reference(story_sessions, session_id, "story_session")])
            connection.execute(upsert(connection, reading_days, row, more))

        await self._db.write(work)

    async def days(self, owner: Owner, session_ids: Sequence[str]) -> dict[str, dict[date, float]]:
        """Minutes by day, by session."""
        query = select(reading_days).where(reading_days.c.owner == owner)
        found: dict[str, dict[date, float]] = {session_id: {} for session_id in session_ids}

        def work(connection: Connection) -> None:
            for row in connection.execute(query.where(reading_days.c.session_id.in_(among(session_ids)))):
                found[row.session_id][row.day] = row.minutes

        await self._db.read(work)
        return found

    async def in_use(self, series: Collection[tuple[Owner, str]], since: datetime) -> set[tuple[Owner, str]]:
        """The sessions of these (owner, id) that something was done with since then."""
        query = select(story_sessions.c.owner, story_sessions.c.id).where(
            story_sessions.c.owner.in_({owner for owner, _ in series}),
            story_sessions.c.id.in_([id for _, id in series]),
            story_sessions.c.updated_at >= since,
        )
        found = await self._db.read(lambda connection: connection.execute(query).all())
        return {(Owner(owner), id) for owner, id in found} & {*series}

    async def old(self, before: datetime) -> list[tuple[Owner, str]]:
        """Some (owner, id) of sessions that nothing was done with since then, and that have no chapter left."""
        chapter = (runs.c.owner == story_sessions.c.owner) & (runs.c.series == story_sessions.c.id)
        query = select(story_sessions.c.owner, story_sessions.c.id).where(
            story_sessions.c.updated_at < before, ~exists(select(runs.c.id).where(chapter))
        )
        return await self._db.read(lambda connection: read_owned(connection, query))


def _new(owner: Owner, values: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": str(ULID()),
        "owner": owner,
        "child_id": None,
        "reader": None,
        "title": None,
        "bookmark_chapter": 1,
        "bookmark_section": 0,
        "timezone": "UTC",
        "created_at": now,
        "updated_at": now,
        **values,
    }


def _check_child(connection: Connection, row: dict[str, Any]) -> None:
    """Raises NotFound where the child was deleted since it was looked up. No deletion of one begins meanwhile."""
    lock_owner(connection, row["owner"])
    if row["child_id"] is not None:
        check_references(connection, row["owner"], [Reference(children, row["child_id"], "child")])


def _is(owner: Owner, session_id: str) -> Any:
    return (story_sessions.c.owner == owner) & (story_sessions.c.id == session_id)


def _session(row: Row[Any]) -> StorySession:
    return StorySession(**row._mapping)
