"""Repository of a run's row for its executing process, fenced: a process that lost the run changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, update

from backend.store.runs.charges import Limit, charge, refund
from backend.store.runs.derived import DerivedRunRepository
from backend.store.runs.fences import hold_epoch
from backend.store.runs.runs import Run, moving
from backend.store.runs.sources import find_source, keep_result
from backend.store.schema.tables import runs
from backend.store.sql.beside_runs import delete_jobs
from backend.store.sql.database import Database
from backend.store.sql.dialect import lock_owner
from backend.store.usage import RunUsage, set_usage
from workflows.errors import Cancelled
from workflows.messages.messages import RunCompleted, RunFailed
from workflows.versions import VersionPlan


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write a run: its row while `process` executes it, and its log while `epoch` is the newest."""

    run_id: str
    process: str | None
    epoch: int


class OwnedRunRepository:
    """Updates of runs by the holder of their lease. False: the lease has been lost, and nothing was changed.

    The row of a run that has ended isn't synced to the disk: its last message is there, and the row, its charge and its
    usage are made from the log again if a power cut takes them.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self.derived = DerivedRunRepository(database)

    async def complete(
        self,
        lease: Lease,
        run: Run,
        result: RunCompleted,
        plan: VersionPlan | None,
        *,
        bought: bool,
        usage: RunUsage | None = None,
    ) -> bool:
        """Stores the result with the run's usage, and caches it if the run has a cache key and isn't a copy. A run that
        bought nothing isn't charged."""
        values = {
            "result": result,
            "plan": plan,
            "title": result.title,
            "words": sum(section.words for section in result.sections),
            "section_count": len(result.sections),
        }

        def keep(connection: Connection) -> None:
            if run.cache_key is not None and not result.cached:
                keep_result(connection, run.owner, run.cache_key, run.id)

        return await self._end(lease, moving("complete").values(values), bought, usage, keep)

    async def fail(
        self,
        lease: Lease,
        error: RunFailed,
        title: str | None,
        *,
        bought: bool,
        usage: RunUsage | None = None,
    ) -> bool:
        """Stores the error, and the usage, of a run that was cancelled or failed."""
        event = moving("cancel" if error.code == Cancelled.code else "fail")
        return await self._end(
            lease, event.values(error=error, title=title, words=error.partial.words), bought, usage
        )

    async def release(
        self, lease: Lease, *, waits: bool, title: str | None, words: int, usage: RunUsage | None = None
    ) -> bool:
        """Releases the run: it `waits` for a person, or another process resumes it. Stores its usage so far."""
        query = moving("ask" if waits else "release").values(process=None, title=title, words=words)
        return await self._write(lease, query, usage=usage)

    async def reset_crash_count(self, lease: Lease) -> bool:
        """Resets the crash count of a run that made progress."""
        return await self._write(lease, update(runs).values(crash_count=0))

    async def choose_source(
        self, lease: Lease, run: Run, kept_since: datetime | None, limit: Limit | None
    ) -> tuple[bool, str | None]:
        """Chooses anew which run this one copies: (lease held, source). None: it is to be written, and is charged in
        the same transaction. Raises LimitReached."""

        def work(connection: Connection) -> tuple[bool, str | None]:
            lock_owner(connection, run.owner)
            source = find_source(connection, run.owner, run.cache_key, kept_since, run.id)
            mine = (runs.c.owner == run.owner) & _is_executed_by(lease)
            query = update(runs).where(mine).values(source_run_id=source)
            is_held = hold_epoch(connection, lease.run_id, lease.epoch)
            if not is_held or not connection.execute(query).rowcount:
                return False, None
            if source is None:
                charge(connection, run.id, run.owner, run.format, limit)
            return True, source

        return await self._db.write(work)

    async def _end(
        self,
        lease: Lease,
        query: Any,
        bought: bool,
        usage: RunUsage | None,
        also: Callable[[Connection], None] = lambda _: None,
    ) -> bool:
        def after(connection: Connection) -> None:
            also(connection)
            delete_jobs(connection, [lease.run_id])  # of one that was cancelled before a worker took it
            if not bought:
                refund(connection, lease.run_id)

        values = {"process": None, "finished_at": datetime.now(UTC)}
        return await self._db.write_unsynced(_update(lease, query.values(values), after, usage))

    async def _write(self, lease: Lease, query: Any, usage: RunUsage | None = None) -> bool:
        return await self._db.write(_update(lease, query, lambda _: None, usage))


def _update(
    lease: Lease, query: Any, after: Callable[[Connection], None], usage: RunUsage | None
) -> Callable[[Connection], bool]:
    """A transaction that updates the run's row while the lease is held, and says whether it was."""

    def work(connection: Connection) -> bool:
        if usage is not None:
            set_usage(connection, usage, lease.epoch)
        if not hold_epoch(connection, lease.run_id, lease.epoch):
            return False
        changed = bool(connection.execute(query.where(_is_executed_by(lease))).rowcount)
        if changed:
            after(connection)
        return changed

    return work


def _is_executed_by(lease: Lease) -> ColumnElement[bool]:
    return and_(runs.c.id == lease.run_id, runs.c.process.is_not_distinct_from(lease.process))
