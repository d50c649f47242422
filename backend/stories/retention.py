"""Retention of children and stories."""

from collections.abc import Collection
from datetime import datetime

from backend.runs.retention import delete_all
from backend.store.owner import Owner
from backend.stories.store.children import ChildRepository
from backend.stories.store.sessions import SessionRepository


class StoryRetention:
    """Children and stories that grow old. A story's chapters are the runs of its series."""

    def __init__(self, sessions: SessionRepository, children: ChildRepository) -> None:
        self._sessions = sessions
        self._children = children

    async def in_use(self, series: Collection[tuple[Owner, str]], since: datetime) -> set[tuple[Owner, str]]:
        """The stories of these that something was done with since."""
        return await self._sessions.in_use(series, since)

    async def delete_old(self, before: datetime) -> int:
        """Deletes stories without chapters, then children without either."""
        deleted = await delete_all(self._sessions.old, self._sessions.delete, before)
        return deleted + await delete_all(self._children.old, self._children.delete, before)
