"""The line of runs that have no words yet: a few work at a time, and nobody is held up for ever."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from backend.log.memory import MemoryLog
from backend.runs.attempt import attempt, start_line
from backend.runs.attempt.start_line import StartLine
from backend.store.sql.database import Database
from backend.streaming.progress import ProgressMeter
from tests.unit.attempts import note, open_attempt
from tests.unit.run_messages import read_messages
from tests.unit.worlds import open_world
from workflows.messages.messages import ProgressReported, RunFailed
from workflows.models.budget.ledger import Ledger
from workflows.models.budget.prices import PriceRegistry
from workflows.models.spec import ModelSpec
from workflows.models.wire.bodies.stream_turns import StreamTurns

_MODEL = ModelSpec("openai", "gpt-test")
_SLOTS = start_line._SLOTS


class Run:
    """A run in the line, which goes on as it is told to."""

    def __init__(self, line: StartLine) -> None:
        self.ledger = Ledger(PriceRegistry())
        self.is_in = False
        self._goes_on = asyncio.Event()
        self._has_words = asyncio.Event()
        self.task = asyncio.create_task(self._work(line))

    async def _work(self, line: StartLine) -> None:
        async with line.join(self.ledger) as start:
            self.is_in = True
            await self._has_words.wait()
            start.end()
            await self._goes_on.wait()

    def has_words(self) -> None:
        self._has_words.set()

    def ends(self) -> None:
        self._has_words.set()
        self._goes_on.set()


async def turns() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


async def end(runs: Sequence[Run]) -> None:
    for run in runs:
        run.ends()
    await asyncio.gather(*(run.task for run in runs))


def let_in(runs: list[Run]) -> list[bool]:
    return [run.is_in for run in runs]


@pytest.fixture
def slots_last(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    return lambda seconds: monkeypatch.setattr(start_line, "_SLOT_SECONDS", seconds)


async def test_as_many_as_slots_work_and_the_rest_come_in_their_order(
    slots_last: Callable[[float], None],
) -> None:
    slots_last(1000.0)
    turns_left = StreamTurns()
    line = StartLine(turns_left)
    runs = [Run(line) for _ in range(_SLOTS + 2)]
    await turns()
    assert let_in(runs) == [True] * _SLOTS + [False] * 2
    assert turns_left.is_crowded
    runs[2].has_words()
    await turns()
    assert let_in(runs) == [True] * (_SLOTS + 1) + [False]
    runs[0].ends()
    await turns()
    assert all(let_in(runs))
    assert not turns_left.is_crowded
    await end(runs)


async def test_start_whose_model_is_asked_has_no_slot_until_it_has_answered(
    slots_last: Callable[[float], None],
) -> None:
    slots_last(1000.0)
    line = StartLine(StreamTurns())
    runs = [Run(line) for _ in range(_SLOTS + 2)]
    await turns()
    calls = [runs[0].ledger.begin(_MODEL, "outline", None, 10) for _ in range(2)]
    await turns()
    assert let_in(runs) == [True] * (_SLOTS + 1) + [False]
    for call in calls:
        runs[0].ledger.drop(call)  # it works again, and goes before whoever still waits
    runs[1].has_words()
    await turns()
    assert not runs[-1].is_in
    runs[2].has_words()
    await turns()
    assert runs[-1].is_in
    await end(runs)


async def test_start_with_words_takes_no_slot_again() -> None:
    line = StartLine(StreamTurns())
    run = Run(line)
    await turns()
    run.has_words()
    await turns()
    run.ledger.drop(run.ledger.begin(_MODEL, "writing", 0, 10))
    others = [Run(line) for _ in range(_SLOTS)]
    await turns()
    assert all(let_in(others))
    await end((run, *others))


async def test_starts_that_hang_hold_up_the_others_for_a_short_time_only(
    slots_last: Callable[[float], None],
) -> None:
    slots_last(0.01)
    line = StartLine(StreamTurns())
    hanging = [Run(line) for _ in range(_SLOTS)]
    await turns()
    async with asyncio.timeout(10), line.join(Ledger(PriceRegistry())):
        assert all(let_in(hanging))
    await end(hanging)


@pytest.mark.parametrize("place", [0, _SLOTS, _SLOTS + 1], ids=["working", "next", "last"])
async def test_run_that_is_cancelled_makes_room(place: int, slots_last: Callable[[float], None]) -> None:
    slots_last(1000.0)
    turns_left = StreamTurns()
    line = StartLine(turns_left)
    runs = [Run(line) for _ in range(_SLOTS + 2)]
    await turns()
    runs.pop(place).task.cancel()
    await turns()
    assert sum(let_in(runs)) == _SLOTS
    for run in runs:
        run.has_words()
        await turns()
    assert all(let_in(runs))
    assert not turns_left.is_crowded
    await end(runs)


async def test_start_has_a_slot_for_so_long_in_all_however_often_it_asks_its_model(
    slots_last: Callable[[float], None],
) -> None:
    slots_last(0.02)
    line = StartLine(StreamTurns())
    busy = [Run(line) for _ in range(_SLOTS)]
    await turns()
    async with asyncio.timeout(10), line.join(Ledger(PriceRegistry())):
        pass  # by now their slots are used up
    for run in busy:
        run.ledger.drop(run.ledger.begin(_MODEL, "outline", None, 10))
    late = Run(line)
    await turns()
    assert late.is_in
    await end((*busy, late))


async def test_run_that_waits_in_the_line_reports_progress_and_can_be_stopped(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slots_last: Callable[[float], None]
) -> None:
    slots_last(1000.0)
    monkeypatch.setattr(attempt, "_TICK_SECONDS", 0.0)
    has_ticked = asyncio.Event()

    def tick(meter: ProgressMeter) -> ProgressReported:
        has_ticked.set()
        return meter.now("Time passes")

    monkeypatch.setattr(ProgressMeter, "tick", tick)
    line, log = StartLine(StreamTurns()), MemoryLog()
    others = [Run(line) for _ in range(_SLOTS)]
    async with open_world(database, tmp_path) as world:
        run = await note(world)
        async with open_attempt(world, run, log, starts=line) as opened:
            writing = asyncio.create_task(opened.attempt.write())
            async with asyncio.timeout(10):
                await has_ticked.wait()
            assert not world.format.written
            opened.handle.stop("cancel")
            ending = await writing
    assert isinstance(ending, RunFailed) and ending.code == "CANCELLED"
    assert any(isinstance(said, ProgressReported) for said in await read_messages(log, run.id))
    await end(others)
