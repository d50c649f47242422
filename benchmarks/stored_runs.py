"""Ten thousand finished runs in the data folder: what they cost a start, a list of runs, and the process's memory."""

import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ulid import ULID

from benchmarks.processes import ServiceProcess, cpu_seconds, memory_bytes
from benchmarks.readers import Reading, stream_path
from benchmarks.report import Row, Rows, show_one
from benchmarks.stories import new_theme, prose, start
from tests.fakes.process import spawn_provider

_RUNS = 10_000
_LISTS = 50
_TARGET = 1.5
_OF_A_RUN = {
    "storywire.db": {
        "runs": "id",
        "log_heads": "run_id",
        "log_entries": "run_id",
        "usage": "run_id",
        "quota_charges": "run_id",
    },
    "checkpoints.db": {"checkpoints": "thread_id", "checkpoint_blobs": "thread_id"},
}
"""The tables that a finished run has rows in, and the column of its id, by file."""


@dataclass(frozen=True, slots=True)
class _Costs:
    """Seconds of a start, and of processor time in it; bytes; milliseconds of processor time of a list."""

    start: float
    start_cpu: float
    memory: int
    short: float
    long: float


async def run() -> Rows:
    """The same process with one run stored, and with ten thousand."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        async with spawn_provider(prose(words=100)) as provider:
            async with ServiceProcess(provider.openai_url, folder, judge="off") as service:
                run_id = await start(service.client, new_theme())
                await (await Reading.open(service.port, stream_path(run_id))).read()
                await service.stop()  # what the run ended with is stored
            one = await _measure(provider.openai_url, folder)
            _multiply(folder, run_id)
            size = sum(each.stat().st_size for each in folder.iterdir() if each.suffix == ".db")
            many = await _measure(provider.openai_url, folder)
    return [
        _row("start to the first answer", "s", many.start, one.start),
        _row("processor time of a start", "s", many.start_cpu, one.start_cpu),
        _row(f"memory ({size / 1e6:.0f} MB of files)", "MB", many.memory / 1e6, one.memory / 1e6),
        _row("list of 20, processor time", "ms", many.short, one.short, target=None),
        _row("list of 100, processor time", "ms", many.long, one.long, target=None),
    ]


def _row(what: str, unit: str, value: float, baseline: float, target: float | None = _TARGET) -> Row:
    ratio = value / baseline
    limit, met = ("", None) if target is None else (f"≤ {target}", ratio <= target)
    return Row(what, f"{value:.2f} {unit}", f"{baseline:.2f} {unit} with one run stored", ratio, limit, met)


async def _measure(provider_url: str, folder: Path) -> _Costs:
    began = time.perf_counter()
    async with ServiceProcess(provider_url, folder, judge="off") as service:
        seconds, cpu = time.perf_counter() - began, cpu_seconds(service.pid)
        short, long = [await _list_often(service, limit) for limit in (20, 100)]
        costs = _Costs(seconds, cpu, memory_bytes(service.pid), short, long)
        await service.stop()
    return costs


async def _list_often(service: ServiceProcess, limit: int) -> float:
    """Milliseconds of processor time of one list."""
    before = cpu_seconds(service.pid)
    for _ in range(_LISTS):
        (await service.client.http.get("/api/v1/runs", params={"limit": limit})).raise_for_status()
    return (cpu_seconds(service.pid) - before) / _LISTS * 1000


def _multiply(folder: Path, run_id: str) -> None:
    """Copies all rows of the run, until there are so many of it. Nobody may be serving them."""
    # In the order of their keys, so that a page is written once.
    ids = sorted(str(ULID()) for _ in range(_RUNS - 1))
    for file, tables in _OF_A_RUN.items():
        with closing(sqlite3.connect(folder / file)) as connection:
            connection.execute("PRAGMA synchronous=OFF")  # a file to measure with
            connection.execute("CREATE TEMP TABLE copies (id TEXT PRIMARY KEY)")
            connection.executemany("INSERT INTO copies VALUES (?)", [(id,) for id in ids])
            for table, column in tables.items():
                names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
                values = ", ".join("copies.id" if name == column else f"one.{name}" for name in names)
                # CROSS JOIN: SQLite keeps to this order.
                connection.execute(
                    f"INSERT INTO {table} SELECT {values} FROM copies CROSS JOIN {table} AS one"
                    f" WHERE one.{column} = ? ORDER BY copies.id",
                    (run_id,),
                )
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


if __name__ == "__main__":
    show_one(run, "stored_runs")
