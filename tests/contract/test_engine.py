"""Engine: one door into execution. An implementation joins by a fixture that opens processes with it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from backend.runs.engine.base import Engine
from backend.store.checkpoints import MemoryCheckpoints
from backend.store.database import Database
from backend.store.runs import Run
from tests.unit.run_messages import read_messages
from tests.unit.stored_runs import add_run
from tests.unit.worlds import NOTE, OWNER, World, open_world
from workflows.errors import Overloaded
from workflows.messages.messages import RunCompleted, RunFailed

OpenProcess = Callable[..., Awaitable[World]]


@pytest.fixture(params=["inline"])
async def open_process(database: Database, tmp_path: Path) -> AsyncIterator[OpenProcess]:
    """Opens one more process on the same data; its `engine` is the one that is tried."""
    checkpoints = MemoryCheckpoints()
    async with AsyncExitStack() as stack:

        async def open_one(max_runs: int = 5) -> World:
            opened = open_world(database, tmp_path, checkpoints=checkpoints, max_runs=max_runs)
            return await stack.enter_async_context(opened)

        yield open_one


async def store(world: World, engine: Engine, **values: object) -> Run:
    """A run that is stored as the engine's to execute."""
    return await add_run(
        world.repository,
        **{"format": "note", "model": "openai:gpt-test", "input": NOTE, "process": engine.process, **values},
    )


async def messages_of(world: World, run: Run) -> list[str]:
    """What ended the run, each time that something did."""
    kinds = (RunCompleted, RunFailed)
    found = [each for each in await read_messages(world.log, run.id) if isinstance(each, kinds)]
    return [each.code if isinstance(each, RunFailed) else "complete" for each in found]


async def held(world: World) -> asyncio.Event:
    """A gate at which the first section waits."""
    gate = world.format.gates[0] = asyncio.Event()
    return gate


async def test_submitted_run_is_executed_to_its_end(open_process: OpenProcess) -> None:
    world = await open_process()
    run = await store(world, world.engine)
    await world.engine.submit(run.id)
    await world.engine.begun(run.id)
    await world.end(run.id)
    await world.engine.settle(run.id)
    stored = await world.repository.get(run.id)

    assert stored is not None and (stored.status, stored.process) == ("completed", None)
    assert await messages_of(world, run) == ["complete"] and world.engine.active == 0


async def test_run_that_is_submitted_twice_ends_once(open_process: OpenProcess) -> None:
    world = await open_process()
    run = await store(world, world.engine)
    await asyncio.gather(world.engine.submit(run.id), world.engine.submit(run.id))
    async with asyncio.timeout(20):
        while world.engine.active:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    stored = await world.repository.get(run.id)

    assert stored is not None and stored.status == "completed"
    assert await messages_of(world, run) == ["complete"]


async def test_run_that_is_another_process_s_is_not_executed(open_process: OpenProcess) -> None:
    mine, other = await open_process(), await open_process()
    run = await store(other, other.engine)
    await mine.engine.submit(run.id)
    await mine.engine.begun(run.id)
    await mine.end(run.id)
    assert await mine.log.read(run.id) == [] and not mine.format.written


async def test_cancel_ends_a_run_wherever_it_executes(open_process: OpenProcess) -> None:
    mine, other = await open_process(), await open_process()
    for world in (mine, other):
        await held(world)
        run = await store(world, world.engine)
        await world.engine.submit(run.id)
        await world.format.begun[0].wait()
        polling = asyncio.create_task(poll(other))
        async with asyncio.timeout(20):
            await mine.engine.cancel(run)
        polling.cancel()
        stored = await mine.repository.get(run.id)
        assert stored is not None and stored.status == "cancelled"
        assert await messages_of(world, run) == ["CANCELLED"]
        await mine.engine.cancel(stored)  # once more is harmless


async def poll(world: World) -> None:
    """What a process does while it isn't frozen."""
    while True:
        await world.engine.poll_stop_requests()
        await asyncio.sleep(0.02)


async def test_cancel_of_a_run_whose_process_does_not_answer_shuts_that_process_out(
    open_process: OpenProcess,
) -> None:
    mine, frozen = await open_process(), await open_process()
    gate = await held(frozen)
    run = await store(frozen, frozen.engine)
    await frozen.engine.submit(run.id)
    await frozen.format.begun[0].wait()
    began = asyncio.get_running_loop().time()
    await mine.engine.cancel(run)  # nobody polls over there
    took = asyncio.get_running_loop().time() - began
    log_then = await mine.log.read(run.id)
    gate.set()  # it comes back, and goes on where it was
    await frozen.end(run.id)
    stored = await mine.repository.get(run.id)

    assert took < 10 and stored is not None and (stored.status, stored.process) == ("cancelled", None)
    assert await mine.log.read(run.id) == log_then and await messages_of(mine, run) == ["CANCELLED"]


async def test_run_that_was_taken_over_is_dropped_when_its_process_looks(open_process: OpenProcess) -> None:
    mine, other = await open_process(), await open_process()
    await held(mine)
    run = await store(mine, mine.engine)
    await mine.engine.submit(run.id)
    await mine.format.begun[0].wait()
    assert await other.repository.take_over(run, other.engine.process)
    await mine.engine.poll_stop_requests()
    await mine.end(run.id)
    assert mine.engine.active == 0 and await messages_of(mine, run) == []


@pytest.mark.parametrize("status", ["running", "waiting"])
async def test_cancel_of_a_run_that_nobody_executes_writes_its_last_message(
    open_process: OpenProcess, status: str
) -> None:
    world = await open_process()
    for process in (None, "01J00000000000000000000000"):
        run = await store(world, world.engine, process=process, status=status)
        await world.engine.cancel(run)
        stored = await world.repository.get(run.id)
        assert stored is not None and stored.status == "cancelled"
        assert await messages_of(world, run) == ["CANCELLED"] and not world.format.written


async def test_stop_that_was_asked_for_before_the_run_changed_hands_is_heard(
    open_process: OpenProcess,
) -> None:
    world = await open_process()
    run = await store(world, world.engine, stop_requested=True)
    await world.engine.submit(run.id)
    await world.end(run.id)
    assert await messages_of(world, run) == ["CANCELLED"] and not world.format.written


async def test_slots_are_as_many_as_there_are_and_none_when_the_process_stops(
    open_process: OpenProcess,
) -> None:
    world = await open_process(max_runs=2)
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


async def test_drain_leaves_runs_for_another_process_without_a_last_message(
    open_process: OpenProcess,
) -> None:
    mine, other = await open_process(), await open_process()
    await held(mine)
    run = await store(mine, mine.engine)
    await mine.engine.submit(run.id)
    await mine.format.begun[0].wait()
    await mine.engine.drain(0.05)
    left = await mine.repository.get(run.id)
    assert left is not None and (left.status, left.process) == ("running", None)
    assert await messages_of(mine, run) == [] and mine.engine.active == 0

    assert await other.recovery.recover() == 1
    await other.end(run.id)
    assert await messages_of(other, run) == ["complete"]
    after = await other.repository.find(OWNER, run.id)
    assert after is not None and after.crash_count == 0
