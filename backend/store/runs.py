"""Repository of runs: their requests, states and results.

Every query of a user's asks for the owner. Writes by the process that executes a run are in `owned_runs.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.exc import IntegrityError

from backend.store.charges import Limit, charge
from backend.store.database import Database
from backend.store.dialect import lock_owner
from backend.store.erasing import delete_runs
from backend.store.json_sql import among, without_keys
from backend.store.owner import Owner
from backend.store.paging import newest_first
from backend.store.run_records import NewRun, Run, RunAssignment, RunPart, RunSummary, RunVersion
from backend.store.run_values import STORED_CHANGE, RunOptions, VersionChange
from backend.store.sources import find_source
from backend.store.tables import log_archives, log_entries, runs
from backend.store.threads import ThreadPlace, take_place
from backend.store.transitions import EXECUTING, FINISHED, MOVES, OCCUPYING, Event
from workflows.messages.messages import OutlinePlanned, RunCompleted

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

_SUMMARY = [runs.c[each.name] for each in fields(RunSummary)]
_ASSIGNMENT = [runs.c[each.name] for each in fields(RunAssignment)]
_PART = [*_SUMMARY, runs.c.input, without_keys(runs.c.result, RunCompleted.model_fields).label("results")]
_VERSION = [*_SUMMARY, type_coerce(runs.c.origin, JSON)[STORED_CHANGE].label("change")]
_WHOLE = [runs.c[each.name] for each in fields(Run)]


def _not_at_all(connection: Connection, run_id: str) -> None:
    """Where runs execute in the process that stores them."""


def _of_key(owner: Owner, prefix: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Conditions on runs that this owner started with an idempotency key that begins so."""
    return runs.c.owner == owner, runs.c.idempotency_key.startswith(prefix, autoescape=True)


class RunRepository:
    """Runs in SQL."""

    def __init__(self, database: Database, enqueue: Enqueue = _not_at_all) -> None:
        """`enqueue` is called in the transaction that makes a run executable, where it is to wait for a worker."""
        self._db = database
        self._enqueue = enqueue

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
        the last place, and one writes what many ask for at once.
        """

        def work(connection: Connection) -> Run | None:
            lock_owner(connection, new.owner)
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
            stored = _run(connection.execute(select(*_WHOLE).where(mine)).one())
            self._enqueue(connection, new.id)  # the last of all: starts wait for each other from here on
            return stored

        try:
            return await self._db.write(work)
        except IntegrityError:
            return None

    async def get(self, run_id: str) -> Run | None:
        """The run, whoever owns it: for its execution."""
        return await self._one(runs.c.id == run_id)

    async def find(self, owner: Owner, run_id: str) -> Run | None:
        """The run, if it is this owner's."""
        return await self._one(runs.c.owner == owner, runs.c.id == run_id)

    async def find_by_key(self, owner: Owner, key: str) -> Run | None:
        """The run that this owner started with this idempotency key."""
        return await self._one(runs.c.owner == owner, runs.c.idempotency_key == key)

    async def newest_by_key(self, owner: Owner, prefix: str) -> Run | None:
        """The newest run that this owner started with an idempotency key that begins so."""
        newest = select(func.max(runs.c.id)).where(*_of_key(owner, prefix)).scalar_subquery()
        return await self._one(runs.c.owner == owner, runs.c.id == newest)

    async def by_key(self, owner: Owner, prefix: str) -> list[Run]:
        """All runs that this owner started with an idempotency key that begins so, oldest first."""
        found = select(*_WHOLE).where(*_of_key(owner, prefix)).order_by(runs.c.id)
        return await self._many(found, _run)

    async def find_part(self, owner: Owner, series: str, part: int) -> Run | None:
        """The run that is this part of the series: one that is complete, or still may be."""
        return await self._one(
            runs.c.owner == owner, runs.c.series == series, runs.c.part == part, runs.c.status.in_(OCCUPYING)
        )

    async def parts(self, owner: Owner, series: Sequence[str]) -> list[RunPart]:
        """All runs that are, or were meant to be, parts of these series; of each by part, older tries first."""
        return await self._parts(_PART, owner, series, _part)

    async def part_summaries(self, owner: Owner, series: Sequence[str]) -> list[RunSummary]:
        """`parts` without their inputs and results."""
        return await self._parts(_SUMMARY, owner, series, _summary)

    async def inputs_with(
        self, owner: Owner, field: str, id: str, limit: int | None = None
    ) -> list[tuple[str, dict[str, Any]]]:
        """(run id, input) of the runs whose input has this id in this field, newest first."""
        query = (
            select(runs.c.id, runs.c.input)
            .where(runs.c.owner == owner, runs.c.input[field].as_string() == id)
            .order_by(runs.c.id.desc())
            .limit(limit)
        )
        return await self._many(query, lambda row: (row.id, row.input))

    async def page(
        self,
        owner: Owner,
        *,
        before: str | None = None,
        limit: int,
        status: str | None = None,
        format: str | None = None,
    ) -> list[RunSummary]:
        """A page of runs, newest first; `before` is the last id of the previous page (ids sort by time)."""
        query = newest_first(select(*_SUMMARY).where(runs.c.owner == owner), runs.c.id, before, limit)
        if status is not None:
            query = query.where(runs.c.status == status)
        if format is not None:
            query = query.where(runs.c.format == format)
        return await self._many(query, _summary)

    async def versions(self, owner: Owner, root_run_id: str) -> list[RunVersion]:
        """The first version and all runs derived from it, oldest first."""
        query = (
            select(*_VERSION)
            .where(runs.c.owner == owner, or_(runs.c.id == root_run_id, runs.c.root_run_id == root_run_id))
            .order_by(runs.c.id)
        )
        return await self._many(query, _version)

    async def version_ids(self, owner: Owner, root_run_ids: Sequence[str]) -> list[str]:
        """The ids of all runs derived from these."""
        mine = (runs.c.owner == owner, runs.c.root_run_id.in_(among(root_run_ids)))
        return await self._many(select(runs.c.id).where(*mine).order_by(runs.c.id), lambda row: row.id)

    async def unfinished(self) -> list[RunAssignment]:
        """All owners' runs that should be executing."""
        query = select(*_ASSIGNMENT).where(runs.c.status.in_(EXECUTING)).order_by(runs.c.id)
        return await self._many(query, lambda row: RunAssignment(**row._mapping))

    async def unpacked(
        self, finished_before: datetime, after: RunSummary | None = None, limit: int = 100
    ) -> list[RunSummary]:
        """Runs that ended before then and whose log isn't packed yet, in the order of their ends; after
        `after`."""
        has_entries = exists(select(log_entries.c.seq).where(log_entries.c.run_id == runs.c.id))
        query = select(*_SUMMARY).where(runs.c.finished_at < finished_before, has_entries)
        if after is not None:
            behind = and_(runs.c.finished_at == after.finished_at, runs.c.id > after.id)
            query = query.where(or_(runs.c.finished_at > after.finished_at, behind))
        return await self._many(query.order_by(runs.c.finished_at, runs.c.id).limit(limit), _summary)

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
        isn't given another's text any more, and wasn't charged so far, is charged; raises LimitReached.
        """
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
            lock_owner(connection, run.owner)
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
        LimitReached where it is one too many at once: a run that waits isn't under way."""
        query = (
            moving("answer")
            .where(runs.c.owner == run.owner, runs.c.id == run.id)
            .values(process=process, answer=answer, stop_requested=False, crash_count=0)
        )

        def work(connection: Connection) -> bool:
            lock_owner(connection, run.owner)
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
        await self._write(query)

    async def owned_by(self, process: str) -> dict[str, bool]:
        """The runs assigned to this process, and whether each has a stop request."""
        query = select(runs.c.id, runs.c.stop_requested).where(
            runs.c.process == process, runs.c.status.in_(EXECUTING)
        )
        return dict(await self._many(query, lambda row: (row.id, row.stop_requested)))

    async def beat(self, run_ids: Sequence[str]) -> None:
        """Marks these runs as being read."""
        query = update(runs).where(runs.c.id.in_(among(run_ids))).values(reader_beats=runs.c.reader_beats + 1)
        await self._write(query)

    async def beats(self, run_ids: Sequence[str]) -> dict[str, int]:
        """The number of read marks of each run."""
        query = select(runs.c.id, runs.c.reader_beats).where(runs.c.id.in_(among(run_ids)))
        return dict(await self._many(query, lambda row: (row.id, row.reader_beats)))

    async def rename(self, owner: Owner, run_id: str, title: str) -> bool:
        """Sets the title of a run that has ended; False while it goes on, since its end sets one too."""
        same = (runs.c.owner == owner, runs.c.id == run_id)
        return await self._write(update(runs).where(*same, runs.c.status.in_(FINISHED)).values(title=title))

    async def delete(self, owner: Owner, run_id: str) -> None:
        """Deletes the run and its log; where they are in the same database, its checkpoints."""
        same = (runs.c.owner == owner, runs.c.id == run_id)
        await self._db.erase(lambda connection: delete_runs(connection, *same))

    async def _write(self, query: Any) -> bool:
        return bool(await self._db.write(lambda connection: connection.execute(query).rowcount))

    async def _many(self, query: Select[Any], make: Callable[[Row[Any]], Any]) -> list[Any]:
        return await self._db.read(lambda connection: [make(row) for row in connection.execute(query)])

    async def _parts(
        self, columns: Sequence[Any], owner: Owner, series: Sequence[str], make: Callable[[Row[Any]], Any]
    ) -> list[Any]:
        query = select(*columns).where(runs.c.owner == owner, runs.c.series.in_(among(series)))
        return await self._many(query.order_by(runs.c.part, runs.c.id), make)

    async def _one(self, *conditions: ColumnElement[bool]) -> Run | None:
        query = select(*_WHOLE).where(*conditions)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _run(row)


def moving(event: Event) -> Update:
    """An UPDATE that makes this move, for runs in a state that allows it."""
    move = MOVES[event]
    return update(runs).where(runs.c.status.in_(move.sources)).values(status=move.target)


def _last_seq(run_id: str) -> ColumnElement[int | None]:
    """The number of the last entry in a run's log, packed or not."""
    entries = select(func.max(log_entries.c.seq)).where(log_entries.c.run_id == run_id)
    packed = select(log_archives.c.last_seq).where(log_archives.c.run_id == run_id)
    return func.coalesce(entries.scalar_subquery(), packed.scalar_subquery())


def _run(row: Row[Any]) -> Run:
    return Run(**row._mapping)


def _summary(row: Row[Any]) -> RunSummary:
    return RunSummary(**row._mapping)


def _part(row: Row[Any]) -> RunPart:
    return RunPart(**{**row._mapping, "results": row.results or {}})


def _version(row: Row[Any]) -> RunVersion:
    change = None if row.change is None else VersionChange.model_validate(row.change)
    return RunVersion(**{**row._mapping, "change": change})
