"""A reader on another process than the writer: from the commit of a message until the reader has it.

`STORYWIRE_MANY_RUNS` says how many runs are written and read.
"""

import asyncio
import multiprocessing
import time
from statistics import median

from backend.log.entry import Entry
from backend.log.postgres import PostgresLog
from backend.store.postgres.database import PostgresDatabase
from backend.store.runs.runs import RunRepository
from benchmarks.report import Row, Rows, show_one
from tests.acceptance.trials import MANY_RUNS
from tests.databases import migrated_template
from tests.postgres import postgres_server
from tests.unit.stored_runs import add_run

_PACE, _SECONDS = 30, 5
_COUNT = _PACE * _SECONDS
_TARGET_SECONDS = 0.05


async def run() -> Rows:
    """So many runs of thirty messages a second, each followed by one reader."""
    with postgres_server().database(migrated_template()) as url:
        database = PostgresDatabase(url)
        run_ids = [(await add_run(RunRepository(database))).id for _ in range(MANY_RUNS)]
        log = PostgresLog(database)
        writer = multiprocessing.get_context("spawn").Process(target=_write, args=(url, run_ids))
        await asyncio.to_thread(writer.start)
        found = await asyncio.gather(*(_read(log, run_id) for run_id in run_ids))
        await asyncio.to_thread(writer.join)
        await log.close()
        await database.close()
    took = sorted(seconds for each in found for seconds in each)
    most = took[int(len(took) * 0.99)]
    return [
        Row(
            f"{MANY_RUNS} runs, {_PACE} messages/s each: from the commit to a reader on another process",
            f"median {median(took) * 1000:.0f} ms, 99 % {most * 1000:.0f} ms, worst {took[-1] * 1000:.0f} ms",
            f"{_TARGET_SECONDS * 1000:.0f} ms",
            most / _TARGET_SECONDS,
            f"<= {_TARGET_SECONDS * 1000:.0f} ms",
            most <= _TARGET_SECONDS,
        )
    ]


def _write(url: str, run_ids: list[str]) -> None:
    asyncio.run(_write_all(url, run_ids))


async def _write_all(url: str, run_ids: list[str]) -> None:
    database = PostgresDatabase(url)
    log = PostgresLog(database)

    async def write(run_id: str) -> None:
        epoch = await log.take_over(run_id)
        committed = time.time()
        for seq in range(1, _COUNT + 2):
            # Each says when the one before it was committed.
            await log.append(run_id, epoch, [Entry(seq, "content", repr(committed).encode())])
            committed = time.time()
            await asyncio.sleep(1 / _PACE)

    await asyncio.gather(*map(write, run_ids))
    await log.close()
    await database.close()


async def _read(log: PostgresLog, run_id: str) -> list[float]:
    arrived: list[float] = []
    told: list[float] = []
    while len(told) <= _COUNT:
        await log.wait(run_id, len(told), 10)
        entries = await log.read(run_id, len(told))
        arrived += [time.time()] * len(entries)
        told += [float(entry.data) for entry in entries]
    return [at - committed for at, committed in zip(arrived, told[1:], strict=False)]


if __name__ == "__main__":
    show_one(run, "news")
