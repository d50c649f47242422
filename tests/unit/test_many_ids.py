"""Statements about more things at once than a database binds values in one."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.store.accounts.streams import StreamRepository
from backend.store.runs.runs import RunRepository
from backend.store.runs.shares import ShareRepository
from backend.store.sql.database import Database
from backend.stories.store.sessions import SessionRepository
from tests.unit.stored_runs import add_run

pytestmark = pytest.mark.engine("sqlite", "postgresql")
NO_SUCH_IDS = [f"none{number}" for number in range(250_001)]
"""SQLite, as it is commonly built, binds 250,000 values, and PostgreSQL 65,535."""


async def test_links_of_any_number_of_runs_are_removed_at_once(
    database: Database, repository: RunRepository
) -> None:
    shares, until = ShareRepository(database), datetime.now(UTC) + timedelta(days=1)
    first, last, other = [await add_run(repository) for _ in range(3)]
    for run in (first, last, other):
        await shares.put(run.owner, run.id, run.id, until)
    await shares.remove_all(first.owner, [first.id, *NO_SUCH_IDS, last.id])
    assert [share.run_id for share in await shares.page(first.owner, before=None, limit=9)] == [other.id]


async def test_parts_of_any_number_of_series_are_listed(repository: RunRepository) -> None:
    first, last = await add_run(repository, series="A", part=1), await add_run(repository, series="B", part=1)
    series = ["A", *NO_SUCH_IDS, "B"]
    assert [run.id for run in await repository.part_summaries(first.owner, series)] == [first.id, last.id]
    assert [run.id for run in await repository.parts(first.owner, series)] == [first.id, last.id]


async def test_days_of_any_number_of_sessions_are_listed(
    database: Database, repository: RunRepository
) -> None:
    sessions, today = SessionRepository(database), datetime.now(UTC).date()
    owner = (await add_run(repository)).owner
    session = await sessions.add(owner, theme="dragons", planned_chapters=3)
    await sessions.add_minutes(owner, session.id, today, 5)
    assert (await sessions.days(owner, [*NO_SUCH_IDS, session.id]))[session.id] == {today: 5}


async def test_readers_of_any_number_of_runs_are_marked_and_counted(
    database: Database, repository: RunRepository
) -> None:
    run = await add_run(repository)
    await repository.mark_read([*NO_SUCH_IDS, run.id])
    assert await repository.read_marks([run.id, *NO_SUCH_IDS]) == {run.id: 1}
    await StreamRepository(database).beat(NO_SUCH_IDS)
