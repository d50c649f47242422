"""Rows that have been kept for longer than they may be: found whoever's they are, by the time alone."""

from datetime import datetime

from sqlalchemy import Connection, Select, exists, select

from backend.store.database import Database
from backend.store.owner import Owner
from backend.store.tables import children, runs, story_sessions
from backend.store.transitions import FINISHED

_AT_ONCE = 100


class RetentionRepository:
    """Ids, with their owners, of what is older than a moment; at most a hundred at a time."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def old_runs(self, before: datetime) -> list[tuple[Owner, str]]:
        """Runs that ended before then, but for chapters of a story that something was done with since."""
        story = (story_sessions.c.owner == runs.c.owner) & (story_sessions.c.id == runs.c.series)
        goes_on = exists(select(story_sessions.c.id).where(story, story_sessions.c.updated_at >= before))
        query = select(runs.c.owner, runs.c.id).where(
            runs.c.status.in_(FINISHED), runs.c.finished_at < before, ~goes_on
        )
        return await self._some(query)

    async def old_sessions(self, before: datetime) -> list[tuple[Owner, str]]:
        """Stories that nothing was done with since then, and that have no chapter left."""
        chapter = (runs.c.owner == story_sessions.c.owner) & (runs.c.series == story_sessions.c.id)
        query = select(story_sessions.c.owner, story_sessions.c.id).where(
            story_sessions.c.updated_at < before, ~exists(select(runs.c.id).where(chapter))
        )
        return await self._some(query)

    async def old_children(self, before: datetime) -> list[tuple[Owner, str]]:
        """Children whose profile wasn't changed since then, and who have neither a story nor a text left."""
        story = (story_sessions.c.owner == children.c.owner) & (story_sessions.c.child_id == children.c.id)
        text = (runs.c.owner == children.c.owner) & (runs.c.input["child_id"].as_string() == children.c.id)
        query = select(children.c.owner, children.c.id).where(
            children.c.updated_at < before,
            ~exists(select(story_sessions.c.id).where(story)),
            ~exists(select(runs.c.id).where(text)),
        )
        return await self._some(query)

    async def _some(self, query: Select[str, str]) -> list[tuple[Owner, str]]:
        def work(connection: Connection) -> list[tuple[Owner, str]]:
            return [(Owner(owner), id) for owner, id in connection.execute(query.limit(_AT_ONCE))]

        return await self._db.read(work)
