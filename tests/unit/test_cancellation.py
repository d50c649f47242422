"""Cancelling a run that another process executes, or that can't be cancelled."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from backend.runs.engine import cancellation
from backend.runs.engine.cancellation import RunCanceller
from backend.runs.engine.liveness import FileLiveness
from backend.store.owner import Owner
from backend.store.runs.runs import Run, RunRepository
from tests.unit.stored_runs import add_run, change_run, finish_run
from workflows.errors import Overloaded

NEVER = 3600.0
THEM = "01J00000000000000000000000"


class _WithoutALog:
    """The log is away: attempts end without a last message, as they do then."""

    def __init__(self) -> None:
        self.tries = 0

    async def submit(self, run_id: str) -> None:
        del run_id
        self.tries += 1

    async def stop_here(self, run_id: str) -> bool:
        del run_id
        return False


class _Neighbours:
    """Processes of which `alive` are alive. `looked` is called at each look at one, after its time was noted."""

    id = "01J00000000000000000000001"

    def __init__(self, *alive: str) -> None:
        self.alive = set(alive)
        self.looks: dict[str, list[float]] = {}
        self.looked: Callable[[int], Awaitable[object]] | None = None

    async def is_alive(self, process: str) -> bool:
        looks = self.looks.setdefault(process, [])
        looks.append(asyncio.get_running_loop().time())
        if self.looked is not None:
            await self.looked(len(looks))
        return process in self.alive

    async def leave(self) -> None:
        """Nothing is to be done."""


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Callable[[float, float], None]:
    """Sets the patience with the first process, and the longest."""

    def set_patience(first: float, longest: float) -> None:
        monkeypatch.setattr(cancellation, "_PATIENCE_SECONDS", first)
        monkeypatch.setattr(cancellation, "_LONGEST_PATIENCE", longest)
        monkeypatch.setattr(cancellation, "_LOOK_SECONDS", 0.0)

    return set_patience


async def test_cancel_of_a_run_that_can_not_be_stopped_says_to_try_again(
    repository: RunRepository, tmp_path: Path
) -> None:
    liveness, engine = FileLiveness(tmp_path / "processes"), _WithoutALog()
    run = await add_run(repository, process=THEM)
    with pytest.raises(Overloaded, match="try again") as refused:
        await RunCanceller(repository, liveness, engine).cancel(run)
    stored = await repository.find(Owner("maya"), run.id)
    await liveness.leave()

    assert refused.value.retryable and refused.value.retry_after > 0
    assert engine.tries > 1 and stored is not None and stored.status == "running"


async def test_cancel_asks_the_process_that_executes_the_run_and_leaves_its_end_to_it(
    repository: RunRepository, patience: Callable[[float, float], None]
) -> None:
    patience(NEVER, NEVER)
    neighbours, engine = _Neighbours(THEM), _WithoutALog()
    run = await add_run(repository, process=THEM)
    asked: list[Run | None] = []

    async def stop(look: int) -> None:
        if look == 3:
            asked.append(await repository.get(run.id))
            await finish_run(repository, run, "cancelled")

    neighbours.looked = stop
    with capture_logs() as logged:
        async with asyncio.timeout(20):
            cancelled = await RunCanceller(repository, neighbours, engine).cancel(run)
    assert cancelled is not None and cancelled.status == "cancelled"
    assert [each.stop_requested for each in asked if each] == [True]
    assert engine.tries == 0 and logged == []


async def test_cancel_waits_no_longer_for_a_process_that_died(
    repository: RunRepository, patience: Callable[[float, float], None]
) -> None:
    patience(NEVER, NEVER)
    neighbours, run = _Neighbours(THEM), await add_run(repository, process=THEM)

    async def die(look: int) -> None:
        if look == 3:
            neighbours.alive.clear()

    class Engine(_WithoutALog):
        async def submit(self, run_id: str) -> None:
            await super().submit(run_id)
            await finish_run(repository, run, "cancelled")

    neighbours.looked = die
    engine = Engine()
    with capture_logs() as logged:
        async with asyncio.timeout(20):
            cancelled = await RunCanceller(repository, neighbours, engine).cancel(run)
    assert cancelled is not None and cancelled.status == "cancelled"
    assert engine.tries == 1 and logged == []


async def test_cancel_waits_longer_for_each_process_that_a_run_goes_to_up_to_a_limit(
    repository: RunRepository, patience: Callable[[float, float], None]
) -> None:
    patience(0.02, 0.05)
    processes = [f"{THEM[:-1]}{nth}" for nth in range(2, 7)]
    neighbours, run = _Neighbours(*processes), await add_run(repository, process=processes[0])

    class Engine(_WithoutALog):
        async def submit(self, run_id: str) -> None:
            await super().submit(run_id)
            await change_run(repository, run, process=processes[self.tries % len(processes)])

    with capture_logs() as logged, pytest.raises(Overloaded):
        await RunCanceller(repository, neighbours, Engine()).cancel(run)
    assert [(line["event"], line["process"]) for line in logged] == [
        ("owner_does_not_answer", process) for process in processes
    ]
    waited = [looks[-1] - looks[0] for looks in (neighbours.looks[process] for process in processes)]
    assert all(seconds > least for seconds, least in zip(waited, [0.01, 0.03, 0.04, 0.04, 0.04], strict=True))


async def test_cancel_of_a_run_that_this_process_should_execute_and_does_not_asks_nobody(
    repository: RunRepository,
) -> None:
    neighbours, engine = _Neighbours(_Neighbours.id), _WithoutALog()
    run = await add_run(repository, process=neighbours.id)
    with pytest.raises(Overloaded):
        await RunCanceller(repository, neighbours, engine).cancel(run)
    assert engine.tries == 5 and neighbours.looks == {}


async def test_cancel_of_a_run_that_is_deleted_meanwhile_finds_none(repository: RunRepository) -> None:
    run = await add_run(repository, process=THEM)

    class Engine(_WithoutALog):
        async def stop_here(self, run_id: str) -> bool:
            await repository.delete(run.owner, run_id)
            return True

    assert await RunCanceller(repository, _Neighbours(), Engine()).cancel(run) is None


async def test_cancel_at_the_last_try_stops_what_it_has_taken_over(repository: RunRepository) -> None:
    run = await add_run(repository, process=None)

    class Engine(_WithoutALog):
        async def submit(self, run_id: str) -> None:
            await super().submit(run_id)
            taken = await repository.get(run_id)  # also where a stop in this process comes too late
            assert taken is not None and taken.stop_requested

        async def stop_here(self, run_id: str) -> bool:
            if self.tries < 5:
                return await super().stop_here(run_id)
            await finish_run(repository, run, "cancelled")
            return True

    cancelled = await RunCanceller(repository, _Neighbours(), Engine()).cancel(run)
    assert cancelled is not None and cancelled.status == "cancelled"
