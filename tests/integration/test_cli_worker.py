"""`storywire migrate` and `storywire worker` as commands."""

import asyncio
import os
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import psycopg
import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from backend.cli.worker.worker import run_worker
from backend.runs.engine.liveness import FileLiveness
from tests.databases import migrated_template
from tests.fakes.provider import FakeProvider
from tests.ports import find_port
from tests.postgres import postgres_server
from tests.service import close_databases, on_postgresql, settings_for

PATIENCE = 90


@asynccontextmanager
async def command(
    folder: Path, *arguments: str, url: str | None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A running command, ended with the block."""
    environment = {**os.environ, "STORYWIRE_DATA_DIR": str(folder), "STORYWIRE_MODEL": "openai:gpt-test"}
    environment |= {"OPENAI_API_KEY": "sk-test", "STORYWIRE_SHUTDOWN_GRACE": "1"}
    if url is not None:
        environment["STORYWIRE_DATABASE_URL"] = url
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backend.cli.main", *arguments),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def say(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str, url: str | None) -> tuple[int, str]:
    """The status of a command that ends before it begins, and what it says; in this process, which is quicker."""
    monkeypatch.setenv("STORYWIRE_DATA_DIR", str(folder))
    monkeypatch.setenv("STORYWIRE_MODEL", "openai:gpt-test")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    if url is not None:
        monkeypatch.setenv("STORYWIRE_DATABASE_URL", url)
    outcome = CliRunner().invoke(app, arguments)
    return outcome.exit_code, " ".join(outcome.output.split())


def test_worker_without_a_database_that_it_can_work_with_says_which_setting_is_at_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORYWIRE_DATABASE_URL", raising=False)
    status, said = say(monkeypatch, tmp_path, "worker", url=None)
    assert status == 2 and said.startswith("STORYWIRE_DATABASE_URL: a worker needs a PostgreSQL database")
    status, said = say(monkeypatch, tmp_path, "worker", url="postgresql://x:secret@127.0.0.1:9/x")
    assert status == 2 and "STORYWIRE_DATABASE_URL: the database can't be used" in said
    assert "secret" not in said


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize(
    ("revision", "reason"),
    [
        (None, "the database has no tables of Storywire's yet: run `storywire migrate` once"),
        ("0003", "the database has the schema 0003, which is too old: run `storywire migrate` once"),
        ("1001", "the database has the schema 1001 of another major version of Storywire"),
    ],
)
def test_process_on_a_database_of_another_release_ends_with_a_sentence(
    command: str, revision: str | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server().database() as url:
        if revision is not None:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
                connection.execute("INSERT INTO alembic_version VALUES (%s)", (revision,))
        status, said = say(monkeypatch, tmp_path, command, url=url)
    assert status == 2 and said.startswith(f"STORYWIRE_DATABASE_URL: {reason}"), said


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_setting_that_contradicts_workers_is_refused_with_a_sentence(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYWIRE_RESUME_ON_START", "false")
    status, said = say(monkeypatch, tmp_path, command, url=postgres_server().url())
    assert status == 2 and said.startswith(
        "STORYWIRE_RESUME_ON_START=false doesn't go with STORYWIRE_DATABASE_URL"
    )


def test_database_of_another_major_version_is_not_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server().database() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
            connection.execute("INSERT INTO alembic_version VALUES ('1001')")
        status, said = say(monkeypatch, tmp_path, "migrate", url=url)
    assert status == 2 and said.startswith("STORYWIRE_DATABASE_URL: the database has the schema 1001")


def test_workers_on_a_database_without_tables_are_not_started_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server().database() as url:
        status, said = say(monkeypatch, tmp_path, "worker", "--processes", "2", url=url)
    assert status == 2 and said.startswith(
        "STORYWIRE_DATABASE_URL: the database has no tables of Storywire's"
    )


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_database_of_another_program_is_not_migrated_and_stays_as_it_is(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "STORYWIRE_DATABASE_URL: the database has tables already that Storywire would make (runs)"
    if engine == "sqlite":
        file = tmp_path / "other.db"
        with closing(sqlite3.connect(file)) as other:
            other.execute("CREATE TABLE runs (id integer)")
        status, said = say(monkeypatch, tmp_path, "migrate", url=f"sqlite:///{file}")
        assert status == 2 and said.startswith(words), said
        return
    with postgres_server().database() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE runs (id integer)")
        status, said = say(monkeypatch, tmp_path, "migrate", url=url)
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert status == 2 and said.startswith(words) and tables == [("runs",)], said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["worker", "--check"], "--check: --port says where the processes answer"),
        (
            ["worker", "--processes", "200"],
            "--processes 200: each has up to 17 connections to the database, 3400 in",
        ),
        (["worker", "--concurrency", "201"], "Invalid value for '--concurrency'"),
        (["migrate", "--from", "sqlite:///nowhere.db"], "--from: an existing SQLite file is expected"),
        (["migrate", "--from", "postgresql://x/y"], "--from: an existing SQLite file is expected"),
    ],
)
def test_command_that_can_not_be_done_says_which_option_is_at_fault(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYWIRE_DATABASE_URL", postgres_server().url())
    monkeypatch.setenv("STORYWIRE_DATA_DIR", str(tmp_path))
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 2 and words in " ".join(outcome.output.split()), outcome.output


def test_data_of_a_service_that_works_on_it_is_not_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "storywire.db").touch()
    monkeypatch.setenv("STORYWIRE_DATABASE_URL", postgres_server().url())
    service = FileLiveness(tmp_path / "processes")
    outcome = CliRunner().invoke(app, ["migrate", "--from", f"sqlite:///{tmp_path / 'storywire.db'}"])
    asyncio.run(service.leave())
    assert outcome.exit_code == 2 and "a service works on" in outcome.output
    monkeypatch.setenv("STORYWIRE_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    outcome = CliRunner().invoke(app, ["migrate", "--from", f"sqlite:///{tmp_path / 'storywire.db'}"])
    assert outcome.exit_code == 2 and "--from copies into a PostgreSQL database" in " ".join(
        outcome.output.split()
    )


def test_migrate_makes_the_tables_and_changes_nothing_when_it_is_called_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server().database() as url:
        for _ in range(2):
            assert say(monkeypatch, tmp_path, "migrate", url=url) == (0, "The database is up to date.")


@pytest.mark.timeout(240)
async def test_worker_keeps_its_processes_running_and_ends_them_in_good_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = find_port()
    options = ("--processes", "2", "--concurrency", "3", "--port", str(port))
    asks = ("worker", "--check", "--processes", "2", "--port", str(port))
    with postgres_server().database(migrated_template()) as url:
        async with command(tmp_path, "worker", *options, url=url) as process:
            told = asyncio.create_task(read_all(process))
            for offset in (0, 1):
                assert await rooms(port + offset) == 3
            async with httpx.AsyncClient(trust_env=False) as client:
                reply = await client.get(f"http://127.0.0.1:{port}/readyz")
                assert (reply.status_code, reply.json()) == (200, {"status": "ready", "runs": 0})
            assert await asyncio.to_thread(say, monkeypatch, tmp_path, *asks, url=url) == (0, "")
            [killed] = await children_of(process, f"--port {port}")
            os.kill(killed, signal.SIGKILL)
            await asyncio.sleep(0.5)
            assert await rooms(port) == 3
            process.terminate()
            assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
            said = await told
        status, unready = await asyncio.to_thread(say, monkeypatch, tmp_path, *asks, url=url)
        assert status == 1 and f"127.0.0.1:{port}: no answer" in unready
        assert f"127.0.0.1:{port + 1}: no answer" in unready
    assert "A worker ended with status -9; starting another." in said and said.count("3 runs at once") == 3


async def test_worker_whose_supervisor_is_killed_stops_in_good_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: FakeProvider
) -> None:
    source, sink = os.pipe()
    settings = settings_for(provider, tmp_path, **on_postgresql(tmp_path))
    started: list[str] = []

    def tell(process: str) -> None:
        started.append(process)
        os.close(sink)

    with os.fdopen(source) as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        async with asyncio.timeout(PATIENCE):
            await run_worker(settings, 2, tell, supervised=True)
    assert started
    close_databases()


async def read_all(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    return (await process.stderr.read()).decode()


async def rooms(port: int) -> int:
    """How many runs the process behind this port may execute; once it answers."""
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                metrics = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            [found] = re.findall(r"^storywire_runs_room (\S+)$", metrics, re.MULTILINE)
            return int(float(found))


async def children_of(process: asyncio.subprocess.Process, words: str) -> list[int]:
    """The processes that it started with these words in their command."""
    found = await asyncio.to_thread(psutil.Process(process.pid).children)
    return [child.pid for child in found if words in " ".join(child.cmdline())]
