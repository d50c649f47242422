"""Liveness: which processes are alive. An implementation joins by a fixture that starts a process and kills it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.runs.engine.liveness import FileLiveness, Liveness

_HOLD = """
import sys
from pathlib import Path
from backend.runs.engine.liveness import FileLiveness
liveness = FileLiveness(Path(sys.argv[1]))
print(liveness.id, flush=True)
sys.stdin.read()
"""


@dataclass
class Processes:
    """`join` makes one in this process, `start` a real one, of which it gives the id here and the system's."""

    join: Callable[[], Liveness]
    start: Callable[[], Awaitable[tuple[str, asyncio.subprocess.Process]]]


@pytest.fixture(params=["files"])
async def processes(tmp_path: Path) -> AsyncIterator[Processes]:
    """Processes that see one another."""
    started: list[asyncio.subprocess.Process] = []
    joined: list[Liveness] = []

    def join() -> Liveness:
        joined.append(FileLiveness(tmp_path / "made" / "when needed"))
        return joined[-1]

    async def start() -> tuple[str, asyncio.subprocess.Process]:
        folder = str(tmp_path / "made" / "when needed")
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _HOLD, folder, stdin=pipe, stdout=pipe
        )
        started.append(process)
        assert process.stdout is not None
        return (await process.stdout.readline()).decode().strip(), process

    yield Processes(join, start)
    for liveness in joined:
        liveness.leave()
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_process_that_runs_is_alive_for_others_and_itself(processes: Processes) -> None:
    here, there = processes.join(), processes.join()
    assert here.id != there.id
    assert [await one.is_alive(other.id) for one in (here, there) for other in (here, there)] == [True] * 4


async def test_process_that_left_is_not_alive(processes: Processes) -> None:
    here, there = processes.join(), processes.join()
    there.leave()
    assert not await here.is_alive(there.id)


async def test_process_that_is_asked_about_again_and_again_stays_alive(processes: Processes) -> None:
    here, there = processes.join(), processes.join()
    assert [await here.is_alive(there.id) for _ in range(5)] == [True] * 5
    assert await processes.join().is_alive(there.id)


async def test_process_that_never_was_is_not_alive(processes: Processes) -> None:
    assert not await processes.join().is_alive("01J00000000000000000000009")


async def test_process_is_alive_while_it_is_frozen_and_not_after_it_was_killed(processes: Processes) -> None:
    here = processes.join()
    there, process = await processes.start()
    assert await here.is_alive(there)
    os.kill(process.pid, signal.SIGSTOP)
    assert await here.is_alive(there)
    process.kill()
    await process.wait()
    assert [await here.is_alive(there) for _ in range(2)] == [False, False]
