"""The attempts of a process: two at one run are both known, whichever of them ends first."""

import asyncio

from backend.runs.attempt.handle import RunHandle
from backend.runs.engine.local_runs import LocalRuns


async def attempt(runs: LocalRuns) -> tuple[asyncio.Task[None], asyncio.Event, RunHandle]:
    gate, handle = asyncio.Event(), RunHandle()

    async def work() -> None:
        await gate.wait()
        handle.stored.set()

    task = asyncio.create_task(work())
    runs.add("run", task, handle)
    return task, gate, handle


async def test_attempt_stays_known_when_another_one_at_its_run_ends_be_it_older_or_newer() -> None:
    for ends_first in (0, 1):
        runs = LocalRuns()
        attempts = [await attempt(runs) for _ in range(2)]
        (ended, gate, _), (other, last_gate, handle) = attempts[ends_first], attempts[1 - ends_first]
        gate.set()
        await ended
        runs.remove("run", ended)
        assert "run" in runs and len(runs) == 1
        assert runs.tasks("run") == [other] and runs.handles("run") == [handle]
        last_gate.set()
        await other
        runs.remove("run", other)
        assert "run" not in runs and not runs and runs.handles("run") == []


async def test_settle_waits_for_attempts_that_are_about_to_be_stored_and_for_no_others() -> None:
    runs = LocalRuns()
    await runs.settle("run")
    _, gate, handle = await attempt(runs)
    await runs.settle()
    handle.settling = True
    settled = asyncio.create_task(runs.settle("run"))
    await asyncio.sleep(0)
    await runs.settle("another")
    assert not settled.done()
    gate.set()
    await settled
    await runs.wait()


async def test_run_whose_attempt_only_tidies_up_is_executing_no_more() -> None:
    runs = LocalRuns()
    task, gate, handle = await attempt(runs)
    assert runs.is_executing("run")
    handle.stored.set()
    assert not runs.is_executing("run")
    gate.set()
    await task
