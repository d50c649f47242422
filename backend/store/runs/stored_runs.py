"""Stored runs, read one by one, in pages and in lists. Every query of a user's asks for the owner."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Row,
    Select,
    and_,
    exists,
    func,
    or_,
    select,
    type_coerce,
)

from backend.store.owner import Owner
from backend.store.runs.run_records import Run, RunAssignment, RunPart, RunSummary, RunVersion
from backend.store.schema.run_values import STORED_CHANGE, VersionChange
from backend.store.schema.tables import log_entries, runs
from backend.store.schema.transitions import EXECUTING, OCCUPYING
from backend.store.sql.database import Database
from backend.store.sql.json_sql import among, without_keys
from backend.store.sql.paging import newest_first
from workflows.messages.messages import RunCompleted

_SUMMARY = [runs.c[each.name] for each in fields(RunSummary)]
_ASSIGNMENT = [runs.c[each.name] for each in fields(RunAssignment)]
_PART = [*_SUMMARY, runs.c.input, without_keys(runs.c.result, RunCompleted.model_fields).label("results")]
_VERSION = [*_SUMMARY, type_coerce(runs.c.origin, JSON)[STORED_CHANGE].label("change")]
WHOLE = [runs.c[each.name] for each in fields(Run)]


class StoredRuns:
    """Stored runs in SQL, to be read."""

    def __init__(self, database: Database) -> None:
        self._db = database

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
        newest = select(func.max(runs.c.id)).where(*of_key(owner, prefix)).scalar_subquery()
        return await self._one(runs.c.owner == owner, runs.c.id == newest)

    async def by_key(self, owner: Owner, prefix: str) -> list[Run]:
        """All runs that this owner started with an idempotency key that begins so, oldest first."""
        found = select(*WHOLE).where(*of_key(owner, prefix)).order_by(runs.c.id)
        return await self._many(found, as_run)

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

    async def owned_by(self, process: str) -> dict[str, bool]:
        """The runs assigned to this process, and whether each has a stop request."""
        query = select(runs.c.id, runs.c.stop_requested).where(
            runs.c.process == process, runs.c.status.in_(EXECUTING)
        )
        return dict(await self._many(query, lambda row: (row.id, row.stop_requested)))

    async def read_marks(self, run_ids: Sequence[str]) -> dict[str, int]:
        """The number of read marks of each run."""
        query = select(runs.c.id, runs.c.reader_beats).where(runs.c.id.in_(among(run_ids)))
        return dict(await self._many(query, lambda row: (row.id, row.reader_beats)))

    async def _many(self, query: Select[Any], make: Callable[[Row[Any]], Any]) -> list[Any]:
        return await self._db.read(lambda connection: [make(row) for row in connection.execute(query)])

    async def _parts(
        self, columns: Sequence[Any], owner: Owner, series: Sequence[str], make: Callable[[Row[Any]], Any]
    ) -> list[Any]:
        query = select(*columns).where(runs.c.owner == owner, runs.c.series.in_(among(series)))
        return await self._many(query.order_by(runs.c.part, runs.c.id), make)

    async def _one(self, *conditions: ColumnElement[bool]) -> Run | None:
        query = select(*WHOLE).where(*conditions)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else as_run(row)


def of_key(owner: Owner, prefix: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Conditions on runs that this owner started with an idempotency key that begins so."""
    return runs.c.owner == owner, runs.c.idempotency_key.startswith(prefix, autoescape=True)


def as_run(row: Row[Any]) -> Run:
    """The run of a row with all columns."""
    return Run(**row._mapping)


def _summary(row: Row[Any]) -> RunSummary:
    return RunSummary(**row._mapping)


def _part(row: Row[Any]) -> RunPart:
    return RunPart(**{**row._mapping, "results": row.results or {}})


def _version(row: Row[Any]) -> RunVersion:
    change = None if row.change is None else VersionChange.model_validate(row.change)
    return RunVersion(**{**row._mapping, "change": change})
