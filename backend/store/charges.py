"""Charges to quotas: one row for each run that bought something, whatever its outcome."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, exists, func, insert, literal, select

from backend.store.accounts.allowance import Allowance, AllowanceUse, check_allowance, find_use
from backend.store.database import Database
from backend.store.limits import LimitReached
from backend.store.owner import Owner
from backend.store.tables import quota_charges

__all__ = ["ChargeRepository", "Limit", "LimitReached", "charge", "refund"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A quota: at most `most` charges of an owner and format from `start` until before `end`; None: any number.

    `allowance` is what the owner may use in all, where owners are accounts.
    """

    most: int | None
    start: datetime
    end: datetime
    allowance: Allowance | None = None


class ChargeRepository:
    """Rows of `quota_charges`. Every query filters by the owner."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def count(self, owner: Owner, format: str, within: Limit) -> int:
        """Number of charges in that time."""
        return await self._db.read(lambda connection: _count(connection, owner, format, within))

    async def allowance_use(self, owner: Owner, defaults: Allowance) -> AllowanceUse | None:
        """What an account uses of its allowance; None for an owner without one."""
        return await self._db.read(lambda connection: find_use(connection, owner, defaults))


def charge(connection: Connection, run_id: str, owner: Owner, format: str, limit: Limit | None) -> None:
    """Charges a run, once. Part of a transaction; raises LimitReached, which rolls it back."""
    known = exists(select(literal(1)).where(quota_charges.c.owner == owner, quota_charges.c.run_id == run_id))
    is_known = bool(connection.scalar(select(known)))
    if limit is not None and limit.allowance is not None:
        check_allowance(connection, owner, limit.allowance, is_new=not is_known)
    if is_known:
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
    """Removes the charge of a run that bought nothing. Part of a transaction."""
    connection.execute(delete(quota_charges).where(quota_charges.c.run_id == run_id))


def _count(connection: Connection, owner: Owner, format: str, within: Limit) -> int:
    query = select(func.count()).where(
        quota_charges.c.owner == owner,
        quota_charges.c.format == format,
        quota_charges.c.charged_at >= within.start,
        quota_charges.c.charged_at < within.end,
    )
    return connection.scalar(query) or 0
