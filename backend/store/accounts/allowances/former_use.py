"""Use of deleted accounts in this month, by a hash of their address or identity.

Without it somebody who deletes an account and registers again would have everything anew. It names nobody and holds no
run: days, formats, numbers. It is forgotten when the month is over, since it counts for nothing then.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from backend.store.accounts.allowances.periods import is_day_within
from backend.store.accounts.tables import accounts, former_use, identities
from backend.store.owner import LOCAL, Owner
from backend.store.schema.tables import quota_charges, usage
from backend.store.sql.database import Database
from backend.store.sql.dialect import upsert


@dataclass(frozen=True, slots=True)
class FormerUse:
    """Use of the accounts that had this one's address or identity before it."""

    rows: Sequence[Row[*tuple[Any, ...]]] = ()

    @property
    def runs(self) -> int:
        """Runs that were charged."""
        return sum(row.runs for row in self.rows)

    @property
    def cost_usd(self) -> float:
        """What was spent."""
        return float(sum(row.cost_usd for row in self.rows))

    def runs_on(self, day: datetime) -> int:
        """Runs that were charged on this day."""
        return sum(row.runs for row in self.rows if row.day == day.date().isoformat())


class FormerUseRepository:
    """Rows of `former_use`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def drop(self, before: datetime) -> None:
        """Forgets the days before this one."""
        query = delete(former_use).where(former_use.c.day < before.date().isoformat())
        await self._db.write(lambda connection: connection.execute(query))


def find_former_use(
    connection: Connection, owner: Owner, since: datetime, until: datetime, format: str | None = None
) -> FormerUse:
    """What counts for this account beside its own, from one day until before another; of one format, or of all. Part
    of a transaction."""
    buckets = _buckets(connection, owner)
    if not buckets:
        return FormerUse()
    query = select(former_use.c.day, former_use.c.runs, former_use.c.cost_usd).where(
        former_use.c.bucket.in_(buckets), is_day_within(former_use.c.day, since, until)
    )
    if format is not None:
        query = query.where(former_use.c.format == format)
    return FormerUse(connection.execute(query).all())


def keep_use(connection: Connection, owner: Owner, since: datetime) -> None:
    """Keeps what an account has used from a day on, while it is still there. Part of the transaction that deletes
    it."""
    day = since.date().isoformat()
    charges = connection.execute(
        select(quota_charges.c.format, quota_charges.c.charged_at).where(
            quota_charges.c.owner == owner, quota_charges.c.charged_at >= since
        )
    )
    runs = Counter((row.charged_at.date().isoformat(), row.format) for row in charges)
    spent = connection.execute(
        select(usage.c.day, usage.c.format, func.coalesce(func.sum(usage.c.cost_usd), 0.0))
        .where(usage.c.owner == owner, usage.c.day >= day)
        .group_by(usage.c.day, usage.c.format)
    )
    costs = {(row[0], row[1]): float(row[2]) for row in spent}
    for bucket in _proved_buckets(connection, owner):
        for key in sorted(runs.keys() | costs.keys()):
            row = {"bucket": bucket, "day": key[0], "format": key[1]}
            row |= {"runs": runs[key], "cost_usd": costs.get(key, 0.0)}
            more = {name: former_use.c[name] + row[name] for name in ("runs", "cost_usd")}
            connection.execute(upsert(connection, former_use, row, more))


def _proved_buckets(connection: Connection, owner: Owner) -> list[bytes]:
    """As `_buckets`, but for an address that nobody has confirmed: it may be somebody else's, who would pay for it."""
    verified_at = connection.scalar(select(accounts.c.email_verified_at).where(accounts.c.id == owner))
    return _buckets(connection, owner, with_email=verified_at is not None)


def _buckets(connection: Connection, owner: Owner, *, with_email: bool = True) -> list[bytes]:
    """Hashes of an account's address and identities."""
    if owner == LOCAL:
        return []
    query = select(accounts.c.email).where(accounts.c.id == owner)
    email = connection.scalar(query) if with_email else None
    foreign = connection.execute(
        select(identities.c.issuer, identities.c.subject).where(identities.c.owner == owner)
    )
    names = [("identity", row.issuer, row.subject) for row in foreign]
    found = [*names, *([("email", email)] if email is not None else [])]
    return [hashlib.sha256("\x00".join(("storywire quota", *name)).encode()).digest() for name in found]
