"""Runs whose own code breaks, and the tasks that execute them: a last message, whatever was thrown."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from backend.log.sql import SqlLog
from backend.runs.admission.quota import Quota
from backend.runs.attempt.budget import Accounts
from backend.runs.attempt.executor import Executor
from backend.runs.engine.inline import InlineExecution
from backend.runs.readers.replay import read_messages
from backend.runs.results.cache import ResultCache
from backend.store.cache import CacheRepository
from backend.store.checkpoints import MemoryCheckpoints
from backend.store.database import Database
from backend.store.runs import Run, RunRepository
from backend.store.usage import UsageRepository
from backend.tasks import Background
from backend.telemetry.metrics import Measures
from backend.telemetry.observers import Sight
from tests.models import settings_of
from tests.unit.messages import OUTLINE, content, number, workflow
from tests.unit.stored_runs import add_run
from workflows.errors import ModelUnavailable
from workflows.formats.story.format import StoryFormat
from workflows.graph import build_graph
from workflows.messages.messages import Message, RunFailed
from workflows.models.budget.ledger import Ledgers
from workflows.models.clients.catalog import Model, ModelCatalog
from workflows.safety.policy import load_policy

NOWHERE = "http://127.0.0.1:9"
Open = Callable[..., Executor]


class Breaking(StoryFormat):
    """Throws where it is to plan; each time when its gate is opened, if there are any."""

    def __init__(self, error: Exception, gates: Sequence[asyncio.Event]) -> None:
        super().__init__()
        self._error = error
        self._gates = list(gates)

    async def plan(self, given: Any, model: Model) -> Any:
        """Never returns."""
        del given, model
        if self._gates:
            await self._gates.pop(0).wait()
        raise self._error


@pytest.fixture
def open_executor(database: Database, repository: RunRepository, log: SqlLog) -> Open:
    """An executor of stories whose format throws this error."""

    def open_one(error: Exception, gates: Sequence[asyncio.Event] = ()) -> Executor:
        models, ledgers = ModelCatalog(settings_of(NOWHERE)), Ledgers()
        return Executor(
            graphs={
                "story": build_graph(Breaking(error, gates), models, MemoryCheckpoints(), ledgers=ledgers)
            },
            run_log=log,
            repository=repository,
            policy_of=lambda _: load_policy("general"),
            accounts=Accounts(ledgers, UsageRepository(database)),
            cache=ResultCache(CacheRepository(database), repository, log, lambda _: None, 60),
            quota=Quota(repository, {}),
            sight=Sight(Measures(), []),
            personal_of=lambda _: None,
            background=Background(),
            merge_seconds=0.0,
            run_timeout=60.0,
        )

    return open_one


async def _execute(
    executor: Executor, repository: RunRepository, log: SqlLog, told: Sequence[Message] = ()
) -> tuple[Run, RunFailed]:
    run = await add_run(repository, model="openai:gpt-test", process="here", input={"theme": "the moon"})
    if told:  # by a process that died
        await log.append(run.id, await log.take_over(run.id), number(*told))
    execution, ended = InlineExecution(executor, repository, "here", 1, Measures()), asyncio.Event()
    execution.submit(run, when_done=ended.set)
    await ended.wait()
    [*_, ending] = await read_messages(log, run.id)
    stored = await repository.find(run.owner, run.id)
    assert isinstance(ending, RunFailed) and stored is not None
    return stored, ending


@pytest.mark.parametrize("error", [KeyError("scenes"), TimeoutError(), TimeoutError("the database")])
async def test_fault_of_our_own_ends_the_run_so_that_it_can_go_on(
    open_executor: Open, repository: RunRepository, log: SqlLog, error: Exception
) -> None:
    run, ending = await _execute(open_executor(error), repository, log)
    assert (ending.code, ending.resumable) == ("INTERNAL", True)
    assert "scenes" not in ending.message and "database" not in ending.message
    assert run.status == "failed" and run.error is not None and run.error["code"] == "INTERNAL"


async def test_run_whose_kept_result_is_gone_when_half_of_it_was_told_is_written_from_the_beginning(
    open_executor: Open, repository: RunRepository, log: SqlLog
) -> None:
    told: list[Message] = [
        workflow("started"),
        OUTLINE,
        content(0, "A lamp.", ends=True),
    ]
    asked_to_plan = ModelUnavailable("The provider is away.")
    _, ending = await _execute(open_executor(asked_to_plan), repository, log, told)
    assert ending.code == "MODEL_UNAVAILABLE"  # it came to the plan


async def test_run_that_was_taken_up_again_stays_known_when_the_attempt_before_it_ends(
    open_executor: Open, repository: RunRepository
) -> None:
    gates = asyncio.Event(), asyncio.Event()
    first_ended, second_ended = asyncio.Event(), asyncio.Event()
    execution = InlineExecution(open_executor(KeyError(), gates), repository, "here", 2, Measures())
    run = await add_run(repository, model="openai:gpt-test", process="here", input={"theme": "the moon"})
    execution.submit(run, when_done=first_ended.set)
    await execution.begun(run.id)
    execution.submit(run, when_done=second_ended.set)
    await execution.begun(run.id)
    gates[0].set()
    await first_ended.wait()
    known = execution.executes(run.id)
    gates[1].set()
    await second_ended.wait()

    assert known and not execution.executes(run.id)
