"""Runs that count for a quota: one row for each that bought something, whatever became of it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, exists, func, insert, literal, select

from backend.store.database import Database
from backend.store.tables import quota_charges


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` charges of one owner and format from `start` until before `end`; None: any number."""

    most: int | None
    start: datetime
    end: datetime


class LimitReached(Exception):
    """The limit doesn't allow one more run; nothing was stored."""


class ChargeRepository:
    """Rows of `quota_charges`. Every query asks for the owner."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def count(self, owner: str, format: str, within: Limit) -> int:
        """Charges in that time."""
        return await self._db.read(lambda connection: _count(connection, owner, format, within))


def charge(connection: Connection, run_id: str, owner: str, format: str, limit: Limit | None) -> None:
    """Charges a run, once. Part of a transaction; raises LimitReached, which rolls it back."""
    known = exists(
        select(literal(1)).where(quota_charges.c.owner == owner, quota_charges.c.run_id == run_id)
    )
    if connection.scalar(select(known)):
        return
    row = {"run_id": run_id, "owner": owner, "format": format, "charged_at": datetime.now(UTC)}
    if (
        limit is not None
        and limit.most is not None
        and _count(connection, owner, format, limit) >= limit.most
    ):
        raise LimitReached
    connection.execute(insert(quota_charges).values(row))


def refund(connection: Connection, run_id: str) -> None:
    """Takes the charge of a run back that bought nothing. Part of a transaction."""
    connection.execute(delete(quota_charges).where(quota_charges.c.run_id == run_id))


def _count(connection: Connection, owner: str, format: str, within: Limit) -> int:
    query = select(func.count()).where(
        quota_charges.c.owner == owner,
        quota_charges.c.format == format,
        quota_charges.c.charged_at >= within.start,
        quota_charges.c.charged_at < within.end,
    )
    return connection.scalar(query) or 0
