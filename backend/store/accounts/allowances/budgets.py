"""Budgets of runs, within the money that their account and their API keys have left this month.

A budget that somebody named is kept or refused. One that is only a default is narrowed to what is left: otherwise the
last dollar of a month could never be spent.
"""

import math
from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from backend.store.accounts.allowances.allowance import AllowanceUse, Whose, find_spent, soon
from backend.store.accounts.allowances.periods import next_month
from backend.store.limits import AllowanceReached
from backend.store.owner import Owner
from backend.store.schema.tables import runs

_DUST_USD = 1e-9
_PARTS_OF_A_USD = 1_000_000
_LEAST_USD = 1 / _PARTS_OF_A_USD


def fit_budget(
    connection: Connection,
    run_id: str,
    owner: Owner,
    uses: Sequence[tuple[Whose, AllowanceUse]],
    least_usd: float | None,
) -> None:
    """Of a run that was just stored as running: raises AllowanceReached where it may cost more than is left of one of
    these `uses`, which include it. With `least_usd`, the least that it may cost, nobody has named its budget, which is
    narrowed to what is left unless that is too little. Part of that transaction, so that of many at once no more get
    through."""
    use = max((use for _, use in uses), key=lambda each: each.usd_over)
    if use.usd_over <= _DUST_USD:
        return
    mine = (runs.c.owner == owner) & (runs.c.id == run_id)
    options = connection.execute(select(runs.c.options).where(mine)).scalar_one()
    budget = options.budget_usd or use.limits.usd_a_month or 0.0
    own = max(0.0, budget - find_spent(connection, owner, [run_id]).get(run_id, 0.0))
    spare = 0.0 if least_usd is None else own - max(least_usd, _LEAST_USD)
    narrow = [each for each in uses if each[1].usd_over > max(spare, _DUST_USD)]
    if refusals := [_refuse(whose, each, own, least_usd) for whose, each in narrow]:
        raise max(refusals, key=lambda refusal: refusal.until)  # there is room when all of them have some
    narrowed = math.floor((budget - use.usd_over) * _PARTS_OF_A_USD + _DUST_USD) / _PARTS_OF_A_USD
    connection.execute(
        update(runs).where(mine).values(options=options.model_copy(update={"budget_usd": narrowed}))
    )


def _refuse(whose: Whose, use: AllowanceUse, own_usd: float, least_usd: float | None) -> AllowanceReached:
    """What is said, and when there may be room: when others end, or only in the next month."""
    most, others_usd = use.limits.usd_a_month or 0.0, max(0.0, use.reserved_usd - own_usd)
    is_named = least_usd is None
    needed = own_usd if least_usd is None else max(least_usd, _LEAST_USD)
    helps = others_usd > _DUST_USD and needed <= most - use.spent_usd + _DUST_USD
    wait = (
        "wait until the others have ended"
        if helps
        else f"the next month begins on {next_month(None):%Y-%m-%d}"
    )
    is_room = use.spent_usd + others_usd < most - _DUST_USD
    smaller = ["give the run a smaller budget"] if is_named and is_room else []
    this = f"this one {'may cost' if is_named else 'costs at least'} ${needed:.4f}"
    return AllowanceReached(
        f"Of the ${most:g} that the {whose} may spend a month, ${use.spent_usd:.4f} are spent, and its other "
        f"unfinished runs may cost ${others_usd:.4f}; {this}: {' or '.join([wait, *smaller])}.",
        soon() if helps else next_month(None),
    )
