"""Copy of a SQLite database into an empty one on a server, in one transaction: all of it, or nothing.

Rows are copied as they are stored, and not as this release understands them. They block: call them in a thread.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Boolean, Connection, Table, create_engine, text

from backend.store.accounts import tables as _accounts  # noqa: F401 - its tables are in the metadata too
from backend.store.schema.schema import complete_metadata
from backend.store.schema.tables import log_archives, log_entries, runs
from backend.store.setup.folders import CHECKPOINTS, is_database
from backend.store.setup.migrating import SchemaError, find_revision, newest_revision

_BATCH = 1000
_LOGS = (log_entries, log_archives)
_MODULUS = 2**256


class CopyError(Exception):
    """Error of a copy, as a sentence; nothing was copied."""


@dataclass(frozen=True, slots=True)
class Copied:
    """Rows by table, and the SHA-256 sums of the logs' rows, added up."""

    rows: dict[str, int]
    digests: dict[str, int]


def check_source(source: Path) -> None:
    """Raises CopyError unless the file, and that of the checkpoints beside it, are SQLite's."""
    for file in (source, source.parent / CHECKPOINTS):
        try:
            is_readable = not file.exists() or is_database(file)
        except OSError as error:
            raise CopyError(f"--from: {file} can't be read ({error.strerror})") from None
        if not is_readable:
            raise CopyError(
                f"--from: {file} is no SQLite database: name the file storywire.db in a data directory"
            )


def check_empty(connection: Connection) -> None:
    """Raises SchemaError unless no table has a row."""
    for name in (*(table.name for table in complete_metadata().sorted_tables), "checkpoints"):
        if connection.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {name})")):
            raise SchemaError(
                f"the database isn't empty ({name} has rows): data is copied into one that holds nothing yet"
            )


def copy_tables(source: Path, target: Connection, is_in_use: Callable[[], bool] = lambda: False) -> Copied:
    """Copies all tables of the SQLite file into empty ones, and compares. Part of the target's transaction. Raises
    CopyError, also where the file `is_in_use` at the end: what a service wrote meanwhile would be missing."""
    uri = source.absolute().as_uri()  # of any path, with its marks escaped
    engine = create_engine(URL.create("sqlite", database=uri, query={"mode": "ro", "uri": "true"}))
    try:
        with engine.connect() as connection, connection.begin():
            if (revision := find_revision(connection)) is None:
                raise CopyError(f"--from: {source} holds no data of Storywire's: name another file")
            if revision != newest_revision():
                raise CopyError(
                    f"--from: {source} has the schema {revision}, and this release works with {newest_revision()}: "
                    "run `storywire migrate` on it first, with STORYWIRE_DATABASE_URL naming it"
                )
            copied = _copy_all(connection, target)
    finally:
        engine.dispose()
    # No process of the source is alive: whoever takes a run next owns it.
    target.execute(text("UPDATE runs SET process = NULL"))
    _compare(copied, target)
    if is_in_use():
        raise CopyError(
            f"--from: a service began to work on {source} while it was copied, so nothing was copied: stop it first"
        )
    return copied


def _copy_all(source: Connection, target: Connection) -> Copied:
    copied = Copied({}, {})
    for table in complete_metadata().sorted_tables:
        digest, count = 0, 0
        for batch in _batches(source, table):
            if table in _LOGS:
                digest = (digest + _sum(batch)) % _MODULUS
            count += len(batch)
            target.execute(_insert(table), [_values(table, row) for row in batch])
        copied.rows[table.name] = count
        if table in _LOGS:
            copied.digests[table.name] = digest
    return copied


def _compare(copied: Copied, target: Connection) -> None:
    for name, count in copied.rows.items():
        found = target.scalar(text(f"SELECT count(*) FROM {name}"))
        if found != count:
            raise CopyError(
                f"of the table {name}, {count} rows were read and {found} stored: nothing was copied"
            )
    for table in _LOGS:
        digest = 0
        for batch in _batches(target, table):
            digest = (digest + _sum(batch)) % _MODULUS
        if digest != copied.digests[table.name]:
            raise CopyError(
                f"the copy of the table {table.name} differs from what was read: nothing was copied"
            )


def _batches(connection: Connection, table: Table) -> Iterator[Sequence[Any]]:
    names = ", ".join(f'"{column.name}"' for column in table.c)
    result = connection.execution_options(yield_per=_BATCH).execute(text(f"SELECT {names} FROM {table.name}"))
    yield from (rows for rows in result.partitions() if rows)


def _insert(table: Table) -> Any:
    names = ", ".join(f'"{column.name}"' for column in table.c)
    values = ", ".join(f":c{number}" for number in range(len(table.c)))
    return text(f"INSERT INTO {table.name} ({names}) VALUES ({values})")


def _values(table: Table, row: Sequence[Any]) -> dict[str, Any]:
    return {
        f"c{number}": _value(column.type, value)
        for number, (column, value) in enumerate(zip(table.c, row, strict=True))
    }


def _value(kind: Any, value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\N{REPLACEMENT CHARACTER}")  # which the server stores in no text
    return bool(value) if isinstance(kind, Boolean) and value is not None else value


def _sum(rows: Iterable[Sequence[Any]]) -> int:
    """The sum of the rows' SHA-256: the same in every order."""
    return sum(int.from_bytes(hashlib.sha256(b"\n".join(map(_bytes, row))).digest(), "big") for row in rows)


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def count_runs(copied: Copied) -> int:
    """Number of runs that were copied."""
    return copied.rows[runs.name]
