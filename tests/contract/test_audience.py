"""Audience: whether anybody reads a run, in whatever process. Storage for its read marks joins by a fixture."""

from contextlib import AsyncExitStack

import pytest

from backend.runs.readers.audience import Audience, ReadMarks
from backend.store.runs.runs import Run, RunRepository
from tests.unit.stored_runs import add_run

GRACE = 9.0


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sql"])
def marks(repository: RunRepository) -> ReadMarks:
    """Where read marks are kept."""
    return repository


@pytest.fixture
async def run(repository: RunRepository) -> Run:
    """A run that is to end when nobody reads it."""
    return await add_run(repository, options={"on_disconnect": "cancel"})


async def pass_time(
    clock: Clock, watcher: Audience, seconds: float, reader: Audience | None = None
) -> list[str]:
    """What the watcher finds abandoned when it looks each second, while the reader's process marks it."""
    found: list[str] = []
    for _ in range(round(seconds)):
        clock.now += 1
        if reader is not None:
            await reader.publish()
        found = await watcher.abandoned()
    return found


async def test_run_that_nobody_comes_to_read_is_abandoned_after_the_grace(
    marks: ReadMarks, clock: Clock, run: Run
) -> None:
    audience = Audience(marks, GRACE, clock)
    with audience.watching(run):
        assert await pass_time(clock, audience, GRACE) == []
        assert await pass_time(clock, audience, 1) == [run.id]
    assert await pass_time(clock, audience, GRACE) == []  # it is over


async def test_run_that_is_read_in_the_same_process_is_abandoned_after_the_last_reader_left(
    marks: ReadMarks, clock: Clock, run: Run
) -> None:
    audience = Audience(marks, GRACE, clock)
    async with AsyncExitStack() as stack:
        stack.enter_context(audience.watching(run))
        async with audience.reading(run):
            async with audience.reading(run):
                pass
            assert await pass_time(clock, audience, 3 * GRACE) == []
        assert await pass_time(clock, audience, GRACE) == []
        assert await pass_time(clock, audience, 1) == [run.id]


async def test_run_that_is_read_in_another_process_is_not_abandoned_until_that_reader_left(
    marks: ReadMarks, clock: Clock, run: Run
) -> None:
    writer, reader = Audience(marks, GRACE, clock), Audience(marks, GRACE, clock)
    with writer.watching(run):
        async with reader.reading(run):
            assert await pass_time(clock, writer, 3 * GRACE, reader) == []
        assert await pass_time(clock, writer, GRACE, reader) == []
        assert await pass_time(clock, writer, 1, reader) == [run.id]


async def test_reader_who_comes_back_in_time_in_another_process_is_one_who_stayed(
    marks: ReadMarks, clock: Clock, run: Run
) -> None:
    writer, first, second = (Audience(marks, GRACE, clock) for _ in range(3))
    with writer.watching(run):
        for reader in (first, second, writer, first):
            async with reader.reading(run):
                assert await pass_time(clock, writer, 2, reader) == []
            assert await pass_time(clock, writer, GRACE - 1, reader) == []


async def test_process_that_was_killed_with_its_readers_marks_no_more(
    marks: ReadMarks, clock: Clock, run: Run
) -> None:
    writer, killed = Audience(marks, GRACE, clock), Audience(marks, GRACE, clock)
    async with killed.reading(run):
        with writer.watching(run):
            await pass_time(clock, writer, 3, killed)
            assert await pass_time(clock, writer, GRACE + 1) == [run.id]


async def test_reader_of_a_run_that_changes_hands_is_seen_by_who_executes_it_next(
    marks: ReadMarks, clock: Clock, run: Run
) -> None:
    first, second = Audience(marks, GRACE, clock), Audience(marks, GRACE, clock)
    async with first.reading(run):
        with first.watching(run):
            assert await pass_time(clock, first, 2 * GRACE) == []
        with second.watching(run):
            assert await pass_time(clock, second, 2 * GRACE, first) == []


async def test_run_that_goes_on_without_readers_costs_no_write_and_is_never_abandoned(
    repository: RunRepository, clock: Clock
) -> None:
    run = await add_run(repository, options={"on_disconnect": "continue"})
    writer, reader = Audience(repository, GRACE, clock), Audience(repository, GRACE, clock)
    with writer.watching(run):
        async with reader.reading(run):
            assert await pass_time(clock, writer, 3, reader) == []
        assert await pass_time(clock, writer, 3 * GRACE) == []
    assert await repository.read_marks([run.id]) == {run.id: 0}


async def test_readers_are_counted_also_those_who_break_off(marks: ReadMarks, clock: Clock, run: Run) -> None:
    audience = Audience(marks, GRACE, clock)
    async with audience.reading(run), audience.reading(run):
        assert audience.count == 2
    with pytest.raises(ConnectionError):
        async with audience.reading(run):
            raise ConnectionError
    assert audience.count == 0
