"""Repository of runs: their requests, states and results.

They are read in `stored_runs.py`; writes by the process that executes a run are in `owned_runs.py`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from backend.store.accounts.callers import current_caller, lock_for_caller
from backend.store.owner import Owner
from backend.store.runs.charges import Limit, charge
from backend.store.runs.derived import DerivedRunRepository, delete_run
from backend.store.runs.run_records import NewRun, Run, RunAssignment, RunPart, RunSummary, RunVersion
from backend.store.runs.sources import find_source
from backend.store.runs.stored_runs import WHOLE, StoredRuns, as_run
from backend.store.schema.run_values import RunOptions
from backend.store.schema.tables import log_archives, log_entries, runs
from backend.store.schema.transitions import FINISHED, MOVES, Event
from backend.store.sql.database import Database
from backend.store.sql.dialect import announce_stop, lock_owner
from backend.store.sql.json_sql import among
from backend.store.threads import ThreadPlace, take_place
from workflows.messages.messages import OutlinePlanned

__all__ = [
    "Enqueue",
    "NewRun",
    "Run",
    "RunAssignment",
    "RunPart",
    "RunRepository",
    "RunSummary",
    "RunVersion",
    "moving",
]

Enqueue = Callable[[Connection, str], None]
"""Puts a run that is stored as running into the queue, in the transaction that stores it."""


def _not_at_all(connection: Connection, run_id: str) -> None:
    """Where runs execute in the process that stores them."""


class RunRepository(StoredRuns):
    """Runs in SQL: reads, and the moves of `transitions.py`."""

    def __init__(self, database: Database, enqueue: Enqueue = _not_at_all) -> None:
        """`enqueue` is called in the transaction that makes a run executable, where it is to wait for a worker."""
        super().__init__(database)
        self._enqueue = enqueue
        self.derived = DerivedRunRepository(database)

    async def add(
        self,
        new: NewRun,
        *,
        limit: Limit | None = None,
        kept_since: datetime | None = None,
        also: Callable[[Connection], None] | None = None,
        place: ThreadPlace | None = None,
    ) -> Run | None:
        """Stores a new run; None if its owner has used this idempotency key before, or its `place` in a thread, or its
        part in a series, is taken. `also` stores what belongs to it.

        It is given the text of another run of the same `cache_key` if one was kept since `kept_since`, or is being
        written; otherwise it is charged. Raises LimitReached. All in one transaction: of several processes, one gets
        the last place, and one writes what many ask for at once. Raises Unauthenticated as `lock_for_caller`.
        """
        caller = current_caller()

        def work(connection: Connection) -> Run | None:
            lock_for_caller(connection, new.owner, caller)
            if place is not None and not take_place(connection, new.owner, place):
                return None
            source = find_source(connection, new.owner, new.cache_key, kept_since, new.id)
            connection.execute(insert(runs).values({**new.row(), "source_run_id": source}))
            if source is None:
                replaced = None if place is None else place.replaces
                charge(connection, new.id, new.owner, new.format, limit, replaced)
            if also is not None:
                also(connection)
            mine = (runs.c.owner == new.owner) & (runs.c.id == new.id)
            stored = as_run(connection.execute(select(*WHOLE).where(mine)).one())
            self._enqueue(connection, new.id)  # the last of all: starts wait for each other from here on
            return stored

        try:
            return await self._db.write(work)
        except IntegrityError:
            return None

    async def take_over(
        self,
        run: RunAssignment | Run,
        process: str | None,
        *,
        crash_count: int | None = None,
        stop: bool = False,
    ) -> bool:
        """Assigns the run to `process`; False if another process was quicker.

        `crash_count` is set in the same step, if given; with `stop` the run is to be stopped. A stop that nobody
        heard so far is heard by the new process either way.
        """
        changed: dict[str, Any] = {} if crash_count is None else {"crash_count": crash_count}
        if stop:
            changed["stop_requested"] = True
        query = (
            moving("take_over")
            .where(
                runs.c.owner == run.owner,
                runs.c.id == run.id,
                runs.c.status == run.status,
                runs.c.process.is_not_distinct_from(run.process),
            )
            .values(process=process, **changed)
        )
        return await self._write(query)

    async def resume(
        self,
        run: Run,
        process: str | None,
        options: RunOptions,
        *,
        limit: Limit | None = None,
        kept_since: datetime | None = None,
    ) -> bool:
        """Resumes an ended run in `process`, with these options; False if somebody else has resumed it since it was
        read, whatever became of it then.

        The error that is the last word of its log is superseded, and it is forgotten that it was to be stopped and
        how often it broke off. A failed part of a series whose place another run took since can't go on. A run that
        isn't given another's text any more, and wasn't charged so far, is charged; raises LimitReached, and
        Unauthenticated as `lock_for_caller`.
        """
        caller = current_caller()
        query = (
            moving("resume")
            .where(
                runs.c.owner == run.owner,
                runs.c.id == run.id,
                runs.c.status == run.status,
                # It may have been resumed since it was read, and have ended again: `options` come from what was read.
                runs.c.finished_at.is_not_distinct_from(run.finished_at),
                runs.c.superseded_error_seq.is_not_distinct_from(run.superseded_error_seq),
            )
            .values(
                process=process,
                options=options,
                stop_requested=False,
                error=None,
                finished_at=None,
                crash_count=0,
                superseded_error_seq=_last_seq(run.id),
            )
        )

        def work(connection: Connection) -> bool:
            lock_for_caller(connection, run.owner, caller)
            source = None
            if run.source_run_id is not None:
                source = find_source(connection, run.owner, run.cache_key, kept_since, run.id)
            resumed = bool(connection.execute(query.values(source_run_id=source)).rowcount)
            if resumed and source is None:
                charge(connection, run.id, run.owner, run.format, limit)
            if resumed:
                self._enqueue(connection, run.id)
            return resumed

        try:
            return await self._db.write(work)
        except IntegrityError:
            return False

    async def answer(
        self, run: Run, process: str | None, answer: OutlinePlanned, *, limit: Limit | None = None
    ) -> bool:
        """Stores a person's answer to a waiting run, which continues in `process`, in one transaction. Raises
        LimitReached where it is one too many at once: a run that waits isn't under way; Unauthenticated as
        `lock_for_caller`."""
        caller = current_caller()
        query = (
            moving("answer")
            .where(runs.c.owner == run.owner, runs.c.id == run.id)
            .values(process=process, answer=answer, stop_requested=False, crash_count=0)
        )

        def work(connection: Connection) -> bool:
            lock_for_caller(connection, run.owner, caller)
            if not connection.execute(query).rowcount:
                return False
            if run.source_run_id is None:
                charge(connection, run.id, run.owner, run.format, limit)
            self._enqueue(connection, run.id)
            return True

        return await self._db.write(work)

    async def request_stop(self, run_id: str, process: str) -> None:
        """Requests a stop from the process that executes the run."""
        query = update(runs).where(runs.c.id == run_id, runs.c.process == process).values(stop_requested=True)

        def work(connection: Connection) -> None:
            if connection.execute(query).rowcount:
                announce_stop(connection, run_id)

        await self._db.write(work)

    async def mark_read(self, run_ids: Sequence[str]) -> None:
        """Marks these runs as being read."""
        query = update(runs).where(runs.c.id.in_(among(run_ids))).values(reader_beats=runs.c.reader_beats + 1)
        await self._write(query)

    async def rename(self, owner: Owner, run_id: str, title: str) -> bool:
        """Sets the title of a run that has ended; False while it goes on, since its end sets one too."""
        same = (runs.c.owner == owner, runs.c.id == run_id)
        return await self._write(update(runs).where(*same, runs.c.status.in_(FINISHED)).values(title=title))

    async def delete(self, owner: Owner, run_id: str) -> None:
        """Deletes the run and its log; where they are in the same database, its checkpoints. Its versions keep none of
        its text but what is their own."""

        def work(connection: Connection) -> None:
            lock_owner(connection, owner)  # no version of it, nor a later part, is stored meanwhile
            delete_run(connection, owner, run_id)

        await self._db.erase(work)

    async def _write(self, query: Any) -> bool:
        return bool(await self._db.write(lambda connection: connection.execute(query).rowcount))


def moving(event: Event) -> Update:
    """An UPDATE that makes this move, for runs in a state that allows it."""
    move = MOVES[event]
    return update(runs).where(runs.c.status.in_(move.sources)).values(status=move.target)


def _last_seq(run_id: str) -> ColumnElement[int | None]:
    """The number of the last entry in a run's log, packed or not."""
    entries = select(func.max(log_entries.c.seq)).where(log_entries.c.run_id == run_id)
    packed = select(log_archives.c.last_seq).where(log_archives.c.run_id == run_id)
    return func.coalesce(entries.scalar_subquery(), packed.scalar_subquery())
