"""Group commits: what an append to the log takes, alone and among many, against one commit an entry."""

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ulid import ULID

from backend.log.entry import Entry
from backend.log.sql import SqlLog
from backend.log.sqlite import SqliteLog
from backend.store.owner import Owner
from backend.store.runs.runs import NewRun, RunRepository
from backend.store.schema.run_values import RunOptions
from backend.store.sqlite.database import SqliteDatabase
from benchmarks.report import Row, Rows, show_one
from workflows.messages.messages import TextAppended, encode

_SECONDS = 3.0
_REPEATS = 3
_WRITERS = (1, 50)
_DATA = encode(TextAppended(section=0, chunk=" lighthouse", is_complete=False))


@dataclass(frozen=True)
class _Pace:
    entries_per_second: float
    latency: float  # median, seconds


async def run() -> Rows:
    """Each writer appends one entry after another to a run of its own, as fast as it may."""
    rows = []
    for writers in _WRITERS:
        pairs = []
        for _ in range(_REPEATS):
            pairs.append((await _measure(writers, shared=False), await _measure(writers, shared=True)))
        single, group = (_middle([pair[side] for pair in pairs]) for side in (0, 1))
        rows.append(
            Row(
                f"{writers} writer{'s' if writers > 1 else ''}",
                _say(group),
                f"one commit an entry: {_say(single)}",
                group.entries_per_second / single.entries_per_second,
            )
        )
    return rows


def _middle(paces: list[_Pace]) -> _Pace:
    return _Pace(median(pace.entries_per_second for pace in paces), median(pace.latency for pace in paces))


def _say(pace: _Pace) -> str:
    return f"{pace.entries_per_second:,.0f} entries/s, {pace.latency * 1000:.1f} ms each"


async def _measure(writers: int, *, shared: bool) -> _Pace:
    """With `shared` all write to one log, as runs do; else each has a log object of its own on the same
    database, so that no two share a commit."""
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(f"sqlite:///{Path(folder) / 'storywire.db'}")
        await database.migrate()
        repository = RunRepository(database)
        log = SqliteLog(database)
        began = time.perf_counter()
        work = [
            _write(log if shared else SqliteLog(database), repository, began + _SECONDS)
            for _ in range(writers)
        ]
        latencies = [latency for each in await asyncio.gather(*work) for latency in each]
        spent = time.perf_counter() - began
        await database.close()
    return _Pace(len(latencies) / spent, median(latencies))


async def _write(log: SqlLog, repository: RunRepository, until: float) -> list[float]:
    run_id = str(ULID())
    await repository.add(
        NewRun(
            id=run_id,
            owner=Owner("bench"),
            format="story",
            model="openai:gpt-test",
            input={},
            options=RunOptions(),
        )
    )
    epoch, seq, latencies = await log.take_over(run_id), 0, []
    while (began := time.perf_counter()) < until:
        seq += 1
        await log.append(run_id, epoch, [Entry(seq, "content", _DATA)])
        latencies.append(time.perf_counter() - began)
    await log.close()
    return latencies


if __name__ == "__main__":
    show_one(run, "log_append")
