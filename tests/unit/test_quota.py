"""The quota: what was bought counts, once, whatever became of it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from backend.log.sql import SqlLog
from backend.runs.admission.quota import Quota
from backend.store.owner import Owner
from backend.store.runs.charges import ChargeRepository
from backend.store.runs.owned_runs import OwnedRunRepository
from backend.store.runs.runs import Run, RunRepository
from backend.store.sql.database import Database
from tests.databases import ENGINES
from tests.unit.messages import complete, error
from tests.unit.stored_runs import finish_run, lease_run, new_run
from workflows.errors import QuotaExceeded

pytestmark = pytest.mark.engine(*ENGINES)

LIMITS = {"report": 2}


@pytest.fixture
def quota(database: Database) -> Quota:
    return Quota(ChargeRepository(database), LIMITS)


async def take(quota: Quota, repository: RunRepository, **values: object) -> Run | None:
    """One more report; None if there is no room for it this month."""
    new = new_run(**{"format": "report", "process": "P1", **values})
    try:
        with quota.reserve(new.format) as limit:
            return await repository.add(new, limit=limit)
    except QuotaExceeded as refused:
        assert 0 < refused.retry_after <= 31 * 86400
        return None


async def used(quota: Quota) -> int:
    return (await quota.usage(Owner("maya"), "report")).used


async def test_quota_gives_its_last_place_once_and_counts_by_owner_and_format(
    quota: Quota, repository: RunRepository
) -> None:
    taken = await asyncio.gather(*(take(quota, repository) for _ in range(4)))
    assert [run is not None for run in taken].count(True) == 2
    assert await take(quota, repository, owner="noa") and await take(quota, repository, format="story")
    usage = await quota.usage(Owner("maya"), "report")
    assert (usage.used, usage.quota) == (2, 2) and usage.resets_at.day == 1
    assert (await quota.usage(Owner("maya"), "story")).quota is None


async def test_quota_gives_its_last_place_once_to_processes_that_ask_at_once(
    quota: Quota, repository: RunRepository, other_database: Database
) -> None:
    there = Quota(ChargeRepository(other_database), LIMITS), RunRepository(other_database)
    takings = [take(*each) for each in [(quota, repository), there] * 4]
    taken = await asyncio.gather(*takings)
    assert [run is not None for run in taken].count(True) == 2


@pytest.mark.parametrize("bought", [True, False])
@pytest.mark.parametrize("ending", ["failed", "cancelled", "completed"])
async def test_quota_counts_what_was_bought_however_it_ended_also_when_it_is_deleted(
    quota: Quota, repository: RunRepository, database: Database, log: SqlLog, ending: str, bought: bool
) -> None:
    owned, run = OwnedRunRepository(database), await take(quota, repository)
    assert run is not None and await used(quota) == 1
    lease = await lease_run(log, run)
    if ending == "completed":
        await owned.complete(lease, run, complete(), None, bought=bought)
    else:
        code = "CANCELLED" if ending == "cancelled" else "MODEL_AUTH"
        await owned.fail(lease, error(code), None, bought=bought)
    assert await used(quota) == bought
    await repository.delete(run.owner, run.id)
    assert await used(quota) == bought


async def test_run_that_goes_on_counts_once_and_is_refused_if_it_did_not_count_and_there_is_no_room(
    quota: Quota, repository: RunRepository, database: Database, log: SqlLog
) -> None:
    owned = OwnedRunRepository(database)
    bought, failed = await take(quota, repository), await take(quota, repository)
    assert bought is not None and failed is not None
    await owned.fail(await lease_run(log, bought), error(), None, bought=True)
    await owned.fail(await lease_run(log, failed), error("MODEL_AUTH"), None, bought=False)
    assert await take(quota, repository) is not None  # in the place of the one that bought nothing

    async def resume(run: Run) -> bool:
        ended = await repository.get(run.id)
        assert ended is not None
        with quota.reserve("report") as limit:
            return await repository.resume(ended, "P1", ended.options, limit=limit)

    assert await resume(bought) and await used(quota) == 2
    with pytest.raises(QuotaExceeded):
        await resume(failed)
    after = await repository.get(failed.id)
    assert after is not None and after.status == "failed"


async def test_charge_counts_in_the_month_in_which_it_was_made(
    database: Database, repository: RunRepository
) -> None:
    now = datetime.now(UTC)
    next_month = Quota(ChargeRepository(database), LIMITS, lambda: now + timedelta(days=32))
    await take(Quota(ChargeRepository(database), LIMITS), repository)
    assert await used(next_month) == 0


async def test_run_that_is_given_the_text_of_another_one_is_not_charged(
    quota: Quota, repository: RunRepository
) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    many = [new_run(format="report", cache_key="k", options={"cache": "use"}) for _ in range(10)]
    with quota.reserve("report") as limit:
        added = await asyncio.gather(*(repository.add(each, limit=limit, kept_since=since) for each in many))
    runs = [run for run in added if run is not None]
    assert len(runs) == 10 and await used(quota) == 1
    [leader] = [run for run in runs if run.source_run_id is None]
    assert {run.source_run_id for run in runs} == {None, leader.id}

    await finish_run(repository, leader, "cancelled")
    with quota.reserve("report") as limit:
        another = await repository.add(
            new_run(format="report", cache_key="k", options={"cache": "use"}), limit=limit, kept_since=since
        )
    assert another is not None and another.source_run_id is None and await used(quota) == 2


async def test_follower_that_goes_on_without_its_leader_needs_a_place_of_its_own(
    quota: Quota, repository: RunRepository
) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    same = {"format": "report", "cache_key": "k", "options": {"cache": "use"}}
    leader, follower = [await repository.add(new_run(**same), kept_since=since) for _ in range(2)]
    assert leader is not None and follower is not None and follower.source_run_id == leader.id
    stopped = await finish_run(repository, follower, "cancelled")
    with quota.reserve("report") as limit:
        assert await repository.resume(stopped, "P1", stopped.options, limit=limit, kept_since=since)
    assert await used(quota) == 1
    stopped = await finish_run(repository, follower, "cancelled")
    await finish_run(repository, leader, "failed")
    await take(quota, repository)
    with pytest.raises(QuotaExceeded), quota.reserve("report") as limit:
        await repository.resume(stopped, "P1", stopped.options, limit=limit, kept_since=since)
