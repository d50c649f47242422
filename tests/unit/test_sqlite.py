"""SQLite's own ways, which no port knows of."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

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
