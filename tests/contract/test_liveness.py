"""Liveness: which processes are alive. An implementation joins by a fixture that starts a process and kills it.

Files are one machine's, beside SQLite; heartbeats are in PostgreSQL, for many.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.runs.engine.heartbeat import HeartbeatLiveness
from backend.runs.engine.liveness import FileLiveness, Liveness
from backend.store.postgres.jobs import JobRepository
from backend.store.sql.database import Database
from tests.contract.heartbeats import LEASE, age_heartbeat
from tests.databases import Engine
from tests.freezing import freeze

_HOLD = """
import sys
from pathlib import Path
from backend.runs.engine.liveness import FileLiveness
liveness = FileLiveness(Path(sys.argv[1]))
print(liveness.id, flush=True)
sys.stdin.read()
"""
_BEAT = f"""
import asyncio, sys
from backend.runs.engine.heartbeat import HeartbeatLiveness
from backend.store.postgres.jobs import JobRepository
from backend.store.postgres.database import PostgresDatabase

async def beat():
    jobs = JobRepository(PostgresDatabase(sys.argv[1]), lambda *_: None, {LEASE})
    liveness = HeartbeatLiveness(await jobs.register(), jobs)
    print(liveness.id, flush=True)
    while True:
        await liveness.beat()
        await asyncio.sleep(0.05)

asyncio.run(beat())
"""


@dataclass
class Processes:
    """`join` makes one in this process, `start` a real one, of which it gives the id here and the system's.

    After `expire` that process has been silent for longer than it may, if it is one of those that have to speak.
    """

    join: Callable[[], Awaitable[Liveness]]
    start: Callable[[], Awaitable[tuple[str, asyncio.subprocess.Process]]]
    expire: Callable[[str], Awaitable[None]]
    is_on_one_machine: bool


@pytest.fixture
async def processes(
    engine: Engine, database: Database, database_url: str, tmp_path: Path
) -> AsyncIterator[Processes]:
    """Processes that see one another: by files, or by heartbeats where the database is a server's."""
    is_file = engine == "sqlite"
    folder = tmp_path / "made" / "when needed"
    jobs = JobRepository(database, lambda *_: None, LEASE)
    started: list[asyncio.subprocess.Process] = []
    joined: list[Liveness] = []

    async def join() -> Liveness:
        joined.append(FileLiveness(folder) if is_file else HeartbeatLiveness(await jobs.register(), jobs))
        return joined[-1]

    async def start() -> tuple[str, asyncio.subprocess.Process]:
        script, place = (_HOLD, str(folder)) if is_file else (_BEAT, database_url)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, place, stdin=pipe, stdout=pipe
        )
        started.append(process)
        assert process.stdout is not None
        return (await process.stdout.readline()).decode().strip(), process

    async def expire(process: str) -> None:
        if not is_file:
            await age_heartbeat(database, process, LEASE + 5)

    yield Processes(join, start, expire, is_file)
    for liveness in joined:
        await liveness.leave()
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def becomes_alive(here: Liveness, process: str) -> bool:
    """Waits until it is; for one that beats, until it has."""
    async with asyncio.timeout(20):
        while not await here.is_alive(process):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return True


async def expires(processes: Processes, here: Liveness, process: str) -> None:
    """Waits until its lease has passed; its last heartbeat may still be on the way."""
    async with asyncio.timeout(20):
        while await here.is_alive(process):
            await processes.expire(process)
            await asyncio.sleep(0)


async def test_process_that_runs_is_alive_for_others_and_itself(processes: Processes) -> None:
    here, there = await processes.join(), await processes.join()
    assert here.id != there.id
    assert [await one.is_alive(other.id) for one in (here, there) for other in (here, there)] == [True] * 4


async def test_process_that_left_is_not_alive(processes: Processes) -> None:
    here, there = await processes.join(), await processes.join()
    await there.leave()
    assert not await here.is_alive(there.id)


async def test_process_that_is_asked_about_again_and_again_stays_alive(processes: Processes) -> None:
    here, there = await processes.join(), await processes.join()
    assert [await here.is_alive(there.id) for _ in range(5)] == [True] * 5
    assert await (await processes.join()).is_alive(there.id)


async def test_process_that_never_was_is_not_alive(processes: Processes) -> None:
    assert not await (await processes.join()).is_alive("01J00000000000000000000009")


async def test_process_is_alive_while_it_runs_and_not_after_it_was_killed(processes: Processes) -> None:
    here = await processes.join()
    there, process = await processes.start()
    assert await becomes_alive(here, there)
    freeze(process.pid)
    if processes.is_on_one_machine:
        assert await here.is_alive(there)  # it is frozen, and has what it has
    else:
        await expires(processes, here, there)
    os.kill(process.pid, signal.SIGCONT)
    assert await becomes_alive(here, there)
    process.kill()
    await process.wait()
    await expires(processes, here, there)
    assert [await here.is_alive(there) for _ in range(2)] == [False, False]
