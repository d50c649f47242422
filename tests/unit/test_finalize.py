"""How a run ended, also one of a format whose package has gone since, or whose usage can't be stored."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from backend.log.entry import StaleWriter
from backend.log.sql import SqlLog
from backend.runs.attempt.budget import Budgets
from backend.runs.attempt.finalize import RunFinalizer
from backend.runs.formats import RunFormats
from backend.runs.results.cache import ResultCache
from backend.store.owner import Owner
from backend.store.runs.cache import CacheRepository
from backend.store.runs.charges import ChargeRepository, Limit
from backend.store.runs.owned_runs import OwnedRunRepository
from backend.store.runs.runs import RunRepository
from backend.store.schema.tables import usage
from backend.store.sql.database import Database
from backend.store.usage import UsageRepository
from tests.models import settings_of
from tests.unit.messages import OUTLINE, USAGE, complete, content, error
from tests.unit.stored_runs import add_run, lease_run
from workflows.graph import Graph
from workflows.messages.messages import CallUsage, Message
from workflows.messages.transcript import Transcript
from workflows.models.budget.ledger import Ledgers
from workflows.models.clients.catalog import ModelCatalog
from workflows.safety.policies.registry import PolicyRegistry
from workflows.state import Outline
from workflows.versions import VersionPlan


@pytest.fixture
def finalizer(database: Database, repository: RunRepository) -> RunFinalizer:
    """One that has no format any more."""
    graphs: dict[str, Graph] = {}
    models = ModelCatalog(settings_of("http://127.0.0.1:9"))
    formats = RunFormats({}, graphs.__getitem__, models, PolicyRegistry())
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
    stored = await repository.find(Owner("maya"), run.id)

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


async def test_spending_is_stored_although_the_database_was_away_for_a_moment(
    finalizer: RunFinalizer,
    repository: RunRepository,
    database: Database,
    log: SqlLog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transcript, write, failures = (
        Transcript(),
        database.write_unsynced,
        [OperationalError("", None, Exception("away"))],
    )
    transcript.apply(USAGE.model_copy(update={"call": BOUGHT}))
    run = await add_run(repository, process="P1")
    lease = await lease_run(log, run)

    async def write_later(work: Callable[[Connection], Any]) -> Any:
        if failures:
            raise failures.pop()
        return await write(work)

    monkeypatch.setattr(database, "write_unsynced", write_later)
    assert await finalizer.store(run, lease, error(), transcript) == "failed"
    rows = await database.read(lambda connection: [*connection.execute(select(usage)).mappings()])
    assert [(row["run_id"], row["cost_usd"]) for row in rows] == [(run.id, 1.0)]


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


BOUGHT = CallUsage(id="c", role="writing", model="openai:test", input_tokens=1, output_tokens=1, cost_usd=1.0)


@pytest.mark.parametrize(
    ("ending", "has_bought", "is_charged"),
    [
        (complete(), True, True),
        (complete(), False, True),  # by a model of its own, say: it was written all the same
        (complete().model_copy(update={"cached": True}), False, False),
        (
            complete().model_copy(update={"cached": True}),
            True,
            True,
        ),  # it began to write, and was given the rest
        (error(), True, True),
        (error(), False, False),
        (error("CANCELLED"), False, False),
        (None, False, True),  # it goes on
    ],
)
async def test_run_that_bought_nothing_and_was_not_written_is_not_charged(
    finalizer: RunFinalizer,
    repository: RunRepository,
    database: Database,
    log: SqlLog,
    ending: Message | None,
    has_bought: bool,
    is_charged: bool,
) -> None:
    run, transcript = await add_run(repository, process="P1"), Transcript()
    if has_bought:
        transcript.apply(USAGE.model_copy(update={"call": BOUGHT}))
    await finalizer.store(run, await lease_run(log, run), ending, transcript)
    always = Limit(None, datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC))
    assert await ChargeRepository(database).count(Owner("maya"), "story", always) == is_charged


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (complete(), "completed"),
        (error(), "failed"),
        (error("CANCELLED"), "cancelled"),
        (None, "interrupted"),
    ],
)
async def test_outcome_is_stored_with_title_and_words_and_reported(
    finalizer: RunFinalizer, repository: RunRepository, log: SqlLog, ending: Message | None, outcome: str
) -> None:
    run, transcript = await add_run(repository, process="P1"), Transcript()
    for message in (OUTLINE, content(0, "A lamp went out.")):
        transcript.apply(message)
    assert await finalizer.store(run, await lease_run(log, run), ending, transcript) == outcome
    stored = await repository.get(run.id)
    words = {"completed": 1, "interrupted": 4}.get(outcome, 12)
    assert stored is not None and (stored.title, stored.words) == ("The Lamp", words)
    assert stored.error == (ending if outcome in ("failed", "cancelled") else None)


async def test_spending_of_a_run_is_stored_by_role_and_model(
    finalizer: RunFinalizer, repository: RunRepository, database: Database, log: SqlLog
) -> None:
    run, transcript = await add_run(repository, process="P1"), Transcript()
    for id in ("c1", "c2"):
        transcript.apply(USAGE.model_copy(update={"call": BOUGHT.model_copy(update={"id": id})}))
    lease = await lease_run(log, run)
    await finalizer.store(run, lease, None, transcript)
    rows = await database.read(lambda connection: [*connection.execute(select(usage)).mappings()])
    assert len(rows) == 1 and (rows[0]["run_id"], rows[0]["owner"]) == (run.id, "maya")
    assert (rows[0]["role"], rows[0]["input_tokens"], rows[0]["cost_usd"]) == ("writing", 2, 2.0)


async def test_copy_keeps_the_plan_of_its_source_for_versions_though_the_checkpoint_has_gone(
    finalizer: RunFinalizer, repository: RunRepository, log: SqlLog
) -> None:
    outline = Outline(title=OUTLINE.title, sections=OUTLINE.sections)
    source = await add_run(repository, process="P1", plan=VersionPlan(outline=outline))
    copy = await add_run(repository, process="P1", source_run_id=source.id)
    ending = complete().model_copy(update={"cached": True})
    await finalizer.store(copy, await lease_run(log, copy), ending, Transcript())
    stored = await repository.get(copy.id)
    assert stored is not None and stored.plan is not None and stored.plan == source.plan
