"""Quotas of API keys, runs a month, and what outlives a key or an account: in the ledger that charges accounts."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from backend.accounts.credentials.secrets import hash_secret
from backend.log.sql import SqlLog
from backend.store.accounts.accounts import Account, AccountRepository, NewAccount
from backend.store.accounts.allowances.allowance import Allowance, AllowanceUse, find_use
from backend.store.accounts.allowances.former_use import FormerUseRepository
from backend.store.accounts.allowances.periods import next_month
from backend.store.accounts.belongings import BelongingsRepository
from backend.store.accounts.keys import ApiKeyRepository
from backend.store.accounts.tables import key_charges
from backend.store.limits import AllowanceReached
from backend.store.owner import Owner
from backend.store.runs.charges import ChargeRepository, Limit
from backend.store.runs.owned_runs import OwnedRunRepository
from backend.store.runs.runs import Run, RunRepository
from backend.store.schema.tables import quota_charges, usage
from backend.store.sql.database import Database
from backend.store.usage import LOST, RunUsage, UsageRepository, set_usage
from tests.databases import ENGINES
from tests.unit.messages import error
from tests.unit.stored_runs import finish_run, lease_run, new_run

pytestmark = pytest.mark.engine(*ENGINES)

NOW = datetime.now(UTC)
MONTH, LATER = NOW.replace(day=1, hour=0, minute=0, second=0), NOW + timedelta(days=40)
WIDE = Allowance(50, 50, 100.0, 50)


@pytest.fixture
async def noa(database: Database) -> Account:
    account = await AccountRepository(database).add(NewAccount("noa@example.org", "an argon2 string"))
    assert account is not None
    return account


async def add_key(database: Database, owner: Owner, name: str, **limits: Any) -> str:
    values = {"name": name, "hint": "swk_", "scopes": ["runs:write"], "expires_at": LATER, **limits}
    key = await ApiKeyRepository(database).add(owner, hash_secret(name), 9, **values)
    assert key is not None
    return key.id


def limit(key_id: str | None = None, allowance: Allowance = WIDE, least_usd: float | None = None) -> Limit:
    return Limit(None, MONTH, LATER, allowance, key_id, least_usd)


async def start(
    repository: RunRepository, owner: Owner, key_id: str | None, allowance: Allowance = WIDE, **values: Any
) -> Run:
    new = new_run(owner=owner, process="P", key_id=key_id, **{"options": {"budget_usd": 0.1}, **values})
    run = await repository.add(new, limit=limit(key_id, allowance), kept_since=NOW - timedelta(hours=1))
    assert run is not None
    return run


async def use_of(database: Database, owner: Owner, key_id: str) -> AllowanceUse:
    return (await ChargeRepository(database).key_use(owner, [key_id]))[key_id]


async def account_use(database: Database, owner: Owner) -> AllowanceUse:
    use = await ChargeRepository(database).allowance_use(owner, WIDE)
    assert use is not None
    return use


async def spend(database: Database, run: Run, cost_usd: float) -> None:
    part = {"role": "writing", "model": "m", "input_tokens": 1, "output_tokens": 1, "cost_usd": cost_usd}
    used = RunUsage(
        run.id, run.owner, run.format, f"{datetime.now(UTC):%Y-%m-%d}", [{**part, "estimated": False}]
    )
    await database.write(lambda connection: set_usage(connection, used, 1))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"runs_at_once": 3}, "at once"),
        ({"runs_a_day": 3}, "a day"),
        ({"runs_a_month": 3}, "a month"),
        ({"usd_a_month": 0.3}, "may spend a month"),
    ],
)
@pytest.mark.parametrize("of", ["key", "account"])
async def test_last_place_of_a_quota_is_given_once_to_processes_that_ask_at_once(
    database: Database,
    other_database: Database,
    noa: Account,
    of: str,
    limits: dict[str, Any],
    words: str,
) -> None:
    key_id = await add_key(database, noa.id, "narrow", **(limits if of == "key" else {}))
    wide = {
        name: getattr(WIDE, name) for name in ("runs_at_once", "runs_a_day", "usd_a_month", "runs_a_month")
    }
    allowance = WIDE if of == "key" else Allowance(**{**wide, **limits})
    taken = await asyncio.gather(
        *(start(RunRepository(each), noa.id, key_id, allowance) for each in (database, other_database) * 3),
        return_exceptions=True,
    )
    refused = [each for each in taken if isinstance(each, AllowanceReached)]
    assert len(refused) == 3 and all(words in each.message for each in refused)
    assert all(("API key" if of == "key" else "account") in each.message for each in refused)
    assert len(await RunRepository(database).page(noa.id, limit=20)) == 3


async def test_keys_of_an_account_have_a_quota_each_and_a_person_has_the_accounts(
    database: Database, repository: RunRepository, noa: Account
) -> None:
    narrow = await add_key(database, noa.id, "narrow", runs_a_month=1)
    wide = await add_key(database, noa.id, "wide")
    await start(repository, noa.id, narrow)
    with pytest.raises(AllowanceReached):
        await start(repository, noa.id, narrow)
    await start(repository, noa.id, wide)
    await start(repository, noa.id, None)
    used = [(await use_of(database, noa.id, key)).runs_this_month for key in (narrow, wide)]
    assert used == [1, 1]
    assert (await account_use(database, noa.id)).runs_this_month == 3


async def test_kept_result_is_free_for_a_key_too(
    database: Database, repository: RunRepository, noa: Account
) -> None:
    key_id = await add_key(database, noa.id, "narrow", runs_a_month=1, usd_a_month=0.1)
    same: dict[str, Any] = {"cache_key": "k", "options": {"cache": "use", "budget_usd": 0.1}}
    runs = [await start(repository, noa.id, key_id, **same) for _ in range(3)]
    assert [run.source_run_id is None for run in runs] == [True, False, False]
    assert (await use_of(database, noa.id, key_id)).runs_this_month == 1


async def test_money_of_a_key_is_reserved_at_the_start_and_settled_at_the_end(
    database: Database, repository: RunRepository, noa: Account
) -> None:
    key_id = await add_key(database, noa.id, "narrow", usd_a_month=1.0)
    run = await start(repository, noa.id, key_id, options={"budget_usd": 0.9})
    with pytest.raises(AllowanceReached, match="smaller budget"):
        await start(repository, noa.id, key_id, options={"budget_usd": 0.2})
    await spend(database, run, 0.25)
    use = await use_of(database, noa.id, key_id)
    assert (use.spent_usd, round(use.reserved_usd, 6)) == (0.25, 0.65)
    await finish_run(repository, run, "completed")
    use = await use_of(database, noa.id, key_id)
    assert (use.spent_usd, use.reserved_usd) == (0.25, 0.0)
    await start(repository, noa.id, key_id, options={"budget_usd": 0.75})
    with pytest.raises(AllowanceReached):
        await start(repository, noa.id, key_id, options={"budget_usd": 0.01})


async def test_what_an_attempt_bought_that_lost_its_run_is_no_part_of_the_budget_that_stays_reserved(
    database: Database, repository: RunRepository, noa: Account
) -> None:
    run = await start(repository, noa.id, None, options={"budget_usd": 0.5})
    part = {"model": "m", "input_tokens": 1, "output_tokens": 1, "cost_usd": 0.1}
    parts = [
        {**part, "role": role, "estimated": role == "writing"} for role in ("outline", "writing", "judge")
    ]
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    await UsageRepository(database).add_lost(RunUsage(run.id, run.owner, run.format, day, parts))
    use = await account_use(database, noa.id)
    assert (round(use.spent_usd, 6), round(use.reserved_usd, 6)) == (0.3, 0.5)
    [lost] = await UsageRepository(database).sums(noa.id, day, day, "role")
    assert (lost.name, lost.input_tokens, lost.estimated) == (LOST, 3, True)


@pytest.mark.parametrize("least", [None, 0.3])
async def test_refusal_for_want_of_money_tells_when_both_account_and_key_have_some(
    database: Database, repository: RunRepository, noa: Account, least: float | None
) -> None:
    """The account has when its other run ends, the key only next month."""
    key_id, allowance = await add_key(database, noa.id, "narrow", usd_a_month=0.4), Allowance(50, 50, 1.0, 50)
    spent = await start(repository, noa.id, key_id, allowance)
    await spend(database, spent, 0.15)
    await finish_run(repository, spent, "completed")
    await start(repository, noa.id, None, allowance, options={"budget_usd": 0.8})
    new = new_run(owner=noa.id, process="P", key_id=key_id, options={"budget_usd": 0.3})
    with pytest.raises(AllowanceReached, match="API key") as refused:
        await repository.add(new, limit=limit(key_id, allowance, least))
    assert refused.value.until == next_month(None)


@pytest.mark.parametrize("of", ["key", "account"])
async def test_budget_that_nobody_named_is_narrowed_to_what_is_left(
    database: Database, other_database: Database, noa: Account, of: str
) -> None:
    key_id = await add_key(database, noa.id, "narrow", **({"usd_a_month": 0.5} if of == "key" else {}))
    allowance = WIDE if of == "key" else Allowance(50, 50, 0.5, 50)

    async def begin(repository: RunRepository, least: float | None = 0.01) -> Run | None:
        new = new_run(owner=noa.id, process="P", key_id=key_id, options={"budget_usd": 1.0})
        return await repository.add(new, limit=limit(key_id, allowance, least_usd=least))

    repositories = [RunRepository(each) for each in (database, other_database) * 2]
    with pytest.raises(AllowanceReached, match="smaller budget") as named:
        await begin(repositories[0], least=None)
    assert named.value.until == next_month(None)  # nothing that ends this month leaves as much
    taken = await asyncio.gather(*(begin(each) for each in repositories), return_exceptions=True)
    [run] = [each for each in taken if isinstance(each, Run)]
    assert run.options.budget_usd == 0.5
    [refused, *_] = [each for each in taken if isinstance(each, AllowanceReached)]
    assert "wait until the others" in refused.message and refused.until < datetime.now(UTC) + timedelta(
        minutes=5
    )
    await spend(database, run, 0.495)
    failed = await finish_run(repositories[0], run, "failed")
    with pytest.raises(AllowanceReached, match="the next month begins") as spent:
        await begin(repositories[0])
    assert spent.value.until == next_month(None)
    # What it has spent is in the budget of a run that is resumed.
    options = run.options.model_copy(update={"budget_usd": 1.0})
    resumed = limit(key_id, allowance, least_usd=0.001)
    assert await repositories[0].resume(failed, "P", options, limit=resumed)
    again = await repositories[0].get(run.id)
    assert again is not None and again.options.budget_usd == 0.5


async def test_what_a_clock_that_ran_ahead_has_dated_counts_when_its_time_comes(
    database: Database, repository: RunRepository
) -> None:
    accounts = AccountRepository(database)
    ahead = next_month(next_month(None)) + timedelta(days=2, hours=1)

    async def come() -> Owner:
        account = await accounts.add(NewAccount("noa@example.org", verified=True))
        assert account is not None
        return account.id

    async def uses(owner: Owner) -> list[tuple[int, int, float]]:
        """Now, on that day, and on the day before."""

        def find(connection: Connection) -> list[AllowanceUse | None]:
            return [find_use(connection, owner, WIDE, at) for at in (None, ahead, ahead - timedelta(days=1))]

        found = [use for use in await database.read(find) if use is not None]
        return [(use.runs_today, use.runs_this_month, use.spent_usd) for use in found]

    noa = await come()
    key_id = await add_key(database, noa, "narrow")
    run = await start(repository, noa, key_id)
    await spend(database, run, 0.25)
    await finish_run(repository, run, "completed")

    def jump(connection: Connection) -> None:
        for table in (quota_charges, key_charges):
            connection.execute(update(table).values(charged_at=ahead))
        connection.execute(update(usage).values(day=f"{ahead:%Y-%m-%d}"))

    await database.write(jump)
    of_key = await use_of(database, noa, key_id)
    assert (of_key.runs_today, of_key.runs_this_month, of_key.spent_usd) == (0, 0, 0.0)
    assert await uses(noa) == [(0, 0, 0.0), (1, 1, 0.25), (0, 1, 0.25)]
    await BelongingsRepository(database).erase(noa)
    assert await uses(await come()) == [(0, 0, 0.0), (1, 1, 0.25), (0, 1, 0.25)]


async def test_run_that_bought_nothing_is_given_back_to_its_key(
    database: Database, repository: RunRepository, noa: Account, log: SqlLog
) -> None:
    key_id = await add_key(database, noa.id, "narrow", runs_a_day=1)
    run = await start(repository, noa.id, key_id)
    lease = await lease_run(log, run)
    await OwnedRunRepository(database).fail(lease, error("MODEL_AUTH"), None, bought=False)
    assert (await use_of(database, noa.id, key_id)).runs_today == 0
    await start(repository, noa.id, key_id)


async def test_run_that_another_key_goes_on_with_counts_for_both(
    database: Database, repository: RunRepository, noa: Account
) -> None:
    first = await add_key(database, noa.id, "first")
    second = await add_key(database, noa.id, "second", runs_a_day=1)
    runs = [await start(repository, noa.id, first) for _ in range(2)]
    failed = [await finish_run(repository, run, "failed") for run in runs]
    assert await repository.resume(failed[0], "P", failed[0].options, limit=limit(second))
    with pytest.raises(AllowanceReached):
        await repository.resume(failed[1], "P", failed[1].options, limit=limit(second))
    again = await finish_run(repository, failed[0], "failed")
    assert await repository.resume(again, "P", again.options, limit=limit(second))  # it is no new run
    used = [(await use_of(database, noa.id, key)).runs_today for key in (first, second)]
    assert used == [2, 1]


async def test_revoked_key_gives_nothing_back_to_its_account(
    database: Database, repository: RunRepository, noa: Account
) -> None:
    key_id = await add_key(database, noa.id, "narrow", runs_a_month=2)
    narrow = Allowance(50, 50, 100.0, 2)
    for _ in range(2):
        run = await start(repository, noa.id, key_id, narrow)
        await repository.delete(noa.id, run.id)
    assert (await use_of(database, noa.id, key_id)).runs_this_month == 2
    await ApiKeyRepository(database).remove(noa.id, key_id)
    another = await add_key(database, noa.id, "another")
    with pytest.raises(AllowanceReached, match="account"):
        await start(repository, noa.id, another, narrow)


@pytest.mark.parametrize("by", ["address", "identity"])
async def test_deleted_account_that_comes_back_has_used_what_it_used(
    database: Database, repository: RunRepository, by: str
) -> None:
    accounts = AccountRepository(database)

    async def come() -> Owner:
        if by == "identity":
            return (await accounts.find_or_add_identity("https://issuer", "noa", "user")).id
        account = await accounts.add(NewAccount("noa@example.org", verified=True))
        assert account is not None
        return account.id

    for before in range(3):
        owner = await come()
        use = await account_use(database, owner)
        assert (use.runs_today, use.runs_this_month, round(use.spent_usd, 6)) == (
            before,
            before,
            before * 0.25,
        )
        assert await ChargeRepository(database).count(owner, "story", limit()) == before
        run = await start(repository, owner, None, Allowance(50, 50, 100.0, 3))
        await spend(database, run, 0.25)
        await BelongingsRepository(database).erase(owner)
    owner = await come()
    with pytest.raises(AllowanceReached, match="a month"):
        await start(repository, owner, None, Allowance(50, 50, 100.0, 3))
    with pytest.raises(AllowanceReached, match="may spend"):
        await start(repository, owner, None, Allowance(50, 50, 0.8, 50))
    # Nobody else's is touched by it, and when the month is over it is forgotten.
    other = await accounts.add(NewAccount("ben@example.org"))
    assert other is not None and (await account_use(database, other.id)).runs_this_month == 0
    await FormerUseRepository(database).drop(LATER)
    assert (await account_use(database, owner)).runs_this_month == 0


async def test_who_registers_with_a_strangers_address_uses_up_nothing_of_theirs(
    database: Database, repository: RunRepository
) -> None:
    accounts = AccountRepository(database)
    somebody = await accounts.add(NewAccount("noa@example.org"))
    assert somebody is not None  # nobody has confirmed the address
    await spend(database, await start(repository, somebody.id, None, WIDE), 0.25)
    await BelongingsRepository(database).erase(somebody.id)
    noa = await accounts.add(NewAccount("noa@example.org", verified=True))
    assert noa is not None
    use = await account_use(database, noa.id)
    assert (use.runs_this_month, use.spent_usd) == (0, 0.0)
    assert await ChargeRepository(database).count(noa.id, "story", limit()) == 0
