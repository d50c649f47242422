"""Whether anybody reads: only watched runs care, and only after the grace time."""

import asyncio
from contextlib import ExitStack

import pytest

from backend.runs.readers.audience import Readership

PATIENCE = 10.0
GRACE = 0.02


class Farewells:
    """The runs that nobody reads, as they are reported."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self._said = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, run_id: str) -> None:
        self.runs.append(run_id)
        task = asyncio.create_task(self._tell())
        self._tasks.add(task)

    async def wait_for(self, run_id: str) -> None:
        async with asyncio.timeout(PATIENCE), self._said:
            await self._said.wait_for(lambda: run_id in self.runs)

    async def _tell(self) -> None:
        async with self._said:
            self._said.notify_all()


@pytest.fixture
async def farewells() -> Farewells:
    return Farewells()


@pytest.fixture
async def readership(farewells: Farewells) -> Readership:
    return Readership(GRACE, farewells)


async def let_grace_pass(readership: Readership, farewells: Farewells) -> None:
    """Watches another run that nobody reads: when it is given up, all that was to be given up before it was."""
    readership.watch("hourglass")
    await farewells.wait_for("hourglass")
    readership.forget("hourglass")
    farewells.runs.remove("hourglass")


async def test_readership_of_a_watched_run_that_nobody_comes_to_read_says_so(
    readership: Readership, farewells: Farewells
) -> None:
    readership.watch("run")
    assert farewells.runs == []
    await farewells.wait_for("run")


async def test_readership_while_somebody_reads_says_nothing_and_after_the_last_one_left_once(
    readership: Readership, farewells: Farewells
) -> None:
    readership.watch("run")
    with ExitStack() as first, readership.reading("run"):
        first.enter_context(readership.reading("run"))
        first.close()
        await let_grace_pass(readership, farewells)
        assert farewells.runs == []
    await farewells.wait_for("run")
    await let_grace_pass(readership, farewells)
    assert farewells.runs == ["run"]


async def test_readership_of_a_reader_who_comes_back_in_time_says_nothing(
    readership: Readership, farewells: Farewells
) -> None:
    readership.watch("run")
    with readership.reading("run"):
        pass
    with readership.reading("run"):
        await let_grace_pass(readership, farewells)
    assert farewells.runs == []


async def test_readership_of_a_run_that_is_over_says_nothing(
    readership: Readership, farewells: Farewells
) -> None:
    readership.watch("unread")
    readership.forget("unread")
    readership.watch("read")
    with readership.reading("read"):
        readership.forget("read")
    readership.forget("never watched")
    await let_grace_pass(readership, farewells)
    assert farewells.runs == []


async def test_readership_of_a_run_that_nobody_watches_says_nothing(
    readership: Readership, farewells: Farewells
) -> None:
    with readership.reading("run"):
        pass
    await let_grace_pass(readership, farewells)
    assert farewells.runs == []


async def test_readership_watched_while_somebody_reads_waits_until_they_leave(
    readership: Readership, farewells: Farewells
) -> None:
    with readership.reading("run"):
        readership.watch("run")
        await let_grace_pass(readership, farewells)
        assert farewells.runs == []
    await farewells.wait_for("run")


async def test_readership_counts_readers_of_all_runs_also_those_who_break_off(readership: Readership) -> None:
    with readership.reading("a"), readership.reading("a"), readership.reading("b"):
        assert readership.count == 3
    with pytest.raises(ConnectionError), readership.reading("a"):
        raise ConnectionError
    assert readership.count == 0
