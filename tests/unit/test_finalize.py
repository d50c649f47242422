"""How a run ended, also one of a format whose package has gone since, or whose usage can't be stored."""

import pytest

from backend.log.entry import StaleWriter
from backend.log.sql import SqlLog
from backend.runs.attempt.budget import Budgets
from backend.runs.attempt.finalize import RunFinalizer
from backend.runs.attempt.formats import RunFormats
from backend.runs.results.cache import ResultCache
from backend.store.cache import CacheRepository
from backend.store.database import Database
from backend.store.owned_runs import OwnedRunRepository
from backend.store.runs import RunRepository
from backend.store.usage import UsageRepository
from tests.models import settings_of
from tests.unit.messages import USAGE, complete, error
from tests.unit.stored_runs import add_run, lease_run
from workflows.messages.messages import CallUsage, Message
from workflows.messages.transcript import Transcript
from workflows.models.budget.ledger import Ledgers
from workflows.models.clients.catalog import ModelCatalog
from workflows.safety.registry import PolicyRegistry


@pytest.fixture
def finalizer(database: Database, repository: RunRepository) -> RunFinalizer:
    """One that has no format any more."""
    formats = RunFormats({}, {}, ModelCatalog(settings_of("http://127.0.0.1:9")), PolicyRegistry())
    budgets = Budgets(Ledgers(), UsageRepository(database))
    cache = ResultCache(CacheRepository(database), repository, ttl=60)
    return RunFinalizer(OwnedRunRepository(database), formats, budgets, cache)


@pytest.mark.parametrize(
    ("ending", "status"),
    [(complete(), "completed"), (error(), "failed"), (error("CANCELLED"), "cancelled"), (None, "running")],
)
async def test_ending_of_a_run_whose_format_has_gone_is_stored_from_its_log(
    finalizer: RunFinalizer, repository: RunRepository, log: SqlLog, ending: Message | None, status: str
) -> None:
    run = await add_run(repository, process="P1")
    await finalizer.store(run, await lease_run(log, run), ending, Transcript())
    stored = await repository.find("maya", run.id)

    assert stored is not None and (stored.status, stored.process) == (status, None)
    assert (stored.result is not None, stored.plan) == (status == "completed", None)


async def test_ending_is_stored_although_the_usage_is_beyond_all_numbers(
    finalizer: RunFinalizer, repository: RunRepository, log: SqlLog
) -> None:
    call = CallUsage(
        id="c", role="writing", model="openai:test", input_tokens=2**63, output_tokens=2**80, cost_usd=1.0
    )
    transcript = Transcript()
    transcript.apply(USAGE.model_copy(update={"call": call}))
    run = await add_run(repository, process="P1")
    assert await finalizer.store(run, await lease_run(log, run), error(), transcript) == "failed"


async def test_ending_by_an_attempt_that_lost_the_run_is_refused(
    finalizer: RunFinalizer, repository: RunRepository, log: SqlLog
) -> None:
    run = await add_run(repository, process="P1")
    lost = await lease_run(log, run)
    await log.take_over(run.id)
    for ending in (complete(), error(), None):
        with pytest.raises(StaleWriter):
            await finalizer.store(run, lost, ending, Transcript())
    assert await repository.get(run.id) == run
