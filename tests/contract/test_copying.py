"""Data of a SQLite folder in PostgreSQL: every row, every byte of the logs, every checkpoint, or nothing."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from sqlalchemy import Connection, Row, Select, select, text

from backend.log.entry import Entry
from backend.runs.engine.liveness import PROCESSES, FileLiveness
from backend.settings import Settings
from backend.storage import copy_database
from backend.store.accounts.accounts import AccountRepository, NewAccount
from backend.store.postgres.checkpoints import open_postgres_checkpoints
from backend.store.postgres.database import PostgresDatabase
from backend.store.runs.runs import RunRepository
from backend.store.runs.shares import ShareRepository
from backend.store.schema.schema import complete_metadata
from backend.store.setup.copying import CopyError
from backend.store.setup.migrating import SchemaError
from backend.store.sqlite.checkpoints import open_checkpoints
from backend.store.sqlite.database import SqliteDatabase
from backend.stories.store.children import ChildRepository
from backend.stories.store.sessions import SessionRepository
from tests.databases import close_database, migrate, open_log
from tests.unit.messages import complete
from tests.unit.stored_runs import add_run, change_run, finish_run

pytestmark = pytest.mark.engine("postgresql")
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """A SQLite database that was in use."""
    folder = tmp_path / "old"
    folder.mkdir()
    await migrate(f"sqlite:///{folder / 'storywire.db'}")
    opened = SqliteDatabase(f"sqlite:///{folder / 'storywire.db'}")
    yield opened
    await close_database(opened)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "old" / "storywire.db"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, data_dir=tmp_path / "new")


async def fill(database: SqliteDatabase, file: Path) -> dict[str, str]:
    """Rows of many kinds; the ids of three runs by their state."""
    repository, log = RunRepository(database), open_log(database)
    account = await AccountRepository(database).add(NewAccount("maya@example.org", verified=True))
    assert account is not None
    await ChildRepository(database).add(account.id, {"name": "Zoë \N{OWL}", "age": 6}, consent=True)
    session = await SessionRepository(database).add(account.id, theme="mo\x00on", planned_chapters=5)
    await SessionRepository(database).add_minutes(account.id, session.id, LATER.date(), 1.25)
    ids = {}
    for state in ("completed", "failed", "running"):
        run = await add_run(repository, owner=account.id, process="P")
        ids[state] = run.id
        entries = [Entry(seq, "content", "\x01 Zoë \N{OWL}".encode() * seq) for seq in range(1, 40)]
        await log.append(run.id, await log.take_over(run.id), entries)
        if state == "completed":
            await change_run(repository, run, status="completed", result=complete("Nul \x00 and \N{OWL}."))
            await ShareRepository(database).put(account.id, run.id, "h" * 64, LATER)
        if state == "failed":
            await finish_run(repository, run, "failed")
            log.let_go(run.id)
            await log.pack(run.id)
    async with open_checkpoints(file.parent) as checkpoints:
        for number in range(3):
            config: Any = {"configurable": {"thread_id": ids["running"], "checkpoint_ns": ""}}
            checkpoint = empty_checkpoint()
            checkpoint["channel_values"] = {"sections": ["x" * number], "number": number}
            checkpoint["channel_versions"] = {"sections": f"{number + 1}", "number": f"{number + 1}"}
            last = await checkpoints.aput(
                config, checkpoint, {"step": number}, checkpoint["channel_versions"]
            )
        await checkpoints.aput_writes(last, [("a", 1), ("b", ["two"])], "task")
    return ids


async def rows(database: SqliteDatabase | PostgresDatabase) -> dict[str, list[Any]]:
    """All rows, as this release understands them."""
    found = {}
    for table in complete_metadata().sorted_tables:
        columns = [column for column in table.c if (table.name, column.name) != ("runs", "process")]
        query = select(*columns).order_by(*table.primary_key.columns)
        found[table.name] = [tuple(row) for row in await database.read(partial(_all, query=query))]
    return found


def _all(connection: Connection, query: Select[Any]) -> Sequence[Row[Any]]:
    return connection.execute(query).all()


async def test_copy_has_every_row_every_byte_of_the_logs_and_every_checkpoint(
    source: SqliteDatabase, file: Path, settings: Settings, database: PostgresDatabase
) -> None:
    ids = await fill(source, file)
    copied = await copy_database(file, settings)
    before, after = await rows(source), await rows(database)
    nul = [row for row in before["story_sessions"] if "mo\x00on" in row]
    assert len(nul) == 1  # a character that the server stores in no text
    before["story_sessions"] = [
        tuple("mo\N{REPLACEMENT CHARACTER}on" if value == "mo\x00on" else value for value in row)
        for row in nul
    ]
    assert after == before
    assert copied.rows == {name: len(found) for name, found in (await rows(database)).items()}
    for run_id in ids.values():
        assert await open_log(database).read(run_id) == await open_log(source).read(run_id) != []
    config: Any = {"configurable": {"thread_id": ids["running"]}}
    async with open_checkpoints(file.parent) as old, open_postgres_checkpoints(database.dsn) as new:
        here, there = await old.aget_tuple(config), await new.aget_tuple(config)
        assert here is not None and there is not None
        assert there.checkpoint == here.checkpoint and there.metadata == here.metadata
        assert there.pending_writes == here.pending_writes != []
        assert len([found async for found in new.alist(config)]) == 3
    running = await RunRepository(database).get(ids["running"])
    assert running is not None and (running.status, running.process) == ("running", None)


async def test_copy_into_a_database_that_holds_something_is_refused_and_changes_nothing(
    source: SqliteDatabase, file: Path, settings: Settings, database: PostgresDatabase
) -> None:
    await fill(source, file)
    run = await add_run(RunRepository(database))
    with pytest.raises(SchemaError, match=r"isn't empty \(\w+ has rows\)"):
        await copy_database(file, settings)
    assert [row[0] for row in (await rows(database))["runs"]] == [run.id]
    assert await database.read(lambda c: c.execute(text("SELECT 1 FROM checkpoints")).all()) == []


async def test_copy_that_fails_in_the_middle_leaves_the_target_empty(
    source: SqliteDatabase, file: Path, settings: Settings, database: PostgresDatabase
) -> None:
    await fill(source, file)
    with sqlite3.connect(file) as damaged:
        damaged.execute("UPDATE children SET profile = '{'")
    damaged.close()
    with pytest.raises(Exception, match="json"):
        await copy_database(file, settings)
    assert not any((await rows(database)).values())
    assert await database.read(lambda c: c.execute(text("SELECT 1 FROM checkpoints")).all()) == []


async def test_copy_of_data_that_a_service_began_to_work_on_meanwhile_is_refused_and_leaves_the_target_empty(
    source: SqliteDatabase, file: Path, settings: Settings, database: PostgresDatabase
) -> None:
    await fill(source, file)
    service = FileLiveness(file.parent / PROCESSES)
    with pytest.raises(CopyError, match=r"^--from: a service began to work on .* stop it first$"):
        await copy_database(file, settings)
    await service.leave()
    assert not any((await rows(database)).values())
    assert await database.read(lambda c: c.execute(text("SELECT 1 FROM checkpoints")).all()) == []
    assert (await copy_database(file, settings)).rows["runs"] == 3


@pytest.mark.parametrize("name", ["storywire.db", "checkpoints.db"])
async def test_copy_of_what_is_no_database_of_ours_is_refused_in_words(
    source: SqliteDatabase, file: Path, settings: Settings, name: str
) -> None:
    await source.close()
    (file.parent / name).write_text("Dear diary, today")
    with pytest.raises(CopyError, match=rf"^--from: .*/{name} is no SQLite database: name the file"):
        await copy_database(file, settings)
    other = file.parent / "other.db"
    other.touch()
    (file.parent / name).unlink()
    with pytest.raises(CopyError, match=r"^--from: .*/other.db holds no data of Storywire's"):
        await copy_database(other, settings)


async def test_copy_of_a_folder_whose_name_has_marks_of_an_address_is_whole(
    source: SqliteDatabase, file: Path, settings: Settings
) -> None:
    await fill(source, file)
    odd = file.parent.rename(file.parent.with_name("50 %41? #2 & more"))
    assert (await copy_database(odd / file.name, settings)).rows["runs"] == 3


async def test_copy_of_a_database_of_another_release_is_refused_in_words(
    source: SqliteDatabase, file: Path, settings: Settings
) -> None:
    await source.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '0003'")))
    with pytest.raises(CopyError, match=r"^--from: .*has the schema 0003.*storywire migrate"):
        await copy_database(file, settings)
