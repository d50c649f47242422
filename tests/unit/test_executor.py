"""Attempts at runs: a last message whatever was thrown, and no attempt that goes on for ever."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from sqlalchemy import delete

from backend.log.entry import Entry
from backend.runs.readers.replay import replay
from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from backend.store.owner import LOCAL
from backend.store.postgres.checkpoints import open_postgres_checkpoints
from backend.store.runs.charges import Limit
from backend.store.runs.fences import find_fence
from backend.store.runs.owned_runs import Lease
from backend.store.runs.runs import Run
from backend.store.schema.tables import log_entries
from backend.store.sql.database import Database
from backend.store.usage import LOST, UsageRepository
from tests.databases import open_log
from tests.unit.messages import OUTLINE, content, number, workflow
from tests.unit.run_messages import read_messages
from tests.unit.stored_runs import add_run, new_run
from tests.unit.worlds import NOTE, OWNER, World, open_world
from workflows import routing
from workflows.errors import ModelTruncated, ModelUnavailable
from workflows.messages.messages import CallUsage, Message, NodeChanged, RunFailed, UsageUpdated, encode
from workflows.models.spec import ModelSpec


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database, tmp_path) as opened:
        yield opened


async def ended(world: World, run_id: str) -> RunFailed:
    """How the run broke."""
    await world.end(run_id)
    ending = (await read_messages(world.log, run_id))[-1]
    assert isinstance(ending, RunFailed), ending
    return ending


@pytest.mark.parametrize("error", [KeyError("scenes"), TimeoutError(), TimeoutError("the database")])
async def test_fault_of_our_own_ends_the_run_so_that_it_can_go_on(world: World, error: Exception) -> None:
    world.format.faults[1] = [error]
    run, _ = await world.service.start(OWNER, world.request())
    ending = await ended(world, run.id)
    stored = await world.queries.find(OWNER, run.id)

    assert (ending.code, ending.resumable, ending.partial.sections_completed) == ("INTERNAL", True, 1)
    assert "scenes" not in ending.message and "database" not in ending.message
    assert stored.status == "failed" and stored.error == ending

    await world.service.resume(OWNER, run.id)
    await world.end(run.id)
    assert (await world.queries.find(OWNER, run.id)).status == "completed"
    assert world.format.written == [0, 1, 1]


async def test_half_of_a_surrogate_pair_in_what_a_provider_says_ends_the_run_once(world: World) -> None:
    world.format.faults[0] = [ModelTruncated("openai:gpt ended the reply with \ud83d, half of a sign.")]
    run, _ = await world.service.start(OWNER, world.request())
    ending = await ended(world, run.id)

    assert ending.code == "MODEL_TRUNCATED" and "\ufffd" in ending.message
    stored = await world.queries.find(OWNER, run.id)
    assert (stored.status, stored.error) == ("failed", ending)
    assert [await world.recovery.recover() for _ in range(3)] == [0, 0, 0] and world.format.written == [0]
    await world.service.delete(OWNER, run.id)


async def test_run_with_a_part_of_a_log_and_no_checkpoint_is_written_from_the_beginning(world: World) -> None:
    told: list[Message] = [workflow("started"), OUTLINE, content(0, "A lamp.", ends=True)]
    run = await add_run(
        world.repository, format="note", model="openai:gpt-test", input=NOTE, process=world.engine.process
    )
    await world.log.append(run.id, await world.log.take_over(run.id), number(*told))
    world.format.faults[0] = [ModelUnavailable("The provider is away.")]
    await world.engine.submit(run.id)
    assert (await ended(world, run.id)).code == "MODEL_UNAVAILABLE"
    assert world.format.written == [0]


async def test_log_with_entries_of_a_later_version_is_read_gone_on_with_and_deleted(world: World) -> None:
    run = await add_run(
        world.repository, format="note", model="openai:gpt-test", input=NOTE, process=world.engine.process
    )
    later = [
        b'{"type":"node_event","data":{"node":"workflow","status":"started","attempt":1,"host":"b7"}}',
        b'{"type":"song","data":{"notes":12}}',
        b'{"type":"content","data":{}}',
        b"no JSON",
    ]
    entries = [entry._replace(data=data) for entry, data in zip(number(*[OUTLINE] * 4), later, strict=True)]
    await world.log.append(run.id, await world.log.take_over(run.id), entries)
    await world.engine.submit(run.id)
    await world.end(run.id)
    stored = await world.queries.find(OWNER, run.id)
    transcript = await world.queries.transcript(stored)

    assert stored.status == "completed" and transcript.attempts == 2
    assert stored.result is not None and transcript.text == stored.result.story_content
    await world.service.delete(OWNER, run.id)
    assert await world.repository.get(run.id) is None


class _Fences(MemoryCheckpoints):
    """Checkpoints that note under which fences they are written."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, int] | None] = []

    async def aput(self, *args: Any, **kwargs: Any) -> RunnableConfig:
        self.found.append(find_fence())
        return await super().aput(*args, **kwargs)


async def test_checkpoints_of_a_run_are_written_under_the_epoch_of_the_attempt_that_writes_them(
    database: Database, tmp_path: Path
) -> None:
    checkpoints = _Fences()
    async with open_world(database, tmp_path, checkpoints=checkpoints) as world:
        world.format.faults[1] = [KeyError("scenes")]
        run, _ = await world.service.start(OWNER, world.request())
        await world.end(run.id)
        first, checkpoints.found = set(checkpoints.found), []
        await world.service.resume(OWNER, run.id)
        await world.end(run.id)
    assert (first, set(checkpoints.found)) == ({(run.id, 1)}, {(run.id, 2)})


async def test_call_that_is_cut_off_is_in_the_log_as_far_as_it_came_before_the_last_message(
    world: World,
) -> None:
    world.format.gates[1] = asyncio.Event()
    run, _ = await world.service.start(OWNER, world.request())
    await world.format.begun[1].wait()
    call = world.ledgers.of(run.id).begin(ModelSpec.parse(run.model), "writing", 1, 40)
    call.made = True
    call.add("Section 1 tells of the sea.", pieces=6)
    await world.service.cancel(OWNER, run.id)
    *_, usage, ending = await read_messages(world.log, run.id)

    assert isinstance(usage, UsageUpdated) and usage.call is not None and isinstance(ending, RunFailed)
    assert (usage.call.section, usage.call.estimated, usage.input_tokens) == (1, True, 40)
    assert usage.output_tokens > 0


async def begin_with_a_call(world: World) -> Run:
    """A run whose log has one call, and which waits in its second section."""
    world.format.gates[1] = asyncio.Event()
    world.format.bought = {0: 20}
    run, _ = await world.service.start(LOCAL, world.request())
    await world.format.begun[1].wait()
    await wait_for_call(world, run)
    return run


async def test_what_an_attempt_bought_that_lost_its_run_is_counted_and_the_run_stays_charged(
    world: World, database: Database
) -> None:
    """However often the run's own sums are set from its log."""
    run = await begin_with_a_call(world)
    call = world.ledgers.of(run.id).begin(ModelSpec.parse(run.model), "writing", 1, 40)
    call.made = True
    call.add("Section 1 tells of the sea.", pieces=6)
    [first] = world.local_runs.tasks(run.id)
    [handle] = world.local_runs.handles(run.id)
    handle.stop("taken_over")  # another one ends the run
    assert await world.repository.take_over(run, world.engine.process, stop=True)
    await world.engine.submit(run.id)
    await asyncio.wait([first])
    await world.end(run.id)
    world.format.gates[1].set()

    async def tokens() -> dict[str, tuple[int, int]]:
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        sums = await UsageRepository(database).sums(LOCAL, day, day, "role")
        return {row.name: (row.input_tokens, row.output_tokens) for row in sums}

    assert (await world.queries.find(LOCAL, run.id)).status == "cancelled"
    assert await tokens() == {"writing": (40, 20), LOST: (40, 6)}
    assert (await world.quota.usage(LOCAL, "note")).used == 1
    await world.service.resume(LOCAL, run.id)
    await world.end(run.id)
    assert await tokens() == {"writing": (40, 20), LOST: (40, 6)}


async def lost_tokens(database: Database) -> list[tuple[int, int]]:
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    sums = await UsageRepository(database).sums(LOCAL, day, day, "role")
    return [(row.input_tokens, row.output_tokens) for row in sums if row.name == LOST]


async def wait_for_call(world: World, run: Run) -> None:
    """Returns when the run's log has a call."""
    while not (await replay(world.log, run.id))[0].calls:  # noqa: ASYNC110 — it is written in the background
        await asyncio.sleep(0.01)


async def begin_and_buy(world: World) -> tuple[Run, CallUsage]:
    """A run whose log has one call, and another one that it hasn't told of."""
    run = await begin_with_a_call(world)
    ledger = world.ledgers.of(run.id)
    call = ledger.begin(ModelSpec.parse(run.model), "writing", 1, 40)
    call.add("Section 1 tells of the sea.", pieces=6)
    untold = ledger.end(call, None)
    assert untold is not None
    return run, untold


async def test_what_an_attempt_bought_whose_run_was_deleted_is_counted_once(
    world: World, database: Database
) -> None:
    run, _ = await begin_and_buy(world)
    [first] = world.local_runs.tasks(run.id)
    transcript, _ = await replay(world.log, run.id)
    await world.budgets.store(run, Lease(run.id, run.process, 1), transcript)
    await world.checkpoints.adelete_thread(run.id)
    await world.repository.delete(LOCAL, run.id)
    world.format.gates[1].set()
    await asyncio.wait([first])
    assert await lost_tokens(database) == [(40, 6)]


async def test_what_an_attempt_bought_is_not_lost_where_another_process_has_told_of_it(
    world: World, database: Database
) -> None:
    """As one that goes on from a checkpoint does, which may be gone by then."""
    run, untold = await begin_and_buy(world)
    [first] = world.local_runs.tasks(run.id)
    elsewhere = open_log(database)
    message = UsageUpdated(model=run.model, input_tokens=80, output_tokens=26, cost_usd=None, call=untold)
    epoch = await elsewhere.take_over(run.id)
    seq = (await elsewhere.read(run.id))[-1].seq + 1
    await elsewhere.append(run.id, epoch, [Entry(seq, message.type, encode(message))])
    world.format.gates[1].set()
    await asyncio.wait([first])
    assert await lost_tokens(database) == []


async def test_what_an_attempt_bought_is_not_lost_where_a_checkpoint_has_it(
    world: World, database: Database
) -> None:
    """Whoever goes on from there tells of it, which the log doesn't yet."""
    run = await begin_with_a_call(world)
    [first] = world.local_runs.tasks(run.id)
    untold = delete(log_entries).where(log_entries.c.run_id == run.id, log_entries.c.type == "usage")
    await database.write(lambda connection: connection.execute(untold))
    await open_log(database).take_over(run.id)
    world.format.gates[1].set()
    await asyncio.wait([first])
    assert await lost_tokens(database) == []


@pytest.mark.engine("postgresql")
async def test_what_an_attempt_bought_is_counted_although_its_checkpoints_are_refused(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """What it put last was refused since another one has the run, which says nothing about what is kept."""
    async with (
        open_postgres_checkpoints(database_url) as saver,
        open_world(database, tmp_path, checkpoints=saver) as world,
    ):
        run, _ = await begin_and_buy(world)
        [first] = world.local_runs.tasks(run.id)
        await open_log(database).take_over(run.id)
        world.format.gates[1].set()
        await asyncio.wait([first])
        assert await lost_tokens(database) == [(40, 6)]


@pytest.mark.parametrize("had_begun", [True, False])
async def test_run_that_is_ended_by_another_is_given_back_only_where_no_attempt_had_begun(
    world: World, had_begun: bool
) -> None:
    limit = Limit(None, datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1))
    new = new_run(owner=LOCAL, format="note", input=NOTE, process=world.engine.process)
    run = await world.repository.add(new, limit=limit)
    assert run is not None
    if had_begun:
        await world.log.append(run.id, await world.log.take_over(run.id), number(workflow("started")))
    assert await world.repository.take_over(run, world.engine.process, stop=True)
    await world.engine.submit(run.id)
    await world.end(run.id)
    assert (await world.queries.find(LOCAL, run.id)).status == "cancelled"
    assert (await world.quota.usage(LOCAL, "note")).used == had_begun


async def test_run_that_was_submitted_again_stays_known_when_the_attempt_before_it_ends(world: World) -> None:
    gate = world.format.gates[0] = asyncio.Event()
    run, _ = await world.service.start(OWNER, world.request())
    await world.format.begun[0].wait()
    [first] = world.local_runs.tasks(run.id)
    [handle] = world.local_runs.handles(run.id)
    handle.stop("taken_over")  # it ends, and whoever has the run now submits it
    await world.engine.submit(run.id)
    await asyncio.wait([first])

    assert run.id in world.local_runs
    gate.set()
    await world.end(run.id)
    assert run.id not in world.local_runs, world.logged
    assert (await world.queries.find(OWNER, run.id)).status == "completed", world.logged


async def test_submit_of_a_run_that_changed_hands_or_is_over_executes_nothing(world: World) -> None:
    other = await add_run(world.repository, format="note", process="01J00000000000000000000000")
    over = await add_run(world.repository, format="note", process=world.engine.process, status="completed")
    for run_id in (other.id, over.id, "01J00000000000000000000009"):
        await world.engine.submit(run_id)
        await world.engine.begun(run_id)
        await world.end(run_id)
        assert await world.log.read(run_id) == []


async def test_section_that_was_written_just_now_is_never_taken_back_at_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = world.tools.formats.graph_of("note")
    read = graph.aget_state

    async def forgetful(config: RunnableConfig) -> object:
        snapshot = await read(config)
        if snapshot.values.get("metadata"):
            del snapshot.values["sections"][1]
        return snapshot

    monkeypatch.setattr(graph, "aget_state", forgetful)
    run, _ = await world.service.start(OWNER, world.request())
    ending = await ended(world, run.id)
    transcript = await world.queries.transcript(run)

    assert ending.code == "INTERNAL" and ending.resumable
    assert transcript.started == [0, 1] and ending.partial.sections_completed == 2


async def test_run_that_broke_off_too_often_ends_with_a_sentence_and_goes_on_by_hand(world: World) -> None:
    run = await add_run(
        world.repository, format="note", input=NOTE, process=world.engine.process, crash_count=4
    )
    await world.engine.submit(run.id)
    ending = await ended(world, run.id)
    assert ending.code == "INTERNAL" and "died 4 times" in ending.message and not world.format.written
    messages = await read_messages(world.log, run.id)
    assert not any(isinstance(each, NodeChanged) and each.status == "started" for each in messages)


async def test_sections_that_are_written_beside_one_that_fails_are_finished_and_kept(world: World) -> None:
    world.format.faults[0] = [ModelUnavailable("The provider is away.")]
    gate = world.format.gates[1] = asyncio.Event()
    run, _ = await world.service.start(OWNER, world.request(parallel=2))
    await world.format.begun[1].wait()
    over, _ = await asyncio.wait(world.local_runs.tasks(run.id), timeout=1)
    gate.set()
    ending = await ended(world, run.id)
    await world.service.resume(OWNER, run.id)
    await world.end(run.id)

    assert not over and (ending.code, ending.partial.sections_completed) == ("MODEL_UNAVAILABLE", 1)
    assert (await world.queries.find(OWNER, run.id)).status == "completed"
    assert world.format.written == [0, 1, 0]


@pytest.mark.parametrize("nth", [1, 2, 3])
async def test_run_that_broke_off_between_a_result_and_the_choice_of_what_follows_goes_on_with_that_result(
    world: World, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    choose, calls = routing.next_sections, count(1)

    def fail_once(*arguments: Any) -> Any:
        if next(calls) == nth:
            raise ModelUnavailable("As a cancel does there, which LangGraph stores in the same way.")
        return choose(*arguments)

    monkeypatch.setattr(routing, "next_sections", fail_once)
    run, _ = await world.service.start(OWNER, world.request())
    assert (await ended(world, run.id)).code == "MODEL_UNAVAILABLE"
    await world.service.resume(OWNER, run.id)
    await world.end(run.id)
    assert (await world.queries.find(OWNER, run.id)).status == "completed"
    assert world.format.written == [0, 1]


async def test_cancel_does_not_wait_for_sections_beside_one_that_failed(world: World) -> None:
    world.format.faults[0] = [ModelUnavailable("The provider is away.")]
    world.format.gates[1] = asyncio.Event()
    run, _ = await world.service.start(OWNER, world.request(parallel=2))
    await world.format.begun[1].wait()
    async with asyncio.timeout(20):
        cancelled = await world.service.cancel(OWNER, run.id)
    assert cancelled.status == "cancelled"
