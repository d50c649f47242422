"""Rows of the table of runs: a log belongs to a run that is stored."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update
from ulid import ULID

from backend.log.sql import SqlLog
from backend.store.runs.owned_runs import Lease
from backend.store.runs.runs import NewRun, Run, RunRepository
from backend.store.schema.run_values import RunOptions
from backend.store.schema.tables import cached_results, runs
from backend.store.sql.database import Database

_OF_A_NEW_RUN = set(NewRun.__dataclass_fields__)


async def find_cached(database: Database, key: str) -> str | None:
    """The id of the run whose result is kept under this key, whoever's it is."""
    query = select(cached_results.c.run_id).where(cached_results.c.key == key)
    found: str | None = await database.read(lambda connection: connection.scalar(query))
    return found


async def add_run(repository: RunRepository, **values: Any) -> Run:
    """A run that has just begun, with `values` in place of the usual ones."""
    run = await repository.add(new_run(**{name: values[name] for name in values.keys() & _OF_A_NEW_RUN}))
    assert run is not None
    if rest := {name: values[name] for name in values.keys() - _OF_A_NEW_RUN}:
        run = await change_run(repository, run, **rest)
    return run


def new_run(**values: Any) -> NewRun:
    """What a new run is stored with; its options may be a dict."""
    usual = {
        "id": str(ULID()),
        "owner": "maya",
        "format": "story",
        "model": "openai:test",
        "input": {"theme": "moon"},
    }
    options = values.pop("options", {})
    options = RunOptions.model_validate(options) if isinstance(options, dict) else options
    return NewRun(**{**usual, **values}, options=options)


async def change_run(repository: RunRepository, run: Run, **values: Any) -> Run:
    """The run after these columns were set, whatever it did before: how a test brings it there."""
    query = update(runs).where(runs.c.id == run.id).values(**values)
    await repository._db.write(lambda connection: connection.execute(query))
    changed = await repository.get(run.id)
    assert changed is not None
    return changed


async def finish_run(repository: RunRepository, run: Run, status: str, **values: Any) -> Run:
    """The run after it ended so."""
    ended = {"status": status, "process": None, "finished_at": datetime.now(UTC)}
    return await change_run(repository, run, **{**ended, **values})


async def lease_run(log: SqlLog, run: Run) -> Lease:
    """The lease of whoever takes the run's log over now."""
    return Lease(run.id, run.process, await log.take_over(run.id))


def a_run(**values: Any) -> Run:
    """A run that isn't stored, complete, with `values` in place of the usual ones."""
    columns: dict[str, Any] = dict.fromkeys(each.name for each in fields(Run))
    new = new_run(**{name: values.pop(name) for name in values.keys() & _OF_A_NEW_RUN})
    return Run(**{**columns, **new.row(), "status": "completed", **values})
