"""Recovery: runs that nobody executes are found, and go on, but not for ever."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest

from backend.runs.engine.liveness import FileLiveness
from backend.runs.engine.orphans import OrphanDetector
from backend.runs.readers.replay import replay
from backend.store.runs.runs import Run, RunAssignment, RunRepository
from backend.store.sql.database import Database
from backend.telemetry.metrics import Metrics
from tests.unit.stored_runs import add_run
from tests.unit.worlds import NOTE, OWNER, World, open_world

DEAD = "01J00000000000000000000000"


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database, tmp_path, max_runs=3, max_crashes=2) as opened:
        yield opened


async def orphan(world: World, **values: object) -> Run:
    return await add_run(
        world.repository,
        **{"format": "note", "model": "openai:gpt-test", "input": NOTE, "process": DEAD, **values},
    )


async def test_orphans_are_runs_of_nobody_of_the_dead_and_at_the_second_look_our_own(tmp_path: Path) -> None:
    here, there = FileLiveness(tmp_path), FileLiveness(tmp_path)
    executed = {"executed"}
    detector = OrphanDetector(here, executed.__contains__)
    runs = [
        RunAssignment(id=name, owner=OWNER, format="note", status="running", process=process, crash_count=0)
        for name, process in {
            "left": None,
            "dead": DEAD,
            "theirs": there.id,
            "executed": here.id,
            "ours": here.id,
        }.items()
    ]
    looks = [[run.id for run in await detector.observe(runs)] for _ in range(4)]
    await here.leave()
    await there.leave()
    assert looks == [["left", "dead"], ["left", "dead", "ours"]] * 2


async def test_run_of_a_dead_process_goes_on_and_counts_and_one_that_was_left_does_not(world: World) -> None:
    dead, left = await orphan(world), await orphan(world, process=None)
    assert await world.recovery.recover() == 2
    stored = {run.id: run for run in await world.repository.unfinished()}
    assert all(run.process == world.engine.process for run in stored.values())
    for run in (dead, left):
        await world.end(run.id)
        assert (await world.queries.find(OWNER, run.id)).status == "completed"
    assert await world.recovery.recover() == 0


async def test_crash_counts_before_the_run_goes_on_and_a_stop_in_good_order_does_not(world: World) -> None:
    world.format.gates[0] = asyncio.Event()  # no section ends, which would start the count anew
    dead, left = await orphan(world, crash_count=1), await orphan(world, process=None, crash_count=1)
    assert await world.recovery.recover() == 2
    stored = {run.id: run.crash_count for run in await world.repository.unfinished()}
    assert stored == {dead.id: 2, left.id: 1}
    assert [(await replay(world.log, run.id))[0].attempts for run in (dead, left)] == [1, 1]


class CountedRecoveries(Metrics):
    def __init__(self) -> None:
        self.kinds: list[str] = []

    def on_recovery(self, after: Literal["crash", "stop"]) -> None:
        self.kinds.append(after)


async def test_recovery_is_counted_by_what_it_follows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = CountedRecoveries()
    monkeypatch.setattr(world.recovery, "_metrics", metrics)
    runs = [await orphan(world, **values) for values in ({}, {"process": None}, {"crash_count": 2})]
    assert await world.recovery.recover() == 2
    for run in runs:
        await world.end(run.id)
    assert metrics.kinds == ["crash", "stop"]  # the third is ended


async def test_run_that_crashed_too_often_is_ended_and_does_not_count_as_resumed(world: World) -> None:
    often, once_more = await orphan(world, crash_count=2), await orphan(world, crash_count=1)
    assert await world.recovery.recover() == 1
    for run in (often, once_more):
        await world.end(run.id)
    assert (await world.queries.find(OWNER, often.id)).status == "failed"
    assert (await world.queries.find(OWNER, once_more.id)).status == "completed"


async def test_recovery_runs_at_once_when_the_service_starts(world: World) -> None:
    run = await orphan(world)
    async with world.recovery.running():
        assert (await replay(world.log, run.id))[0].attempts == 1
        await world.end(run.id)
    assert (await world.queries.find(OWNER, run.id)).status == "completed"
    assert [line["count"] for line in world.logged if line["event"] == "runs_resumed"] == [1]


async def test_every_attempt_that_broke_off_counts_also_those_of_this_very_process(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_off(run: Run, *rest: object) -> None:
        del rest
        raise MemoryError(run.id)

    run = await orphan(world)
    with monkeypatch.context() as patch:
        patch.setattr(world.engine._executor, "execute", break_off)
        counts = []
        for _ in range(8):
            await world.recovery.recover()
            await world.end(run.id)
            stored = await world.repository.get(run.id)
            assert stored is not None
            counts.append(stored.crash_count)
    assert counts[0] == 1 and max(counts) == 4  # at every second look it is seen to be executed no more
    for _ in range(2):
        await world.recovery.recover()
        await world.end(run.id)
    ended = await world.queries.find(OWNER, run.id)
    assert ended.status == "failed" and ended.error and "in a row" in ended.error.message
    assert not world.format.written


async def test_finished_section_starts_the_count_anew(world: World) -> None:
    run = await orphan(world, crash_count=1)
    world.format.faults[1] = [KeyError()]
    assert await world.recovery.recover() == 1
    await world.end(run.id)
    stored = await world.repository.get(run.id)
    assert stored is not None and stored.status == "failed" and stored.crash_count == 0


async def test_recovery_takes_no_more_than_there_is_room_for_and_leaves_formats_that_have_gone(
    world: World,
) -> None:
    gone = await orphan(world, format="song")
    runs = [await orphan(world) for _ in range(4)]
    assert await world.recovery.recover() == 3
    for run in runs:
        await world.end(run.id)
    assert await world.recovery.recover() == 1
    await world.end(runs[3].id)
    stored = await world.repository.get(gone.id)
    assert stored == gone


async def test_orphan_is_taken_by_one_of_several_processes(database: Database, tmp_path: Path) -> None:
    async with open_world(database, tmp_path) as one, open_world(database, tmp_path) as other:
        run = await orphan(one)
        found = [await one.recovery.recover(), await other.recovery.recover()]
        await one.end(run.id)
        assert found == [1, 0] and one.format.written == [0, 1] and not other.format.written


async def test_repository_takes_over_what_is_running_alone(repository: RunRepository) -> None:
    run = await add_run(repository, process=DEAD, status="completed")
    assert not await repository.take_over(run, "P2", crash_count=1)
