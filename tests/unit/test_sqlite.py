"""SQLite's own ways, which no port knows of."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, TimeoutError

from backend.store.sql.patience import be_answered_within, in_time, is_patient, take_time
from backend.store.sqlite.checkpoints import open_checkpoints
from backend.store.sqlite.database import SqliteDatabase, enter_wal


def test_new_file_that_another_process_writes_gets_its_write_ahead_log_when_that_is_done(
    tmp_path: Path,
) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as other,
        closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as ours,
    ):
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE theirs (id)")
        waits: list[float] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                other.execute("COMMIT")

        enter_wal(ours, wait=wait)
        assert len(waits) == 2
        assert ours.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_new_file_that_stays_locked_is_given_up_in_time(tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as other,
        closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as ours,
    ):
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE theirs (id)")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            enter_wal(ours, busy_seconds=0)


async def test_write_is_synced_unless_it_needs_no_sync_also_after_one_that_failed(tmp_path: Path) -> None:
    def synchronous(connection: Connection) -> int:
        return int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    def fail(_: Connection) -> None:
        raise ZeroDivisionError

    database = SqliteDatabase(f"sqlite:///{tmp_path / 'new.db'}")
    normal, full = 1, 2
    assert await database.write(synchronous) == full
    assert await database.write_unsynced(synchronous) == normal
    assert await database.write(synchronous) == full
    with pytest.raises(ZeroDivisionError):
        await database.write_unsynced(fail)
    assert await database.write(synchronous) == full
    await database.close()


async def test_new_files_have_small_pages_and_older_ones_keep_theirs(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        old.execute("PRAGMA page_size=4096")
        old.execute("CREATE TABLE theirs (id)")
    assert await _page_bytes(tmp_path / "new.db") == 1024
    assert await _page_bytes(tmp_path / "old.db") == 4096
    async with open_checkpoints(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "checkpoints.db")) as checkpoints:
        assert checkpoints.execute("PRAGMA page_size").fetchone() == (1024,)


async def _page_bytes(file: Path) -> int:
    def sizes(connection: Connection) -> tuple[int, int]:
        names = ("page_size", "wal_autocheckpoint")
        page_bytes, pages = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names)
        return page_bytes, pages * page_bytes

    database = SqliteDatabase(f"sqlite:///{file}")
    page_bytes, log_bytes = await database.write(sizes)
    await database.close()
    assert log_bytes == 16 * 2**20  # whatever the pages
    return page_bytes


async def test_look_whether_a_file_can_be_written_leaves_the_write_ahead_log_to_grow(tmp_path: Path) -> None:
    database = SqliteDatabase(f"sqlite:///{tmp_path / 'new.db'}")
    await database.migrate()
    await database.write(lambda connection: connection.exec_driver_sql("CREATE TABLE theirs (text)"))
    fill = "INSERT INTO theirs VALUES (zeroblob(2000000))"
    await database.write(lambda connection: connection.exec_driver_sql(fill))
    before = (tmp_path / "new.db").stat().st_size
    await database.check_writable(1.0)
    assert (tmp_path / "new.db").stat().st_size == before
    await database.close()


async def test_request_that_meets_a_file_in_others_hands_is_refused_in_time_and_what_works_behind_it_goes_on(
    tmp_path: Path,
) -> None:
    def add(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO theirs VALUES (1)")

    def count(connection: Connection) -> int:
        return int(connection.exec_driver_sql("SELECT count(*) FROM theirs").scalar_one())

    database = SqliteDatabase(f"sqlite:///{tmp_path / 'new.db'}")
    await database.write(lambda connection: connection.exec_driver_sql("CREATE TABLE theirs (id)"))
    with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        log = asyncio.create_task(database.write(add))
        with be_answered_within(0.2) as patience:
            asked = asyncio.get_running_loop().time()
            refused = await asyncio.gather(
                *(write(add) for write in (database.write, database.erase, database.write_unsynced) * 4),
                return_exceptions=True,
            )
            assert await database.read(count) == 0
            assert patience.left == 0
        assert {type(one) for one in refused} == {OperationalError}
        assert asyncio.get_running_loop().time() - asked < 5
        assert not log.done()
        other.execute("ROLLBACK")
        await log
    assert await database.read(count) == 1  # who was refused has left nothing
    await database.close()


async def test_file_that_stays_in_others_hands_is_given_up(tmp_path: Path) -> None:
    database = SqliteDatabase(f"sqlite:///{tmp_path / 'new.db'}", busy_seconds=0.05)
    await database.write(lambda connection: connection.exec_driver_sql("CREATE TABLE theirs (id)"))
    with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            await database.write(lambda _: None)
    await database.close()


async def test_request_waits_for_checkpoints_as_long_as_it_has_patience(tmp_path: Path) -> None:
    async with open_checkpoints(tmp_path) as saver:
        with closing(sqlite3.connect(tmp_path / "checkpoints.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with be_answered_within(0.1), pytest.raises(TimeoutError):
                await saver.adelete_thread("run")
            with be_answered_within(0.1), pytest.raises(TimeoutError):
                await saver.aget_tuple({"configurable": {"thread_id": "run"}})
            other.execute("ROLLBACK")
        assert await saver.aget_tuple({"configurable": {"thread_id": "run"}}) is None


async def test_what_a_request_has_begun_has_time_once_it_is_answered() -> None:
    with be_answered_within(0.0) as patience:
        assert not is_patient(0.1)
        with pytest.raises(TimeoutError):
            await in_time(asyncio.Event().wait())

        async def work() -> bool:
            take_time()
            return is_patient(100)

        assert await asyncio.create_task(work())
        assert not is_patient(0.1)
        patience.end()
        assert is_patient(100)
