"""Charges to quotas: one row for each run that bought something, whatever its outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, insert, select

from backend.store.accounts.allowances.allowance import Allowance, AllowanceUse, Whose, check_use, find_use
from backend.store.accounts.allowances.budgets import fit_budget
from backend.store.accounts.allowances.former_use import find_former_use
from backend.store.accounts.allowances.key_charges import charge_keys, find_key_use, refund_keys
from backend.store.accounts.allowances.periods import is_within
from backend.store.limits import LimitReached, check_owner
from backend.store.owner import Owner
from backend.store.schema.tables import quota_charges
from backend.store.sql.database import Database

__all__ = ["ChargeRepository", "Limit", "LimitReached", "charge", "refund"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A quota: at most `most` charges of an owner and format from `start` until before `end`; None: any number.

    `allowance` is what the owner may use in all, where owners are accounts; `key_id` the API key of whoever asks, which
    may have less. `least_usd`: as `fit_budget`.
    """

    most: int | None
    start: datetime
    end: datetime
    allowance: Allowance | None = None
    key_id: str | None = None
    least_usd: float | None = None


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

    async def key_use(self, owner: Owner, key_ids: Sequence[str]) -> dict[str, AllowanceUse]:
        """What API keys of the owner use of their own limits, by id."""
        return await self._db.read(lambda connection: find_key_use(connection, owner, key_ids))


def charge(
    connection: Connection,
    run_id: str,
    owner: Owner,
    format: str,
    limit: Limit | None,
    replaced: str | None = None,
) -> None:
    """Charges a run, once. Part of a transaction that holds the owner's lock; raises LimitReached, and Unauthenticated
    where the account is gone, which roll it back.

    A run that is `replaced` by it isn't under way any more; its budget stays reserved until it has ended.
    """
    if limit is not None and limit.allowance is not None:
        check_owner(connection, owner)
    is_new = _add(connection, run_id, owner, format)
    if limit is None:
        return
    if limit.allowance is not None:
        uses = _check_allowance(connection, owner, limit.allowance, is_new, replaced)
        uses += [("API key", use) for use in charge_keys(connection, run_id, owner, limit.key_id, replaced)]
        if uses:
            fit_budget(connection, run_id, owner, uses, limit.least_usd)
    if is_new and limit.most is not None and _count(connection, owner, format, limit) > limit.most:
        raise LimitReached


def refund(connection: Connection, run_id: str) -> None:
    """Removes the charges of a run that bought nothing. Part of a transaction."""
    connection.execute(delete(quota_charges).where(quota_charges.c.run_id == run_id))
    refund_keys(connection, run_id)


def _check_allowance(
    connection: Connection, owner: Owner, allowance: Allowance, is_new: bool, replaced: str | None
) -> list[tuple[Whose, AllowanceUse]]:
    """What the account uses, this run included; nothing of an owner without an allowance."""
    use = find_use(connection, owner, allowance, replaced=replaced)
    if use is None:
        return []
    check_use(use, "account", is_new=is_new)
    return [("account", use)]


def _add(connection: Connection, run_id: str, owner: Owner, format: str) -> bool:
    """Whether the run wasn't charged before."""
    known = select(quota_charges.c.run_id).where(
        quota_charges.c.owner == owner, quota_charges.c.run_id == run_id
    )
    if connection.scalar(known) is not None:
        return False
    row = {"run_id": run_id, "owner": owner, "format": format, "charged_at": datetime.now(UTC)}
    connection.execute(insert(quota_charges).values(row))
    return True


def _count(connection: Connection, owner: Owner, format: str, within: Limit) -> int:
    query = select(func.count()).where(
        quota_charges.c.owner == owner,
        quota_charges.c.format == format,
        is_within(quota_charges.c.charged_at, within.start, within.end),
    )
    former = find_former_use(connection, owner, within.start, within.end, format)
    return (connection.scalar(query) or 0) + former.runs
