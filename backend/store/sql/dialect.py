"""SQL that the databases spell differently: the one place that asks which of them it is.

What SQLite's one writer gives for nothing, other databases must be asked for: `lock` makes transactions wait for one
another, and a query with `with_for_update` holds its rows. SQLite does neither, and needs neither.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from backend.store.owner import Owner

_SERVER = "postgresql"
_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, _SERVER: postgresql.insert}
STOPS = "storywire_stops"
"""The channel on which workers hear of stop requests: each notification has the id of a run."""


def is_server(connection: Connection) -> bool:
    """Whether it is PostgreSQL, which many write at once. Raises NotImplementedError for a database that isn't known
    here: what is done for some databases only may not be left out for it unawares."""
    if (name := connection.dialect.name) not in _INSERTS:
        raise NotImplementedError(f"It isn't known what SQL the database {name} needs: see {__name__}.")
    return name == _SERVER


def upsert(
    connection: Connection,
    into: Table,
    row: Mapping[str, Any],
    changes: Mapping[str, Any],
) -> Insert:
    """An INSERT of `row`; where one with the same primary key is there, its columns are set
    to `changes` in its place. One statement, so that of two processes at once neither fails."""
    columns = [each.name for each in into.primary_key.columns]
    statement: Insert = _INSERTS[connection.dialect.name](into).values(row)
    return statement.on_conflict_do_update(index_elements=columns, set_=dict(changes))  # type: ignore[attr-defined,no-any-return]


def insert_unless_there(connection: Connection, into: Table, row: Mapping[str, Any]) -> Insert:
    """An INSERT of `row`, which does nothing where one with the same key or another unique value is there."""
    statement: Insert = _INSERTS[connection.dialect.name](into).values(row)
    return statement.on_conflict_do_nothing()  # type: ignore[attr-defined,no-any-return]


def lock(connection: Connection, *names: str) -> None:
    """Makes this transaction wait until no other one holds these names, and hold them until it ends.

    Called first: what the transaction read before may be out of date. Names are locked in an order of their own, so
    that no two transactions wait for each other.
    """
    if not is_server(connection):
        return
    for key in sorted(map(_key, set(names))):
        connection.execute(select(func.pg_advisory_xact_lock(key)))


def lock_owner(connection: Connection, owner: Owner) -> None:
    """Makes this transaction wait for others that count what this owner has: for what may be had only so often."""
    lock_owners(connection, owner)


def lock_owners(connection: Connection, *owners: Owner) -> None:
    """As `lock_owner`, of several."""
    lock(connection, *(f"owner {owner}" for owner in owners))


def deletion_of(owner: Owner, query: Delete) -> Callable[[Connection], bool]:
    """The work that deletes something of this owner's, and says whether it was there. What its owner asks for by it,
    or with reference to it, is stored before, or isn't."""

    def work(connection: Connection) -> bool:
        lock_owner(connection, owner)
        return bool(connection.execute(query).rowcount)

    return work


def announce_stop(connection: Connection, run_id: str) -> None:
    """Notifies the workers, when this transaction is committed, that the run is to stop; with SQLite they look."""
    if is_server(connection):
        connection.execute(select(func.pg_notify(STOPS, run_id)))


def _key(name: str) -> int:
    """A lock's number, 64 bits with a sign."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
