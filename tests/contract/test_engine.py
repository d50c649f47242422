"""Engine: one door into execution. An implementation joins by the processes that `processes.py` opens with it.

The inline engine is tried on SQLite, the queue on PostgreSQL, as the service has them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from backend.runs.engine import cancellation, queue
from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from backend.store.runs.runs import Run
from backend.store.sql.database import Database
from tests.contract import processes
from tests.contract.processes import OpenProcess, Process
from tests.unit.run_messages import read_messages
from tests.unit.stored_runs import add_run, new_run
from tests.unit.worlds import NOTE, OWNER
from workflows.errors import Overloaded
from workflows.messages.messages import NodeChanged, RunCompleted, RunFailed

NEVER = 3600.0


@pytest.fixture
async def open_process(database: Database, tmp_path: Path) -> AsyncIterator[OpenProcess]:
    """Opens one more process on the same data. One that doesn't take runs stores, cancels, and is alive."""
    checkpoints = MemoryCheckpoints()
    async with AsyncExitStack() as stack:

        async def open_one(*, room: int = 5, takes_runs: bool = True) -> Process:
            opened = processes.open_process(database, tmp_path, checkpoints, room=room, takes_runs=takes_runs)
            return await stack.enter_async_context(opened)

        yield open_one


async def store(process: Process, /, **values: object) -> Run:
    """A run that is stored as the engine's to execute."""
    usual = {"format": "note", "model": "openai:gpt-test", "input": NOTE, "process": process.engine.process}
    return await add_run(process.world.repository, **{**usual, **values})


async def start(process: Process) -> Run:
    """A run that the process was asked to execute, as a caller does it: its log is stored with it."""
    engine = process.engine
    with engine.reserve_slot():
        new = new_run(format="note", model="openai:gpt-test", input=NOTE, process=engine.process)
        opening = engine.open_log(new.id)
        run = await process.world.repository.add(new, also=None if opening is None else opening.store)
        assert run is not None
        await engine.begin(run, opening)
    return run


async def hold(process: Process) -> asyncio.Event:
    """A gate at which the first section waits."""
    gate = process.world.format.gates[0] = asyncio.Event()
    return gate


async def begin(process: Process) -> Run:
    """A run that the process has begun to execute, as it is stored then."""
    run = await start(process)
    async with asyncio.timeout(20):
        await process.world.format.begun[0].wait()
    return await stored(process, run)


async def stored(process: Process, run: Run) -> Run:
    """The run as it is stored now."""
    found = await process.world.repository.get(run.id)
    assert found is not None
    return found


async def endings(process: Process, run: Run) -> list[str]:
    """What ended the run, each time that something did."""
    kinds = (RunCompleted, RunFailed)
    found = [each for each in await read_messages(process.world.log, run.id) if isinstance(each, kinds)]
    return [each.code if isinstance(each, RunFailed) else "complete" for each in found]


async def poll(process: Process) -> None:
    """What a process does while it isn't frozen."""
    while True:
        await process.world.engine.poll_stop_requests()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("is_new", [True, False])
async def test_run_that_is_begun_or_submitted_is_executed_to_its_end(
    open_process: OpenProcess, is_new: bool
) -> None:
    process = await open_process()
    run = await (start(process) if is_new else store(process))
    if not is_new:
        await process.engine.submit(run.id)
    await process.engine.begun(run.id)
    await process.ended(run.id)
    await process.engine.settle(run.id)
    now = await stored(process, run)

    assert (now.status, now.process) == ("completed", None)
    assert await endings(process, run) == ["complete"] and process.engine.active == 0


async def test_run_that_is_begun_has_one_attempt_which_its_log_opens_with(open_process: OpenProcess) -> None:
    process = await open_process()
    await hold(process)
    run = await begin(process)
    await process.engine.submit(run.id)  # a recovery that finds it does so
    await process.offer_again(run.id)
    process.world.format.gates[0].set()
    await process.ended(run.id)
    messages = await read_messages(process.world.log, run.id)
    attempts = [each for each in messages if isinstance(each, NodeChanged) and each.node == "workflow"]

    assert [(each.status, each.attempt) for each in attempts] == [("started", 1), ("completed", 1)]
    assert messages[0] == attempts[0] and process.world.format.written == [0, 1]
    assert (await stored(process, run)).status == "completed"


async def test_run_whose_process_dies_before_it_begins_it_is_executed_as_its_log_says(
    open_process: OpenProcess,
) -> None:
    dead, other = await open_process(takes_runs=False), await open_process(takes_runs=False)
    new = new_run(format="note", model="openai:gpt-test", input=NOTE, process=dead.engine.process)
    opening = dead.engine.open_log(new.id)
    run = await dead.world.repository.add(new, also=None if opening is None else opening.store)
    assert run is not None
    await dead.stop()
    await dead.world.liveness.leave()
    await other.take_runs()
    await other.recovery.recover()
    await other.ended(run.id)
    assert (await stored(other, run)).status == "completed" and await endings(other, run) == ["complete"]
    assert (other.world.format.written, dead.world.format.written) == ([0, 1], [])


async def test_run_that_is_submitted_twice_ends_once(open_process: OpenProcess) -> None:
    process = await open_process()
    run = await store(process)
    await asyncio.gather(process.engine.submit(run.id), process.engine.submit(run.id))
    await process.engine.begun(run.id)
    await process.ended(run.id)

    assert (await stored(process, run)).status == "completed" and process.engine.active == 0
    assert await endings(process, run) == ["complete"] and process.world.format.written == [0, 1]


async def test_run_that_is_submitted_again_while_it_executes_has_one_attempt_and_is_written_once(
    open_process: OpenProcess,
) -> None:
    process = await open_process()
    gate = await hold(process)
    run = await begin(process)
    for _ in range(2):
        await process.engine.submit(run.id)
        await process.offer_again(run.id)
    await process.engine.begun(run.id)
    assert len(process.world.local_runs.tasks(run.id)) == process.engine.active == 1
    gate.set()
    await process.ended(run.id)

    assert (await stored(process, run)).status == "completed"
    assert await endings(process, run) == ["complete"] and process.world.format.written == [0, 1]


async def test_run_that_is_another_process_s_is_not_executed(open_process: OpenProcess) -> None:
    mine, other = await open_process(), await open_process(takes_runs=False)
    run = await store(other, process=other.id)
    await mine.engine.submit(run.id)
    await mine.engine.begun(run.id)
    await mine.ended(run.id)
    assert await mine.world.log.read(run.id) == [] and not mine.world.format.written


@pytest.mark.parametrize("is_here", [True, False])
async def test_cancel_ends_a_run_wherever_it_executes(open_process: OpenProcess, is_here: bool) -> None:
    executing, other = await open_process(), await open_process(takes_runs=False)
    caller = executing if is_here else other
    await hold(executing)
    run = await begin(executing)
    polling = asyncio.create_task(poll(executing))
    async with asyncio.timeout(20):
        await caller.engine.cancel(run)
    polling.cancel()
    now = await stored(caller, run)

    assert now.status == "cancelled" and await endings(caller, run) == ["CANCELLED"]
    await caller.engine.cancel(now)  # once more is harmless


async def test_cancel_of_a_run_whose_process_does_not_answer_shuts_that_process_out(
    open_process: OpenProcess,
) -> None:
    mine, frozen = await open_process(takes_runs=False), await open_process()
    gate = await hold(frozen)
    run = await begin(frozen)
    began = asyncio.get_running_loop().time()
    await mine.engine.cancel(run)  # nobody polls over there
    took = asyncio.get_running_loop().time() - began
    log_then = await mine.world.log.read(run.id)
    gate.set()  # it comes back, and goes on where it was
    await frozen.ended(run.id)
    now = await stored(mine, run)

    assert took < 10 and (now.status, now.process) == ("cancelled", None)
    assert await mine.world.log.read(run.id) == log_then and await endings(mine, run) == ["CANCELLED"]


async def test_run_that_was_taken_over_is_dropped_when_its_process_looks(open_process: OpenProcess) -> None:
    mine, other = await open_process(), await open_process(takes_runs=False)
    await hold(mine)
    run = await begin(mine)
    assert await other.world.repository.take_over(run, other.id)
    await mine.world.engine.poll_stop_requests()
    await mine.ended(run.id)
    assert mine.engine.active == 0 and await endings(mine, run) == []


@pytest.mark.parametrize("status", ["running", "waiting"])
async def test_cancel_of_a_run_that_nobody_executes_writes_its_last_message(
    open_process: OpenProcess, status: str
) -> None:
    process = await open_process(takes_runs=False)
    for executor in (None, "01J00000000000000000000000"):
        run = await store(process, process=executor, status=status)
        await process.engine.cancel(run)
        assert (await stored(process, run)).status == "cancelled"
        assert await endings(process, run) == ["CANCELLED"] and not process.world.format.written


async def test_stop_that_was_requested_before_the_run_changed_hands_is_heard(
    open_process: OpenProcess,
) -> None:
    process = await open_process(takes_runs=False)
    run = await store(process, stop_requested=True)
    await process.engine.submit(run.id)
    await process.take_runs()
    await process.ended(run.id)
    assert await endings(process, run) == ["CANCELLED"] and not process.world.format.written


async def test_runs_are_accepted_while_there_is_room_and_none_when_the_process_stops(
    open_process: OpenProcess,
) -> None:
    process = await open_process(room=2, takes_runs=False)
    await hold(process)
    runs = [await start(process) for _ in range(2)]
    with pytest.raises(Overloaded, match="As many runs as may"):
        await start(process)
    assert [run.id for run in await process.world.repository.unfinished()] == [run.id for run in runs]
    await process.engine.cancel(runs[0])
    process.engine.stop_accepting()
    assert process.engine.closed and not process.engine.accepts
    with pytest.raises(Overloaded, match="stopping"), process.engine.reserve_slot():
        pass


async def test_process_that_stops_leaves_its_runs_for_another_one_without_a_last_message(
    open_process: OpenProcess,
) -> None:
    mine, other = await open_process(), await open_process(takes_runs=False)
    await hold(mine)
    run = await begin(mine)
    await mine.stop()
    left = await stored(mine, run)
    assert (left.status, left.process) == ("running", None)
    assert await endings(mine, run) == [] and mine.engine.active == 0

    await other.take_runs()
    await other.recovery.recover()
    await other.ended(run.id)
    after = await other.world.repository.find(OWNER, run.id)
    assert await endings(other, run) == ["complete"] and after is not None and after.crash_count == 0


@pytest.mark.parametrize("status", ["running", "waiting"])
async def test_cancel_of_a_run_that_nobody_executes_waits_for_no_tick_and_takes_few_transactions(
    open_process: OpenProcess, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the machine is busy each transaction takes its time."""
    monkeypatch.setattr(cancellation, "_LOOK_SECONDS", NEVER)
    monkeypatch.setattr(queue, "_LOOK_SECONDS", NEVER)
    process = await open_process(takes_runs=False)
    run = await store(process, process=None, status=status)
    commits: list[Connection] = []

    def note(connection: Connection) -> None:
        commits.append(connection)

    event.listen(Engine, "commit", note)
    try:
        async with asyncio.timeout(20):
            cancelled = await process.engine.cancel(run)
    finally:
        event.remove(Engine, "commit", note)
    assert cancelled == await stored(process, run) and cancelled.status == "cancelled"
    assert 0 < len(commits) <= 9
