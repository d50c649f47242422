"""Callers: whether the credential that a request was let in by is still there when the request takes effect.

A request is let in before it is read, and may take effect a while later. What begins a run, or makes a credential, asks
once more in the transaction that stores it, under the lock that every end of a credential takes: so of a start and a
changed password one comes first, and nothing that is stored afterwards was asked for with what has ended.

A context variable, as the key of the caller: a parameter would have to go through every route and use case, those of
other people's extensions included.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, select

from backend.store.accounts.tables import accounts, api_keys, login_sessions
from backend.store.owner import Owner
from backend.store.sql.database import Database
from backend.store.sql.dialect import lock_owners
from backend.store.sql.json_sql import among
from workflows.errors import Forbidden, Unauthenticated

HAS_ENDED = "This log-in, key or ticket has ended."
_ROLE = select(accounts.c.role).where(accounts.c.id == bindparam("id_is"))
_TABLES: dict[str, Table] = {"browser": login_sessions, "app": login_sessions, "key": api_keys}


@dataclass(frozen=True, slots=True)
class CallerCredential:
    """A credential by its kind and id, and whose it is. For a ticket, the credential that it was asked for with."""

    owner: Owner
    kind: str
    id: str


_CALLER: ContextVar[CallerCredential | None] = ContextVar("caller", default=None)


@contextmanager
def calling_as(caller: CallerCredential) -> Iterator[None]:
    """Makes this the caller of what this task asks for meanwhile."""
    token = _CALLER.set(caller)
    try:
        yield
    finally:
        _CALLER.reset(token)


def current_caller() -> CallerCredential | None:
    """The caller of this task; None where nobody had to show anything. To be asked before a transaction begins: that is
    in a thread."""
    return _CALLER.get()


def lock_for_caller(connection: Connection, owner: Owner, caller: CallerCredential | None) -> None:
    """As `lock_owner`. Raises Unauthenticated where the caller's credential has ended."""
    if caller is None:
        lock_owners(connection, owner)
        return
    lock_owners(connection, owner, caller.owner)
    if not find_alive(connection, [caller]):
        raise Unauthenticated(HAS_ENDED)


def check_admin(connection: Connection, owner: Owner | None, caller: CallerCredential | None) -> None:
    """Raises Forbidden where somebody acts for another, or for nobody yet, who was an admin when they were let in and
    isn't any more: of two who make users of each other, one stays. Where another issuer vouches for them, it has said
    who is one. Part of a transaction, under the caller's lock."""
    if caller is None or caller.owner == owner or caller.kind == "issuer":
        return
    if connection.scalar(_ROLE, {"id_is": caller.owner}) != "admin":
        raise Forbidden("This is for admins.")


def find_alive(
    connection: Connection, callers: Collection[CallerCredential], idle_since: datetime | None = None
) -> set[CallerCredential]:
    """Those whose credential hasn't ended, nor their account been locked; log-ins that were last used before
    `idle_since` have. Part of a transaction."""
    found: set[tuple[object, str, str]] = set()
    for table in {_TABLES.get(caller.kind, accounts) for caller in callers}:
        of_table = [caller for caller in callers if _TABLES.get(caller.kind, accounts) is table]
        query = _alive(table, of_table, datetime.now(UTC), idle_since)
        found |= {(table, row.owner, row.id) for row in connection.execute(query)}
    return {
        caller for caller in callers if (_TABLES.get(caller.kind, accounts), caller.owner, caller.id) in found
    }


class CallerRepository:
    """Credentials that were let in, asked after all at once."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def find_alive(
        self, callers: Collection[CallerCredential], idle_since: datetime
    ) -> set[CallerCredential]:
        """See the function of this name. One transaction, however many they are."""
        return await self._db.read(lambda connection: find_alive(connection, callers, idle_since))


def _alive(
    table: Table, callers: Collection[CallerCredential], now: datetime, idle_since: datetime | None
) -> Select[Any]:
    active = accounts.c.status == "active"
    owners = among({caller.owner for caller in callers})
    if table is accounts:  # by a token of another issuer
        return select(accounts.c.id.label("owner"), accounts.c.id).where(accounts.c.id.in_(owners), active)
    query = (
        select(table.c.owner, table.c.id)
        .join(accounts, accounts.c.id == table.c.owner)
        .where(
            table.c.owner.in_(owners),
            table.c.id.in_(among(caller.id for caller in callers)),
            table.c.expires_at > now,
            active,
        )
    )
    return query if idle_since is None or table is api_keys else query.where(table.c.used_at > idle_since)
