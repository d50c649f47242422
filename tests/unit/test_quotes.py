"""Quotes of runs that are to go on: what is left of them, at the price of their own model."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.lookups import StoredLookups
from backend.runs.admission.validation import Admission
from backend.runs.quotes import Quotes
from backend.store.owner import Owner
from backend.store.sql.database import Database
from backend.store.usage import UsageRepository
from tests.models import settings_of
from tests.unit.messages import OUTLINE, USAGE, complete, content, error, number, workflow
from tests.unit.stored_runs import add_run, finish_run
from tests.unit.worlds import NOWHERE, OWNER, World, open_world
from workflows.errors import Conflict, NotFound
from workflows.messages.messages import Message
from workflows.models.budget.prices import PriceRegistry
from workflows.models.clients.catalog import ModelCatalog
from workflows.safety.policies.registry import PolicyRegistry


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database, tmp_path) as opened:
        yield opened


@pytest.fixture
async def quotes(world: World, database: Database) -> AsyncIterator[Quotes]:
    models = ModelCatalog(settings_of(NOWHERE))
    admission = Admission({}, models, PolicyRegistry(), StoredLookups({}), PriceRegistry(), None)
    yield Quotes(admission, world.queries, UsageRepository(database), world.quota)
    await models.close()


async def write(world: World, run_id: str, *messages: Message) -> None:
    """The run's log, as another process has written it."""
    epoch = await world.log.take_over(run_id)
    world.log.let_go(run_id)
    await world.log.append(run_id, epoch, number(*messages))


async def test_quote_says_what_is_left_and_its_cost_by_the_price_of_the_runs_model(
    world: World, quotes: Quotes
) -> None:
    run = await add_run(world.repository, model="openai:gpt-4o")
    written = content(0, "A lamp.", ends=True)
    await write(world, run.id, workflow("started"), OUTLINE, written, USAGE, error())
    await finish_run(world.repository, run, "failed", error=error())
    quote = await quotes.of_resume(OWNER, run.id)
    assert (quote.run_id, quote.sections_left, quote.spent_usd, quote.resumable) == (run.id, [1], 0.5, True)
    assert quote.cost_usd_low is not None and quote.cost_usd_low > 0

    other = await add_run(world.repository, model="openai:nobody-knows")
    await write(world, other.id, OUTLINE)
    assert (await quotes.of_resume(OWNER, other.id)).cost_usd_low is None


async def test_quote_of_a_run_that_is_complete_or_somebody_elses_is_refused(
    world: World, quotes: Quotes
) -> None:
    run = await add_run(world.repository)
    await finish_run(world.repository, run, "completed", result=complete())
    with pytest.raises(Conflict, match="nothing left"):
        await quotes.of_resume(OWNER, run.id)
    with pytest.raises(NotFound):
        await quotes.of_resume(Owner("noa"), run.id)
