"""The engine of this process beyond its contract: what it stops, what it leaves, and what it counts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from backend.store.runs.runs import Run
from backend.store.sql.database import Database
from backend.store.sql.patience import be_answered_within
from tests.unit.attempts import note
from tests.unit.messages import error
from tests.unit.run_messages import read_messages
from tests.unit.stored_runs import finish_run, new_run
from tests.unit.worlds import NOTE, OWNER, World, open_world
from workflows.errors import Overloaded
from workflows.messages.messages import NodeChanged


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database, tmp_path, grace=0.0) as opened:
        yield opened


class SlowlyPruned(MemoryCheckpoints):
    """Checkpoints that are pruned when it `goes_on`."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.goes_on = asyncio.Event(), asyncio.Event()

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        del thread_ids, strategy
        self.begun.set()
        await self.goes_on.wait()


async def begun(world: World, **values: object) -> Run:
    """A note that waits in its first section."""
    world.format.gates[0] = asyncio.Event()
    run = await note(world, **values)
    await world.engine.submit(run.id)
    await world.format.begun[0].wait()
    return run


async def test_poll_stops_what_was_asked_to_stop_and_leaves_the_others(world: World) -> None:
    run = await begun(world)
    await world.engine.poll_stop_requests()
    [handle] = world.local_runs.handles(run.id)
    assert handle.reason is None
    await world.repository.request_stop(run.id, world.engine.process)
    await world.engine.poll_stop_requests()
    await world.end(run.id)
    assert handle.reason == "cancel"
    assert (await world.queries.find(OWNER, run.id)).status == "cancelled"


async def test_resume_that_others_hold_up_is_not_refused_once_it_is_under_way(world: World) -> None:
    run = await begun(world)
    [handle] = world.local_runs.handles(run.id)
    handle.begun.clear()  # as while another process holds the file of the checkpoints
    with be_answered_within(0.01):
        await world.engine.begun(run.id)
    assert not handle.begun.is_set() and world.engine.active == 1


async def test_poll_drops_a_run_that_another_process_has(world: World) -> None:
    run = await begun(world)
    [handle] = world.local_runs.handles(run.id)
    assert await world.repository.take_over(run, "01J00000000000000000000000")
    await world.engine.poll_stop_requests()
    await world.end(run.id)
    assert handle.reason == "taken_over" and world.engine.active == 0


async def test_poll_leaves_a_run_whose_last_message_is_being_stored(world: World) -> None:
    run = await begun(world)
    [handle] = world.local_runs.handles(run.id)
    async with asyncio.timeout(20):
        while not (await world.queries.transcript(run)).text:
            newest = await world.log.last(run.id)
            await world.log.wait(run.id, newest.seq if newest else 0, 5)
    handle.settling = True
    await finish_run(world.repository, run, "failed", error=error())  # the row says so, the attempt not yet
    await world.engine.poll_stop_requests()
    assert handle.reason is None
    handle.settling = False
    await world.engine.poll_stop_requests()
    assert handle.reason == "taken_over"
    await world.end(run.id)


async def test_settle_waits_until_the_row_of_a_run_is_stored_whose_end_is_being_logged(world: World) -> None:
    run = await begun(world)
    await world.engine.settle(run.id)  # it goes on: there is nothing to wait for
    [handle] = world.local_runs.handles(run.id)
    handle.settling = True
    settled = asyncio.create_task(world.engine.settle(run.id))
    await asyncio.sleep(0)
    assert not settled.done()
    world.format.gates[0].set()
    await settled
    assert (await world.queries.find(OWNER, run.id)).status == "completed"


async def test_stop_of_a_run_that_is_not_here_says_so(world: World) -> None:
    run = await note(world)
    assert not await world.engine.stop_here(run.id)
    here = await begun(world)
    assert await world.engine.stop_here(here.id)
    await world.end(here.id)
    assert world.engine.active == 0


async def test_run_whose_checkpoints_are_being_pruned_holds_up_no_cancel_and_takes_nobodys_place(
    database: Database, tmp_path: Path
) -> None:
    checkpoints = SlowlyPruned()
    async with (
        open_world(database, tmp_path, checkpoints=checkpoints, max_runs=1) as world,
        asyncio.timeout(20),
    ):
        run = await begun(world)
        assert not world.engine.accepts
        cancelled = await world.engine.cancel(run)
        assert cancelled is not None and cancelled.status == "cancelled"
        assert (await world.queries.find(OWNER, run.id)).status == "cancelled"
        assert world.engine.active == 0 and world.engine.accepts
        checkpoints.goes_on.set()
        await world.end(run.id)


async def test_question_whose_checkpoints_are_being_pruned_can_be_cancelled(
    database: Database, tmp_path: Path
) -> None:
    checkpoints = SlowlyPruned()
    async with open_world(database, tmp_path, checkpoints=checkpoints) as world, asyncio.timeout(20):
        run = await note(world, options={"review_outline": True})
        await world.engine.submit(run.id)
        await checkpoints.begun.wait()
        waiting = await world.queries.find(OWNER, run.id)
        cancelled = await world.engine.cancel(waiting)
        checkpoints.goes_on.set()
        await world.end(run.id)
    assert waiting.status == "waiting"
    assert cancelled is not None and cancelled.status == "cancelled"


async def test_slots_count_what_executes_and_what_was_reserved(database: Database, tmp_path: Path) -> None:
    async with open_world(database, tmp_path, max_runs=2) as world:
        run = await begun(world)
        assert world.engine.active == 1 and world.engine.accepts
        with world.engine.reserve_slot():
            assert not world.engine.accepts
            with pytest.raises(Overloaded, match="As many runs as may"), world.engine.reserve_slot():
                pass
        assert world.engine.accepts and await world.engine.stop_here(run.id)


async def test_attempt_that_breaks_in_the_engine_is_logged_and_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_off(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(world.engine._executor, "execute", break_off)
    run = await note(world)
    await world.engine.submit(run.id)
    await world.engine.begun(run.id)  # it never began, and nobody waits for it
    await world.end(run.id)
    await asyncio.sleep(0)
    assert run.id not in world.local_runs
    assert [line["run_id"] for line in world.logged if line["event"] == "run_lost"] == [run.id]


async def test_run_without_readers_is_cancelled_if_it_is_to_end_without_them(world: World) -> None:
    lonely = await begun(world, options={"on_disconnect": "cancel"})
    kept = await begun(world)
    async with asyncio.timeout(20):
        while not (await world.queries.find(OWNER, lonely.id)).is_finished:
            await world.engine.check_audience()
    assert (await world.queries.find(OWNER, lonely.id)).status == "cancelled"
    assert (await world.queries.find(OWNER, kept.id)).status == "running"


async def test_run_that_is_submitted_while_the_process_drains_is_left_to_the_next_one(world: World) -> None:
    await world.engine.drain(0)
    run = await note(world)
    await world.engine.submit(run.id)
    await world.end(run.id)
    stored = await world.repository.get(run.id)
    assert stored is not None and (stored.status, stored.process) == ("running", None)
    assert not world.format.written and not world.engine.accepts


async def test_slots_that_are_reserved_are_as_many_as_there_are_and_none_when_the_process_stops(
    database: Database, tmp_path: Path
) -> None:
    async with open_world(database, tmp_path, max_runs=2) as world:
        engine = world.engine
        with engine.reserve_slot(), engine.reserve_slot():
            assert not engine.accepts
            with pytest.raises(Overloaded), engine.reserve_slot():
                pass
        assert engine.accepts
        engine.stop_accepting()
        assert engine.closed and not engine.accepts
        with pytest.raises(Overloaded, match="stopping"), engine.reserve_slot():
            pass


async def test_run_that_is_submitted_anew_while_its_last_attempt_ends_is_executed_again(world: World) -> None:
    run = await begun(world)
    [handle] = world.local_runs.handles(run.id)
    await world.engine.submit(run.id)
    assert world.local_runs.handles(run.id) == [handle]
    handle.stop("taken_over")
    await world.engine.submit(run.id)
    assert len(world.local_runs.handles(run.id)) == 2
    world.format.gates[0].set()
    await world.end(run.id)
    assert (await world.queries.find(OWNER, run.id)).status == "completed"


async def test_run_that_is_started_has_its_beginning_in_the_log_before_it_is_executed(world: World) -> None:
    world.format.gates[0] = asyncio.Event()
    run, _ = await world.service.start(OWNER, world.request())
    [first] = await world.log.read(run.id)
    assert first.seq == 1 and world.log.is_live(run.id)
    world.format.gates[0].set()
    await world.end(run.id)
    started = [
        (each.status, each.attempt)
        for each in await read_messages(world.log, run.id)
        if isinstance(each, NodeChanged) and each.node == "workflow"
    ]
    assert started == [("started", 1), ("completed", 1)]


async def test_run_whose_process_died_right_after_its_start_is_taken_up_as_a_second_attempt(
    world: World,
) -> None:
    new = new_run(format="note", model="openai:gpt-test", input=NOTE, options={"keep_length": False})
    opening = world.engine.open_log(new.id)
    stored = await world.repository.add(new, also=opening.store)
    assert stored is not None and await world.recovery.recover() == 1
    await world.end(new.id)
    assert (await world.queries.find(OWNER, new.id)).status == "completed"
    said = [
        each.status
        for each in await read_messages(world.log, new.id)
        if isinstance(each, NodeChanged) and each.node == "workflow"
    ]
    assert said == ["started", "resumed", "completed"] and world.format.written == [0, 1]
