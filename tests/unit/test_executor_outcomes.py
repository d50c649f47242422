"""What an executor leaves of an attempt: its outcome in row, metrics and recording, and a log that it let go."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from backend.log.entry import StaleWriter
from backend.runs.attempt.executor import Executor
from backend.runs.attempt.finalize import RunFinalizer
from backend.runs.attempt.handle import RunHandle
from backend.runs.attempt.recording import RunRecorder
from backend.store.runs.owned_runs import Lease
from backend.store.runs.runs import Run
from backend.store.sql.database import Database
from backend.telemetry.metrics import AttemptMetrics, AttemptOutcome, Metrics
from backend.telemetry.observers import Observers
from tests.models import settings_of
from tests.unit.attempts import note
from tests.unit.messages import complete, error, number, workflow
from tests.unit.stored_runs import add_run
from tests.unit.worlds import NOWHERE, World, open_world
from workflows.messages.messages import Message, RunCompleted, UsageUpdated
from workflows.messages.transcript import Transcript
from workflows.models.clients.catalog import ModelCatalog


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database, tmp_path) as opened:
        yield opened


class _Outcomes(Metrics, AttemptMetrics):
    """Metrics that note how attempts end, and how many writers were refused."""

    def __init__(self) -> None:
        self.outcomes: list[AttemptOutcome] = []
        self.fenced = 0

    def attempt(self, format: str, *, words: int, usage: UsageUpdated | None) -> AttemptMetrics:
        del format, words, usage
        return self

    def on_end(self, outcome: AttemptOutcome) -> None:
        self.outcomes.append(outcome)

    def on_fenced_writer(self) -> None:
        self.fenced += 1


class _Finalizer:
    """A finalizer that notes what it is to store, and whether whoever asks for the row was told to wait."""

    def __init__(self, handle: RunHandle, *, refuses: bool = False) -> None:
        self._handle = handle
        self._refuses = refuses
        self.stored: list[tuple[str | None, bool, type[Message] | None]] = []
        self.cut_off: list[bool] = []

    async def store(
        self,
        run: Run,
        lease: Lease,
        ending: Message | None,
        transcript: Transcript,
        *,
        was_cut_off: bool = False,
    ) -> AttemptOutcome:
        del lease, transcript
        self.cut_off.append(was_cut_off)
        self.stored.append((run.source_run_id, self._handle.settling, type(ending) if ending else None))
        if self._refuses:
            raise StaleWriter(run.id)
        return "completed"

    async def tidy(self, run: Run, ending: Message | None) -> None:
        del run, ending
        assert self._handle.stored.is_set()


async def execute(
    world: World, run: Run, *, refuses: bool = False, recorder: RunRecorder | None = None
) -> tuple[list[tuple[str | None, bool, type[Message] | None]], _Outcomes]:
    """What was to be stored of the run, and what its metrics have."""
    handle, metrics = RunHandle(), _Outcomes()
    finalizer = _Finalizer(handle, refuses=refuses)
    stands_in = cast(RunFinalizer, finalizer)
    tools = replace(world.tools, recorder=recorder)
    executor = Executor(world.log, stands_in, world.budgets, Observers(metrics), tools, merge_seconds=0.0)
    await executor.execute(run, handle)
    assert not world.log.is_live(run.id)
    return finalizer.stored, metrics


async def test_row_of_a_run_that_ends_is_stored_while_who_asks_for_it_waits(world: World) -> None:
    stored, metrics = await execute(world, await note(world))
    assert stored == [(None, True, RunCompleted)] and metrics.outcomes == ["completed"]


async def test_row_that_a_crash_left_behind_is_stored_from_the_log_while_who_asks_for_it_waits(
    world: World,
) -> None:
    run = await note(world)
    await world.log.append(
        run.id, await world.log.take_over(run.id), number(workflow("started"), complete("A lamp."))
    )
    stored, metrics = await execute(world, run)
    assert stored == [(None, True, RunCompleted)] and not world.format.written
    assert metrics.outcomes == []  # no attempt was made


@pytest.mark.parametrize(
    ("logged", "superseded", "is_charged"),
    [
        # Nobody knows what the first attempt bought, since it broke off. The second one's last message is its own.
        ([workflow("started"), workflow("resumed", 2), error()], None, True),
        ([workflow("started"), workflow("resumed", 2), error()], 3, True),
        ([workflow("started"), error(), workflow("resumed", 2), error()], None, False),
        ([workflow("started"), error(), workflow("resumed", 2), error()], 4, False),
        ([workflow("started"), workflow("resumed", 2)], None, True),
        ([workflow("started"), error()], None, False),
    ],
)
async def test_run_is_charged_when_any_attempt_broke_off_whichever_message_the_log_ends_with(
    world: World, logged: list[Message], superseded: int | None, is_charged: bool
) -> None:
    run = replace(await note(world), superseded_error_seq=superseded)
    await world.log.append(run.id, await world.log.take_over(run.id), number(*logged))
    finalizer = _Finalizer(handle := RunHandle())
    executor = Executor(
        world.log,
        cast(RunFinalizer, finalizer),
        world.budgets,
        Observers(_Outcomes()),
        world.tools,
        merge_seconds=0.0,
    )
    await executor.execute(run, handle)
    assert finalizer.cut_off == [is_charged]


async def test_outcome_that_is_refused_counts_as_a_fenced_writer_of_an_interrupted_attempt(
    world: World,
) -> None:
    _, metrics = await execute(world, await note(world), refuses=True)
    assert (metrics.outcomes, metrics.fenced) == (["interrupted"], 1)


async def test_recording_of_a_run_ends_with_its_outcome(world: World, tmp_path: Path) -> None:
    models = ModelCatalog(settings_of(NOWHERE))
    run = await note(world)
    await execute(world, run, recorder=RunRecorder(models, lambda run_id: tmp_path / f"{run_id}.jsonl"))
    await models.close()
    assert '"outcome":"complete"' in (tmp_path / f"{run.id}.jsonl").read_text().splitlines()[-1]


async def test_run_whose_source_has_gone_is_stored_as_its_own(world: World) -> None:
    gone = await add_run(world.repository, format="note")
    run = await note(world, cache_key="k", source_run_id=gone.id)
    await world.repository.delete(gone.owner, gone.id)
    stored, _ = await execute(world, run)
    assert stored == [(None, True, RunCompleted)] and world.format.written == [0, 1]
