"""One attempt at a run: what it says first and last, how it stops, and what it makes of earlier attempts."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from langchain_core.runnables import RunnableConfig

from backend.log.entry import Entry, LogUnavailable, StaleWriter
from backend.log.memory import MemoryLog
from backend.runs.attempt import attempt
from backend.runs.attempt.handle import StopReason
from backend.runs.attempt.log_writer import LogWriter
from backend.runs.attempt.recording import RunRecorder
from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from backend.store.sql.database import Database
from backend.streaming.pace import Pace
from backend.streaming.progress import ProgressMeter
from tests.models import settings_of
from tests.unit.attempts import note, open_attempt, write
from tests.unit.messages import OUTLINE, content, number, workflow
from tests.unit.run_messages import read_messages
from tests.unit.worlds import NOWHERE, World, open_world
from workflows.formats.registry import list_formats
from workflows.messages.messages import (
    CallUsage,
    InputRequested,
    Message,
    MetricsCalculated,
    NodeChanged,
    OutlinePlanned,
    ProgressReported,
    RunCompleted,
    RunFailed,
    TextAppended,
    TextRetracted,
    UsageUpdated,
)
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.spec import ModelSpec

EBB = "Section 0 tells of the sea, of wind and of sand."
FLOOD = "Section 1 tells of the sea, of wind and of sand."
CALL = CallUsage(
    id="c1", role="writing", model="openai:gpt-test", input_tokens=10, output_tokens=5, cost_usd=0.1
)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database, tmp_path) as opened:
        yield opened


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


def workflow_events(messages: list[Message]) -> list[tuple[str, int | None]]:
    return [
        (each.status, each.attempt)
        for each in messages
        if isinstance(each, NodeChanged) and each.node == "workflow"
    ]


def texts(messages: list[Message]) -> list[tuple[int, str, bool]]:
    return [(m.section, m.chunk, m.is_complete) for m in messages if isinstance(m, TextAppended)]


async def test_attempt_says_that_it_begins_and_is_done_and_leaves_the_last_message_to_its_executor(
    world: World, log: MemoryLog
) -> None:
    run = await note(world)
    async with open_attempt(world, run, log) as opened:
        ending = await opened.attempt.write()
    said = await read_messages(log, run.id)

    assert isinstance(ending, RunCompleted) and ending.run_id == run.id and not ending.cached
    assert ending.story_content == opened.transcript.text == f"{EBB}\n\n{FLOOD}"
    assert said[0] == NodeChanged(node="workflow", status="started", attempt=1)
    assert isinstance(said[-2], ProgressReported) and said[-2].percent == 100
    assert said[-1] == NodeChanged(node="workflow", status="completed", attempt=1)
    assert opened.handle.begun.is_set() and not opened.handle.settling
    assert opened.ended_sections == [(run.id, opened.lease, 1), (run.id, opened.lease, 2)]


async def test_attempt_reports_progress_and_the_calls_of_the_whole_run(world: World, log: MemoryLog) -> None:
    run = await note(world)
    usage = UsageUpdated(model=run.model, input_tokens=10, output_tokens=5, cost_usd=0.1, call=CALL)
    earlier: list[Message] = [workflow("started"), usage]
    await log.append(run.id, await log.take_over(run.id), number(*earlier))
    ending = await write(world, run, log)
    said = await read_messages(log, run.id)

    percents = [each.percent for each in said if isinstance(each, ProgressReported)]
    assert len(percents) > 3 and percents == sorted(percents)
    [metrics] = [each for each in said if isinstance(each, MetricsCalculated)]
    assert metrics.model_dump()["model_calls"] == 1
    assert isinstance(ending, RunCompleted) and ending.metadata["model_calls"] == 1
    assert (ending.usage.input_tokens, ending.usage.output_tokens) == (10, 5)
    assert ending.usage.call is None and ending.usage.by == [CALL.model_copy(update={"id": None})]


async def test_attempt_after_one_that_failed_writes_what_is_missing_alone(
    world: World, log: MemoryLog
) -> None:
    run = await note(world)
    world.format.faults[1] = [KeyError("tide")]
    first = await write(world, run, log)
    second = await write(world, run, log)

    assert isinstance(first, RunFailed) and isinstance(second, RunCompleted)
    assert (first.code, first.partial.sections_completed, first.partial.words) == ("INTERNAL", 1, 17)
    assert workflow_events(await read_messages(log, run.id)) == [
        ("started", 1),
        ("failed", 1),
        ("resumed", 2),
        ("completed", 2),
    ]
    assert world.format.written == [0, 1, 1] and second.story_content == f"{EBB}\n\n{FLOOD}"


async def test_attempt_with_a_checkpoint_that_its_log_lacks_takes_the_text_from_there(world: World) -> None:
    run = await note(world)
    world.format.faults[1] = [KeyError("tide")]
    await write(world, run, MemoryLog())
    anew = MemoryLog()
    async with open_attempt(world, run, anew) as opened:
        ending = await opened.attempt.write()
    said = await read_messages(anew, run.id)

    assert isinstance(ending, RunCompleted) and world.format.written == [0, 1, 1]
    assert [each.type for each in said[:3]] == ["node_event", "outline", "content"]
    assert texts(said)[0] == (0, EBB, True) and opened.transcript.text == ending.story_content
    assert [finished for *_, finished in opened.ended_sections] == [2]
    first = next(each for each in said if isinstance(each, ProgressReported))
    assert first.words >= 11  # what the checkpoint had counts


async def test_attempt_reports_and_counts_what_an_earlier_one_bought_that_its_log_lacks(world: World) -> None:
    world.format.bought = {0: 30}
    world.format.faults[1] = [KeyError("tide"), KeyError("tide")]
    run = await note(world, options={"max_output_tokens": 100})
    await write(world, run, MemoryLog())
    anew = MemoryLog()
    async with open_attempt(world, run, anew) as opened:
        ending = await opened.attempt.write()
        left = opened.budget.ledger.begin(ModelSpec.parse(run.model), "writing", 1, 4).limit
    found = [each for each in await read_messages(anew, run.id) if isinstance(each, UsageUpdated)]

    assert isinstance(ending, RunFailed) and left == 70
    assert [(each.output_tokens, each.call and each.call.section) for each in found] == [(30, 0)]


class _Watching(MemoryLog):
    """A log that looks, whenever something is appended."""

    def __init__(self) -> None:
        super().__init__()
        self.look: Callable[[], bool] = bool
        self.seen: list[bool] = []

    async def append(self, run_id: str, epoch: int, entries: Sequence[Entry]) -> None:
        self.seen.append(self.look())
        await super().append(run_id, epoch, entries)


async def test_attempt_has_begun_when_its_log_says_so_and_no_sooner(world: World) -> None:
    log = _Watching()
    async with open_attempt(world, await note(world), log) as opened:
        log.look = opened.handle.begun.is_set
        await opened.attempt.write()
    assert log.seen[0] is False and log.seen[-1] is True


class _Losing(MemoryCheckpoints):
    """Checkpoints of which no more than some are kept, as when a process dies; results of tasks are."""

    left: int | None = None

    async def aput(self, *args: Any, **kwargs: Any) -> RunnableConfig:
        if self.left == 0:
            raise OSError("the disk is full")
        if self.left is not None:
            self.left -= 1
        return await super().aput(*args, **kwargs)


async def test_attempt_that_died_between_two_steps_buys_no_section_twice(
    database: Database, tmp_path: Path
) -> None:
    checkpoints = _Losing()
    async with open_world(database, tmp_path, checkpoints=checkpoints) as world:
        for kept in range(3, 6):  # the plan is there, and the first section, and the second
            world.format.written.clear()
            run, log, checkpoints.left = await note(world), MemoryLog(), kept
            first = await write(world, run, log)
            checkpoints.left = None
            second = await write(world, run, log)
            assert isinstance(first, RunFailed) and isinstance(second, RunCompleted), kept
            assert world.format.written == [0, 1], kept


async def test_attempt_with_a_log_that_its_checkpoint_lacks_takes_the_text_back(
    world: World, log: MemoryLog
) -> None:
    run = await note(world)
    shown: list[Message] = [workflow("started"), OUTLINE, content(0, "A lamp.", ends=True)]
    await log.append(run.id, await log.take_over(run.id), number(*shown))
    ending = await write(world, run, log)
    said = await read_messages(log, run.id)

    assert [each for each in said if isinstance(each, TextRetracted)] == [
        TextRetracted(section=0, reason="restart")
    ]
    assert isinstance(ending, RunCompleted) and ending.story_content == f"{EBB}\n\n{FLOOD}"


async def test_attempt_at_a_graph_that_is_done_only_says_so(world: World) -> None:
    run = await note(world)
    first = await write(world, run, MemoryLog())
    anew = MemoryLog()
    second = await write(world, run, anew)
    assert isinstance(first, RunCompleted) and isinstance(second, RunCompleted)
    assert second.sha256 == first.sha256 and world.format.written == [0, 1]
    assert [text for *_, text, _ in texts(await read_messages(anew, run.id))] == [EBB, FLOOD]


@pytest.mark.parametrize(("crashes", "is_given_up"), [(3, False), (4, True)])
async def test_attempt_after_more_crashes_than_may_be_fails_before_it_says_anything(
    world: World, log: MemoryLog, crashes: int, is_given_up: bool
) -> None:
    run = await note(world, crash_count=crashes)
    ending = await write(world, run, log, max_crashes=3)
    said = await read_messages(log, run.id)
    if is_given_up:
        assert isinstance(ending, RunFailed) and ending.code == "INTERNAL" and ending.resumable
        assert "died 4 times" in ending.message and said == [] and not world.format.written
    else:
        assert isinstance(ending, RunCompleted)


async def stopped(world: World, log: MemoryLog, stop: Callable[..., None]) -> Message | None:
    """The last message of an attempt that is stopped while it writes the second section."""
    world.format.gates[1] = asyncio.Event()
    run = await note(world)
    async with open_attempt(world, run, log) as opened:
        writing = asyncio.create_task(opened.attempt.write())
        await world.format.begun[1].wait()
        stop(opened.handle, writing)
        return await writing


async def test_attempt_that_is_cancelled_ends_the_run_with_the_text_so_far(
    world: World, log: MemoryLog
) -> None:
    ending = await stopped(world, log, lambda handle, _: handle.stop("cancel"))
    assert isinstance(ending, RunFailed) and (ending.code, ending.resumable) == ("CANCELLED", True)
    assert ending.partial.sections_completed == 1 and ending.partial.words >= 11
    [run_id] = [run.id for run in await world.repository.unfinished()]
    assert workflow_events(await read_messages(log, run_id)) == [("started", 1)]


async def test_attempt_that_is_shut_down_ends_without_a_last_message(world: World, log: MemoryLog) -> None:
    assert await stopped(world, log, lambda handle, _: handle.stop("shutdown")) is None


async def test_attempt_whose_run_was_taken_over_says_nothing_more(world: World, log: MemoryLog) -> None:
    with pytest.raises(StaleWriter):
        await stopped(world, log, lambda handle, _: handle.stop("taken_over"))


async def test_attempt_whose_task_is_cancelled_by_somebody_else_is_cancelled(
    world: World, log: MemoryLog
) -> None:
    with pytest.raises(asyncio.CancelledError):
        await stopped(world, log, lambda _, writing: writing.cancel())


@pytest.mark.parametrize(("reason", "code"), [("cancel", "CANCELLED"), ("shutdown", None)])
async def test_attempt_that_was_stopped_before_it_began_executes_nothing(
    world: World, log: MemoryLog, reason: StopReason, code: str | None
) -> None:
    run = await note(world)
    async with open_attempt(world, run, log) as opened:
        opened.handle.stop(reason)
        opened.handle.stop("taken_over")  # the first reason counts
        ending = await opened.attempt.write()
    assert (ending.code if isinstance(ending, RunFailed) else None) == code
    assert await log.read(run.id) == [] and not world.format.written


async def test_attempt_that_takes_longer_than_it_may_fails_and_may_go_on(
    world: World, log: MemoryLog
) -> None:
    world.format.gates[0] = asyncio.Event()
    run = await note(world)
    ending = await write(world, run, log, run_seconds=0.2)
    assert isinstance(ending, RunFailed) and (ending.code, ending.resumable) == ("TIMEOUT", True)
    assert workflow_events(await read_messages(log, run.id)) == [("started", 1), ("failed", 1)]


async def test_attempt_that_drains_finishes_its_section_and_leaves_the_rest(
    world: World, log: MemoryLog
) -> None:
    gate = world.format.gates[0] = asyncio.Event()
    run = await note(world)
    async with open_attempt(world, run, log) as opened:
        writing = asyncio.create_task(opened.attempt.write())
        await world.format.begun[0].wait()
        opened.handle.drain()
        gate.set()
        assert await writing is None
    assert opened.transcript.text_of(0) == EBB and world.format.written == [0]
    ending = await write(world, run, log)
    assert isinstance(ending, RunCompleted) and world.format.written == [0, 1]


async def test_attempt_whose_log_has_another_writer_is_refused(world: World, log: MemoryLog) -> None:
    gate = world.format.gates[0] = asyncio.Event()
    run = await note(world)
    with pytest.raises(StaleWriter):
        async with open_attempt(world, run, log) as opened:
            writing = asyncio.create_task(opened.attempt.write())
            await world.format.begun[0].wait()
            await log.take_over(run.id)
            gate.set()
            await writing
    assert all(
        "wind" not in each.chunk for each in await read_messages(log, run.id) if hasattr(each, "chunk")
    )


async def test_attempt_says_nothing_after_its_question_however_long_it_takes_to_settle(
    world: World, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "_TICK_SECONDS", 0.0)
    monkeypatch.setattr(ProgressMeter, "tick", lambda meter: meter.now("Time passes"))
    run = await note(world, options={"review_outline": True})
    assert await write(world, run, log) is None
    said = await read_messages(log, run.id)
    assert isinstance(said[-1], InputRequested) and len(said) > 3


async def test_attempt_that_asks_a_person_is_settling_and_goes_on_with_the_answer(
    world: World, log: MemoryLog
) -> None:
    run = await note(world, options={"review_outline": True})
    async with open_attempt(world, run, log) as opened:
        assert await opened.attempt.write() is None
        assert opened.handle.settling
    said = await read_messages(log, run.id)
    assert isinstance(said[-1], InputRequested) and not world.format.written

    # An attempt without an answer asks nothing twice, and writes nothing.
    assert await write(world, run, log) is None and not world.format.written
    edited = OutlinePlanned(title="Tides", sections=[{**OUTLINE.sections[0], "target_words": 10}])
    async with open_attempt(world, replace(run, answer=edited), log) as opened:
        ending = await opened.attempt.write()
        assert not opened.handle.settling
    assert isinstance(ending, RunCompleted) and ending.title == "Tides" and world.format.written == [0]


async def test_attempt_records_its_calls_where_runs_are_recorded(
    world: World, log: MemoryLog, tmp_path: Path
) -> None:
    models = ModelCatalog(settings_of(NOWHERE))
    recorder = RunRecorder(models, lambda run_id: tmp_path / f"{run_id}.jsonl")
    run = await note(world)
    ending = await write(world, run, log, recorder=recorder)
    recorder.end(run, ending)
    await models.close()
    lines = (tmp_path / f"{run.id}.jsonl").read_text().splitlines()
    assert run.id in lines[0] and len(lines) == 2 and isinstance(ending, RunCompleted)
    assert ending.sha256 in lines[1]


async def test_runs_of_one_kind_share_a_pace(world: World) -> None:
    first, second = await note(world), await note(world)
    assert isinstance(world.tools.pace_of(first), Pace)
    assert world.tools.pace_of(first) is world.tools.pace_of(second)


async def test_no_section_is_expected_to_be_reviewed_before_the_next_where_none_is_written_again(
    world: World,
) -> None:
    run = replace(await note(world), format="lesson")
    models = ModelCatalog(settings_of(NOWHERE, judge="auto"))
    lessons = replace(
        world.tools.formats, formats={"lesson": list_formats()["education_audio"]}, models=models
    )
    assert lessons.section_review_share(run) is not None
    assert replace(lessons, revisions=0).section_review_share(run) is None
    assert replace(lessons, revisions=0).review_share(run) is not None
    await models.close()


class _Lossy(LogWriter):
    """A writer that loses what is said of sand."""

    def put(self, message: Message) -> Message:
        is_lost = isinstance(message, TextAppended) and "sand" in message.chunk
        return message if is_lost else super().put(message)


async def test_attempt_whose_log_is_not_the_text_that_was_checked_fails_and_keeps_it_back(
    world: World, log: MemoryLog
) -> None:
    run = await note(world)
    async with open_attempt(world, run, log, _Lossy) as opened:
        ending = await opened.attempt.write()
    assert isinstance(ending, RunFailed) and ending.code == "INTERNAL"
    assert "is not the text that was sent" in ending.message
    assert ("completed", 1) not in workflow_events(await read_messages(log, run.id))


class _Refusing(LogWriter):
    """A writer whose log takes no text."""

    def put(self, message: Message) -> Message:
        if isinstance(message, TextAppended):
            raise LogUnavailable("no text")
        return super().put(message)


async def test_attempt_whose_log_is_away_has_closed_its_models_stream_when_it_ends(
    world: World, log: MemoryLog
) -> None:
    world.format.gates[0] = asyncio.Event()
    run = await note(world)
    async with open_attempt(world, run, log, _Refusing) as opened:
        with pytest.raises(LogUnavailable):
            await opened.attempt.write()
        assert world.format.left == [0]


class _Watched(LogWriter):
    """A writer that works long, beside somebody who looks how much there is of section 0 whenever it is their turn."""

    seen: ClassVar[set[int]] = set()

    def put(self, message: Message) -> Message:
        logged = super().put(message)
        done_at = time.perf_counter() + 0.0005
        while time.perf_counter() < done_at:  # however fast the machine is
            pass
        asyncio.get_running_loop().call_soon(lambda: self.seen.add(len(self.transcript.text_of(0))))
        return logged


async def test_attempt_with_much_text_at_hand_lets_others_have_their_turn(
    world: World, log: MemoryLog
) -> None:
    text = world.format.texts[0] = "Oh! " * 20_000
    _Watched.seen.clear()
    async with open_attempt(world, await note(world), log, _Watched) as opened:
        assert isinstance(await opened.attempt.write(), RunCompleted)
    assert any(0 < length < len(text) - 1 for length in _Watched.seen)
