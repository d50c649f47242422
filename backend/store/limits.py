"""Limits of what an owner may have, asked within the transaction that would store one more: so they hold however many
ask at the same moment, and in whatever process."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection, FromClause, column, exists, func, select, table

from backend.settings import Settings
from backend.store.owner import LOCAL, Owner
from backend.store.sql.dialect import lock_owner
from workflows.errors import Conflict, Unauthenticated
from workflows.formats.settings import variables_of

_ACCOUNTS = table("accounts", column("id"), column("status"))
"""The table of `store/accounts`, whose modules build on this one."""


def check_owner(connection: Connection, owner: Owner) -> None:
    """Raises Unauthenticated where the account is gone, or is being deleted: a request that began before must leave
    nothing behind, also in files that no transaction removes."""
    if owner == LOCAL:
        return
    status = connection.scalar(select(_ACCOUNTS.c.status).where(_ACCOUNTS.c.id == owner))
    if status is None or status == "deleting":
        raise Unauthenticated("The account has been deleted.")


def is_not_locked(owners: ColumnElement[Any]) -> ColumnElement[bool]:
    """Condition on a column of owners: that the account isn't locked or being deleted. A local owner has none."""
    return ~exists().where(_ACCOUNTS.c.id == owners, _ACCOUNTS.c.status != "active")


class LimitReached(Exception):
    """The limit doesn't allow one more run; nothing was stored."""


class AllowanceReached(LimitReached):
    """The owner's own allowance doesn't: `message` for a person, and when there may be room again."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.message = message
        self.until = until


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit on the rows that an owner has in a table, and the setting that sets it."""

    most: int
    setting: str


def cap_of(settings: Settings, name: str, own: BaseModel | None = None) -> Cap | None:
    """The cap of this name (`shares` of `account_shares`), of the service or of an extension's `own` settings; None
    without accounts."""
    if not settings.has_accounts:
        return None
    source, field = own or settings, f"account_{name}"
    return Cap(getattr(source, field), variables_of(type(source), field)[0])


def check_cap(
    connection: Connection, table: FromClause, owner: Owner, cap: Cap | None, *conditions: Any
) -> None:
    """Raises Conflict where the owner has as many rows as may be, and Unauthenticated where the account is gone. Part
    of the transaction that adds one."""
    if cap is None:
        return
    lock_owner(connection, owner)
    check_owner(connection, owner)
    query = select(func.count()).select_from(table).where(table.c.owner == owner, *conditions)
    if (connection.scalar(query) or 0) >= cap.most:
        what = table.description.replace("_", " ")
        raise Conflict(f"An account has at most {cap.most} {what} ({cap.setting}): delete one first.")
