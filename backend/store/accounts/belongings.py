"""Belongings: everything that an owner has in the database, table by table."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, func, literal, select, tuple_, update

from backend.store.accounts import tables
from backend.store.accounts.allowances.former_use import keep_use
from backend.store.accounts.allowances.periods import month_of
from backend.store.accounts.events import add_event
from backend.store.accounts.tables import accounts
from backend.store.erasing import delete_runs
from backend.store.owner import LOCAL, Owner
from backend.store.schema.schema import complete_metadata
from backend.store.schema.tables import cached_results, runs, threads, usage
from backend.store.schema.transitions import EXECUTING
from backend.store.sql.database import Database
from backend.store.sql.dialect import lock_owner, lock_owners
from backend.store.threads import KEY_PREFIX, NAME_LENGTH

ERASED = "erased"
"""The owner of what was spent by accounts that are gone: sums that name nobody."""

_CREDENTIALS = frozenset(
    {
        tables.identities,
        tables.login_sessions,
        tables.refresh_tokens,
        tables.api_keys,
        tables.one_time_tokens,
        tables.stream_tickets,
        tables.open_streams,
        tables.security_events,
    }
)
# Of these there is more to show than hashes.
_SHOWN_CREDENTIALS = (
    tables.identities,
    tables.login_sessions,
    tables.api_keys,
    tables.stream_tickets,
    tables.security_events,
)
_PAGE = 50


def exported_tables() -> list[Table]:
    """The tables that an account's export has: what is its owner's, and its credentials without their secrets."""
    return [*_SHOWN_CREDENTIALS, *owned_tables()]


def owned_tables() -> list[Table]:
    """The tables whose rows belong to somebody, but for credentials; those that others refer to come first."""
    return [
        table
        for table in complete_metadata().sorted_tables
        if "owner" in table.c and table not in _CREDENTIALS
    ]


class BelongingsRepository:
    """Rows of an owner in all tables. Tables are found by their column `owner`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def pages(self, owner: Owner, table: Table) -> AsyncIterator[list[dict[str, Any]]]:
        """All rows of one table, a few at a time, as plain data; what only the service needs is left out. Each page
        begins after the last key of the one before, so what is deleted meanwhile moves nothing out of sight."""
        key = list(table.primary_key.columns)
        query = select(table).where(table.c.owner == owner).order_by(*key).limit(_PAGE)
        page = await self._read(query)
        while page:
            yield [{name: row[name] for name in row if name not in _INTERNAL} for row in page]
            last = (literal(page[-1][column.name], column.type) for column in key)
            page = await self._read(query.where(tuple_(*key) > tuple_(*last)))

    async def rows(self, owner: Owner, table: Table, condition: ColumnElement[bool]) -> list[dict[str, Any]]:
        """Rows of one table that fulfil a condition, as plain data."""
        return await self._read(_rows(owner, table).where(condition))

    async def _read(self, query: Select[Any]) -> list[dict[str, Any]]:
        return await self._db.read(
            lambda connection: [dict(row._mapping) for row in connection.execute(query)]
        )

    async def run_ids(self, owner: Owner) -> list[str]:
        """The owner's runs, the newest first: what was made of others before those."""
        query = select(runs.c.id).where(runs.c.owner == owner).order_by(runs.c.id.desc())
        return await self._db.read(lambda connection: list(connection.scalars(query)))

    async def has_executing_runs(self, owner: Owner) -> bool:
        """Whether something of the owner's is being written: who writes it knows it by its owner."""
        query = select(runs.c.id).where(runs.c.owner == owner, runs.c.status.in_(EXECUTING)).limit(1)
        return await self._db.read(lambda connection: connection.scalar(query) is not None)

    async def give(self, old: Owner, new: Owner) -> int:
        """Makes everything of one owner another's; returns how many rows that were. What both have under the same key
        stays the new owner's own. In one transaction."""

        def work(connection: Connection) -> int:
            lock_owners(connection, old, new)
            found = _count(connection, old)
            for change in _make_room(old, new):
                connection.execute(change)
            for table in owned_tables():  # rows that belong to others go with them
                connection.execute(update(table).where(table.c.owner == old).values(owner=new))
            return found

        return await self._db.write(work)

    async def erase(self, owner: Owner) -> str | None:
        """Removes the account with all of its rows; what it spent stays as a sum that is nobody's, and until the month
        is over counts for the next account of the same address or identity. Who asked for that, as the event says
        which is kept with it: of several who erase it, and after a crash too. None: it was gone already."""
        if owner == LOCAL:
            raise ValueError("the local owner is no account")

        def work(connection: Connection) -> str | None:
            lock_owner(connection, owner)
            actor = connection.scalar(_asked_by(owner)) or owner
            delete_runs(connection, runs.c.owner == owner)
            keep_use(connection, owner, month_of(None))
            connection.execute(update(usage).where(usage.c.owner == owner).values(owner=ERASED))
            for removal in _removals(owner):
                connection.execute(removal)
            if not connection.execute(delete(accounts).where(accounts.c.id == owner)).rowcount:
                return None
            add_event(connection, "account_deleted", None, owner, actor)
            return actor

        return await self._db.erase(work)


_INTERNAL = frozenset(
    {
        *("owner", "process", "stop_requested", "reader_beats", "request_hash", "cache_key"),
        *("token_hash", "key_hash"),
    }
)


def _count(connection: Connection, owner: Owner) -> int:
    queries = (select(func.count()).select_from(t).where(t.c.owner == owner) for t in owned_tables())
    return sum(connection.scalar(query) or 0 for query in queries)


def _make_room(old: Owner, new: Owner) -> Iterator[Any]:
    """Takes from the old owner what the new one has too, where an owner may have it once: idempotency keys, cached
    results and threads. The place in a series needs no room: a series is one owner's."""
    keys = select(cached_results.c.key).where(cached_results.c.owner == new)
    yield delete(cached_results).where(cached_results.c.owner == old, cached_results.c.key.in_(keys))
    taken = select(runs.c.idempotency_key).where(runs.c.owner == new, runs.c.idempotency_key.is_not(None))
    same = (runs.c.owner == old) & runs.c.idempotency_key.in_(taken)
    yield update(runs).where(same).values(idempotency_key=None)
    names = select(threads.c.name).where(threads.c.owner == new)
    thread = func.substr(runs.c.idempotency_key, len(KEY_PREFIX) + 1, NAME_LENGTH)
    is_of_thread = runs.c.idempotency_key.startswith(KEY_PREFIX) & thread.in_(names)
    yield update(runs).where(runs.c.owner == old, is_of_thread).values(idempotency_key=None)
    yield delete(threads).where(threads.c.owner == old, threads.c.name.in_(names))


def _rows(owner: Owner, table: Table) -> Select[Any]:
    shown = (column for column in table.c if column.name not in _INTERNAL)
    return select(*shown).where(table.c.owner == owner)


def _removals(owner: Owner) -> Iterator[Any]:
    for table in reversed(owned_tables()):
        if table is not usage:
            yield delete(table).where(table.c.owner == owner)
    events = tables.security_events
    # Who did what to an account is still known when it is gone, by ids that are nobody's any more.
    by_somebody = (events.c.owner == owner) & events.c.actor.is_not(None)
    yield update(events).where(by_somebody).values(owner=None, subject=owner)
    yield delete(events).where(events.c.owner == owner)


def _asked_by(owner: Owner) -> Select[Any]:
    """Who was the first to ask that the account be deleted."""
    events = tables.security_events
    asked = (events.c.owner == owner) & (events.c.kind == "account_deletion_asked")
    return select(events.c.actor).where(asked).order_by(events.c.id).limit(1)
