"""The runs: what was asked for, how far it is, what came of it. Every query asks for the owner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from backend.store.database import Database
from backend.store.tables import log_archives, log_entries, runs

Status = Literal["running", "waiting", "completed", "failed", "cancelled"]
FINISHED: frozenset[str] = frozenset({"completed", "failed", "cancelled"})
KEPT: frozenset[str] = frozenset({"running", "waiting", "completed"})
"""What keeps its place in a series."""


@dataclass(frozen=True, slots=True)
class Run:
    """One row. `process` is who executes it now, if anybody does; `answer` waits for the graph to take it;
    `deaths` is how many processes died while they executed it, one after another, since it last got on.
    `lifted_seq` is the number of the error in its log that the last resume lifted: the run isn't over by it.

    `series` and `part`: the story whose chapter it is, and which. Failed and cancelled runs aside, a
    series has one run a part.

    A version of another run has its `parent_run_id`, the first of them all as `root_run_id`, and in `origin`
    what it takes over. `plan` is what a version of this run would need beside the text.
    """

    id: str
    owner: str
    format: str
    status: Status
    model: str
    input: dict[str, Any]
    options: dict[str, Any]
    title: str | None
    words: int
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    answer: dict[str, Any] | None
    process: str | None
    stop_requested: bool
    deaths: int
    lifted_seq: int | None
    idempotency_key: str | None
    request_hash: str | None
    series: str | None
    part: int | None
    created_at: datetime
    finished_at: datetime | None
    root_run_id: str | None
    parent_run_id: str | None
    origin: dict[str, Any] | None
    plan: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` runs of one owner and format are paid for that began since `start` and before `end`; None:
    as many as they like. The runs in `spared` don't count."""

    most: int | None
    start: datetime
    end: datetime
    spared: frozenset[str] = frozenset()


class LimitReached(Exception):
    """The limit doesn't allow this run; nothing was stored."""


def new_run(values: Mapping[str, Any]) -> Run:
    """A run that isn't stored yet, as it will be."""
    return Run(**{**dict.fromkeys(each.name for each in fields(Run)), **_new_row(values)})


class RunRepository:
    """Runs in SQL."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, values: Mapping[str, Any], limit: Limit | None = None) -> Run | None:
        """Stores a new run; None if its owner has used this idempotency key before, or its part is taken.

        Raises LimitReached. It is stored and counted in one transaction: of several processes, one gets the
        last place.
        """
        row = _new_row(values)

        def work(connection: Connection) -> Run:
            connection.execute(insert(runs).values(row))
            _check(connection, row["owner"], row["format"], limit)
            return _run(connection.execute(select(runs).where(runs.c.id == row["id"])).one())

        try:
            return await self._db.write(work)
        except IntegrityError:
            return None

    async def find(self, owner: str, run_id: str) -> Run | None:
        """The run, if it is this owner's."""
        return await self._one(runs.c.owner == owner, runs.c.id == run_id)

    async def find_by_key(self, owner: str, key: str) -> Run | None:
        """The run that this owner started with this idempotency key."""
        return await self._one(runs.c.owner == owner, runs.c.idempotency_key == key)

    async def find_part(self, owner: str, series: str, part: int) -> Run | None:
        """The run that is this part of the series: one that is complete, or may come to be."""
        return await self._one(
            runs.c.owner == owner, runs.c.series == series, runs.c.part == part, runs.c.status.in_(KEPT)
        )

    async def parts(self, owner: str, series: Sequence[str]) -> list[Run]:
        """Every run that is, or was to be, a part of one of these series; by part, older tries first."""
        query = (
            select(runs)
            .where(runs.c.owner == owner, runs.c.series.in_(series))
            .order_by(runs.c.part, runs.c.id)
        )
        return await self._db.read(lambda connection: [_run(row) for row in connection.execute(query)])

    async def referring(self, owner: str, field: str, id: str, limit: int | None = None) -> list[Run]:
        """The runs whose input has this id in this field, newest first."""
        query = (
            select(runs)
            .where(runs.c.owner == owner, runs.c.input[field].as_string() == id)
            .order_by(runs.c.id.desc())
            .limit(limit)
        )
        return await self._db.read(lambda connection: [_run(row) for row in connection.execute(query)])

    async def page(
        self, owner: str, *, before: str | None, limit: int, status: str | None, format: str | None
    ) -> list[Run]:
        """Newest first; `before` is the id that the page before ended with (ids sort by time)."""
        query = select(runs).where(runs.c.owner == owner).order_by(runs.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(runs.c.id < before)
        if status is not None:
            query = query.where(runs.c.status == status)
        if format is not None:
            query = query.where(runs.c.format == format)
        return await self._db.read(lambda connection: [_run(row) for row in connection.execute(query)])

    async def versions(self, owner: str, root_run_id: str) -> list[Run]:
        """The first run and all that were made of it, the oldest first."""
        query = (
            select(runs)
            .where(runs.c.owner == owner, or_(runs.c.id == root_run_id, runs.c.root_run_id == root_run_id))
            .order_by(runs.c.id)
        )
        return await self._db.read(lambda connection: [_run(row) for row in connection.execute(query)])

    async def count_used(self, owner: str, format: str, within: Limit) -> int:
        """Runs that were paid for: all but those that failed, were cancelled before a word, or came from a cache."""
        return await self._db.read(lambda connection: _count_used(connection, owner, format, within))

    async def unfinished(self) -> list[Run]:
        """Every run that somebody should be executing, whoever owns it."""
        query = select(runs).where(runs.c.status == "running").order_by(runs.c.id)
        return await self._db.read(lambda connection: [_run(row) for row in connection.execute(query)])

    async def unpacked(
        self, finished_before: datetime, after: Run | None = None, limit: int = 100
    ) -> list[Run]:
        """Runs that ended before then and whose log is not packed yet, those that ended first, first; only
        those behind `after`."""
        has_entries = exists(select(log_entries.c.seq).where(log_entries.c.run_id == runs.c.id))
        query = select(runs).where(runs.c.finished_at < finished_before, has_entries)
        if after is not None:
            behind = and_(runs.c.finished_at == after.finished_at, runs.c.id > after.id)
            query = query.where(or_(runs.c.finished_at > after.finished_at, behind))
        query = query.order_by(runs.c.finished_at, runs.c.id).limit(limit)
        return await self._db.read(lambda connection: [_run(row) for row in connection.execute(query)])

    async def stop_requests(self, process: str) -> list[str]:
        """The runs of this process that another process was asked to stop."""
        query = select(runs.c.id).where(
            runs.c.process == process, runs.c.status == "running", runs.c.stop_requested.is_(True)
        )
        return await self._db.read(lambda connection: list(connection.scalars(query)))

    async def claim(
        self,
        run: Run,
        process: str,
        *,
        afresh: bool = False,
        deaths: int | None = None,
        limit: Limit | None = None,
    ) -> bool:
        """Makes `process` the one that executes the run, unless somebody else was quicker.

        `afresh` is for a run that ended: it lifts the error that is the last word of its log, gives it the
        options of `run`, and forgets that it was to be stopped, and who died of it. Without it, a stop that
        nobody heard is heard by the new process. `deaths` is set in the same step. A failed part of a series
        whose place another run took since can't be claimed. Raises LimitReached, as `add` does.
        """
        changed: dict[str, Any] = {} if deaths is None else {"deaths": deaths}
        if afresh:
            changed = {
                "options": run.options,
                "stop_requested": False,
                "error": None,
                "finished_at": None,
                "deaths": 0,
                "lifted_seq": _last_seq(run.id),
            }
        query = (
            update(runs)
            .where(
                runs.c.id == run.id,
                runs.c.status == run.status,
                runs.c.process.is_not_distinct_from(run.process),
            )
            .values(status="running", process=process, **changed)
        )

        def work(connection: Connection) -> bool:
            claimed = bool(connection.execute(query).rowcount)
            if claimed:
                _check(connection, run.owner, run.format, limit)
            return claimed

        try:
            return await self._db.write(work)
        except IntegrityError:
            return False

    async def answer(self, run: Run, process: str, answer: dict[str, Any]) -> bool:
        """Keeps what a person said to a waiting run and claims it, in one step."""
        query = (
            update(runs)
            .where(runs.c.id == run.id, runs.c.status == "waiting")
            .values(status="running", process=process, answer=answer, stop_requested=False, deaths=0)
        )
        return bool((await self._db.write(lambda connection: connection.execute(query))).rowcount)

    async def update(self, run_id: str, **values: Any) -> None:
        """Sets columns of a run that the caller executes."""
        query = update(runs).where(runs.c.id == run_id).values(**values)
        await self._db.write(lambda connection: connection.execute(query))

    async def finish(self, run_id: str, status: Status, **values: Any) -> None:
        """How it ended."""
        await self.update(run_id, status=status, process=None, finished_at=datetime.now(UTC), **values)

    async def delete(self, owner: str, run_id: str) -> None:
        """Removes the run and, by cascade, its log."""
        query = delete(runs).where(runs.c.owner == owner, runs.c.id == run_id)
        await self._db.erase(lambda connection: connection.execute(query))

    async def _one(self, *conditions: Any) -> Run | None:
        query = select(runs).where(*conditions)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _run(row)


def is_paid_for(run: Run) -> bool:
    """Whether a limit counts the run: one row of what `count_used` counts."""
    if run.status == "failed" or (run.status == "cancelled" and not run.words):
        return False
    return run.result is None or not run.result.get("cached")


def _count_used(connection: Connection, owner: str, format: str, within: Limit) -> int:
    query = select(func.count()).where(
        runs.c.owner == owner,
        runs.c.format == format,
        runs.c.created_at >= within.start,
        runs.c.created_at < within.end,
        runs.c.status != "failed",
        or_(runs.c.status != "cancelled", runs.c.words > 0),
        runs.c.result["cached"].as_boolean().is_not(True),
        runs.c.id.not_in(within.spared),
    )
    return connection.scalar(query) or 0


def _check(connection: Connection, owner: str, format: str, limit: Limit | None) -> None:
    """After the run was put in: it counts itself."""
    if limit is None or limit.most is None:
        return
    if _count_used(connection, owner, format, limit) > limit.most:
        raise LimitReached


def _new_row(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": "running",
        "words": 0,
        "stop_requested": False,
        "deaths": 0,
        "created_at": datetime.now(UTC),
        **values,
    }


def _last_seq(run_id: str) -> ColumnElement[int | None]:
    """The number of the last entry in a run's log, packed or not."""
    entries = select(func.max(log_entries.c.seq)).where(log_entries.c.run_id == run_id)
    packed = select(log_archives.c.last_seq).where(log_archives.c.run_id == run_id)
    return func.coalesce(entries.scalar_subquery(), packed.scalar_subquery())


def _run(row: Row[Any]) -> Run:
    return Run(**row._mapping)
