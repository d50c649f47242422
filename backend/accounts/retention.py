"""Retention: what is kept for longer than it may be is deleted, with everything that belongs to it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog

from backend.runs.commands import RunCommands
from backend.store.children import ChildRepository
from backend.store.owner import Owner
from backend.store.retention import RetentionRepository
from backend.store.sessions import SessionRepository
from workflows.errors import NotFound

log = structlog.get_logger()

EVERY_SECONDS = 3600.0

Find = Callable[[datetime], Awaitable[list[tuple[Owner, str]]]]
Delete = Callable[[Owner, str], Awaitable[None]]


class Retention:
    """Periodic deletion. What something was done with within `kept_for` stays, with all that it needs."""

    def __init__(
        self,
        repository: RetentionRepository,
        runs: RunCommands,
        sessions: SessionRepository,
        children: ChildRepository,
        kept_for: timedelta,
    ) -> None:
        self._repository = repository
        self._runs = runs
        self._sessions = sessions
        self._children = children
        self._kept_for = kept_for

    async def apply(self) -> int:
        """Deletes what is too old: runs first, then stories without chapters, then children without either; returns
        how many things that were."""
        before = datetime.now(UTC) - self._kept_for
        deleted = await self._delete_all(self._repository.old_runs, self._delete_run, before)
        deleted += await self._delete_all(self._repository.old_sessions, self._sessions.delete, before)
        deleted += await self._delete_all(self._repository.old_children, self._children.delete, before)
        if deleted:
            log.info("retention", deleted=deleted)
        return deleted

    async def _delete_run(self, owner: Owner, run_id: str) -> None:
        with suppress(NotFound):  # somebody else deletes the same
            await self._runs.delete(owner, run_id)

    @staticmethod
    async def _delete_all(find: Find, delete: Delete, before: datetime) -> int:
        """A few at a time, as long as there are any that weren't tried yet."""
        tried: set[str] = set()
        while found := [(owner, id) for owner, id in await find(before) if id not in tried]:
            for owner, id in found:
                tried.add(id)
                await delete(owner, id)
        return len(tried)
