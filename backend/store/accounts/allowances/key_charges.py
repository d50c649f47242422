"""Charges to API keys: the runs that each key has started or gone on with, and what they cost.

A run counts for every key that had it written: for the one that started it, and for another one that resumed it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, insert, select

from backend.store.accounts.allowances.allowance import (
    Allowance,
    AllowanceUse,
    check_use,
    count_executing,
    count_today,
    find_reserved,
)
from backend.store.accounts.allowances.periods import is_day_within, is_within, month_of, next_month
from backend.store.accounts.tables import api_keys, key_charges
from backend.store.owner import Owner
from backend.store.schema.tables import runs, usage
from backend.store.schema.transitions import UNFINISHED


def charge_keys(
    connection: Connection, run_id: str, owner: Owner, caller: str | None, replaced: str | None = None
) -> list[AllowanceUse]:
    """Charges a run to the key that started it and to the `caller`'s, once each, and returns what these use. Raises
    AllowanceReached where that is one run too many for one of them. A key that was revoked meanwhile has no limits any
    more. Part of a transaction that holds the owner's lock. `replaced`: as `find_use` of an allowance."""
    mine = (runs.c.owner == owner) & (runs.c.id == run_id)
    starter = connection.scalar(select(runs.c.key_id).where(mine))
    uses = []
    for key_id in sorted({key for key in (starter, caller) if key is not None}):
        limits = find_key_limits(connection, owner, key_id)
        if limits is None:
            continue
        is_new = _add(connection, run_id, owner, key_id)
        use = _use(connection, owner, key_id, limits, replaced=replaced)
        check_use(use, "API key", is_new=is_new)
        uses.append(use)
    return uses


def refund_keys(connection: Connection, run_id: str) -> None:
    """Removes the charges of a run that bought nothing. Part of a transaction."""
    connection.execute(delete(key_charges).where(key_charges.c.run_id == run_id))


def find_key_use(connection: Connection, owner: Owner, key_ids: Iterable[str]) -> dict[str, AllowanceUse]:
    """What these keys of the owner use of their limits; those that are gone are left out. Part of a transaction."""
    limits = {key_id: find_key_limits(connection, owner, key_id) for key_id in key_ids}
    return {
        key_id: _use(connection, owner, key_id, found)
        for key_id, found in limits.items()
        if found is not None
    }


def find_key_limits(connection: Connection, owner: Owner, key_id: str) -> Allowance | None:
    """A key's own limits; None where there is no such key."""
    row = connection.execute(
        select(
            api_keys.c.runs_at_once, api_keys.c.runs_a_day, api_keys.c.usd_a_month, api_keys.c.runs_a_month
        ).where(api_keys.c.owner == owner, api_keys.c.id == key_id)
    ).one_or_none()
    return None if row is None else Allowance(*row)


def _add(connection: Connection, run_id: str, owner: Owner, key_id: str) -> bool:
    """Whether the run is new to the key."""
    known = select(key_charges.c.run_id).where(
        key_charges.c.owner == owner, key_charges.c.run_id == run_id, key_charges.c.key_id == key_id
    )
    if connection.scalar(known) is not None:
        return False
    row = {"run_id": run_id, "key_id": key_id, "owner": owner, "charged_at": datetime.now(UTC)}
    connection.execute(insert(key_charges).values(row))
    return True


def _use(
    connection: Connection,
    owner: Owner,
    key_id: str,
    limits: Allowance,
    *,
    replaced: str | None = None,
) -> AllowanceUse:
    month, end = month_of(None), next_month(None)
    mine = (key_charges.c.owner == owner) & (key_charges.c.key_id == key_id)
    charged = select(key_charges.c.charged_at).where(mine, is_within(key_charges.c.charged_at, month, end))
    same_run = (key_charges.c.owner == usage.c.owner) & (key_charges.c.run_id == usage.c.run_id)
    spent = (
        select(func.coalesce(func.sum(usage.c.cost_usd), 0.0))
        .join(key_charges, same_run)
        .where(mine, usage.c.owner == owner, is_day_within(usage.c.day, month, end))
    )
    unfinished = connection.execute(
        select(runs.c.id, runs.c.status, runs.c.options)
        .join(key_charges, (key_charges.c.owner == runs.c.owner) & (key_charges.c.run_id == runs.c.id))
        .where(mine, runs.c.owner == owner, runs.c.status.in_(UNFINISHED), runs.c.source_run_id.is_(None))
    ).all()
    # As for an account: what is reserved before what is spent.
    reserved = find_reserved(connection, owner, unfinished, limits)
    charges = list(connection.scalars(charged))
    return AllowanceUse(
        runs_now=count_executing(unfinished, replaced),
        runs_today=count_today(charges, None),
        runs_this_month=len(charges),
        spent_usd=float(connection.scalar(spent) or 0.0),
        reserved_usd=reserved,
        limits=limits,
    )
