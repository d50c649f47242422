"""The data folder: made for its owner alone, and refused with a sentence where nothing can be written."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from backend.settings import Settings, SettingsError
from backend.store.setup.folders import open_folders
from backend.store.sqlite.database import SqliteDatabase

_NOBODY = 65534


def settings_of(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


def file_in_the_way(folder: Path) -> Path:
    (folder / "data").write_text("not a folder")
    return folder / "data"


def file_above(folder: Path) -> Path:
    return file_in_the_way(folder) / "deeper" / "data"


def no_folder_can_be_made(folder: Path) -> Path:
    del folder
    return Path("/proc/storywire")


def read_only(folder: Path) -> Path:
    (folder / "data").mkdir(mode=0o555)
    return folder / "data"


def no_file(folder: Path) -> Path:
    (folder / "storywire.db").mkdir()
    return folder


def read_only_file(folder: Path) -> Path:
    (folder / "checkpoints.db").touch(mode=0o444)
    return folder


@contextmanager
def unprivileged() -> Iterator[None]:
    """The rights of a user for whom modes of files hold: they don't for root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def anybodys_folder() -> Iterator[Path]:
    """A folder that every user reaches and may write; pytest's own are its user's alone."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


BROKEN = [file_in_the_way, file_above, no_folder_can_be_made, read_only, no_file, read_only_file]


def test_data_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "data"
    for _ in range(2):
        open_folders(settings_of(data_dir=folder))
    assert (folder.stat().st_mode & 0o777, list(folder.iterdir())) == (0o700, [])


@pytest.mark.parametrize("broken", BROKEN)
def test_data_folder_that_can_not_be_written_is_named_with_its_setting(
    anybodys_folder: Path, broken: Callable[[Path], Path]
) -> None:
    folder = broken(anybodys_folder)
    refusal = r"^STORYWIRE_DATA_DIR: .* can't be written \(.+\)\."
    with unprivileged(), pytest.raises(SettingsError, match=refusal) as refused:
        open_folders(settings_of(data_dir=folder))
    assert str(folder) in str(refused.value)


def test_data_folder_that_anybody_may_write_is_taken_by_an_unprivileged_user(anybodys_folder: Path) -> None:
    with unprivileged():
        open_folders(settings_of(data_dir=anybodys_folder))


def test_folder_of_a_database_elsewhere_is_named_with_the_databases_setting(tmp_path: Path) -> None:
    url = f"sqlite:///{file_above(tmp_path)}/storywire.db"
    with pytest.raises(SettingsError, match=r"^STORYWIRE_DATABASE_URL: ") as refused:
        open_folders(settings_of(data_dir=tmp_path / "fine", database_url=url))
    assert str(file_above(tmp_path)) in str(refused.value)


@pytest.mark.parametrize("command", [["serve"], ["runs", "list"], ["usage"], ["children", "list"]])
def test_command_on_a_folder_that_can_not_be_written_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORYWIRE_DATA_DIR", str(file_in_the_way(tmp_path)))
    ended = CliRunner().invoke(app, command)
    assert (ended.exit_code, ended.exception.__class__) == (2, SystemExit)
    assert "STORYWIRE_DATA_DIR" in ended.output and "Traceback" not in ended.output


@pytest.mark.parametrize("name", ["storywire.db", "checkpoints.db"])
def test_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a text")
    with pytest.raises(
        SettingsError, match=f"^STORYWIRE_DATA_DIR: .*{name} can't be written .it is no SQLite"
    ):
        open_folders(settings_of(data_dir=tmp_path))
    assert (tmp_path / name).read_text() == "a text"


async def test_database_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "theirs.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE runs (distance)")
    database = SqliteDatabase(f"sqlite:///{file}")
    with pytest.raises(
        SettingsError, match=r"^STORYWIRE_DATABASE_URL: the database has tables already .*\(runs\)"
    ):
        await database.migrate()
    await database.close()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("runs",)]
