"""A cluster on PostgreSQL: how soon workers take runs that are started together, and how late their tokens reach
readers of the API process, which executes none of them.

`python -m benchmarks.cluster --runs 200 --processes 4` is the whole; by itself it is a small one. After `--seconds` it
ends whatever happens, prints what it has by then, and leaves no process behind.
"""

import argparse
import asyncio
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from benchmarks.many_runs import Story, lateness
from benchmarks.processes import ServiceProcess, cpu_seconds
from benchmarks.readers import Reading, stream_path
from benchmarks.report import Row, Rows, show
from benchmarks.stories import count_tokens, new_theme, prose, start
from benchmarks.workers import Watchdog, WorkerProcesses
from tests.databases import migrated_template
from tests.fakes.process import ProviderProcess, spawn_provider
from tests.fakes.script import Reply, Script
from tests.postgres import postgres_server

_RUNS, _PROCESSES, _SECONDS = 20, 2, 360.0
_PACE, _WORDS = 30, 150
_LEAVE_SECONDS = 60.0
"""Of the seconds it has, so many are for counting, and for ending what was started."""
_LOOK_SECONDS = 0.05
_TAKEN_SECONDS, _LATE_SECONDS = 5.0, 0.5
_TAKEN = "SELECT id FROM runs WHERE process IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Load:
    """Runs at once, the worker processes that execute them, and the seconds that all of it may take."""

    runs: int = _RUNS
    processes: int = _PROCESSES
    seconds: float = _SECONDS

    @property
    def slots(self) -> int:
        """Slots of each process: as many as there are runs, in all, so that none waits for another to end."""
        return -(-self.runs // self.processes)


@dataclass(slots=True)
class Written:
    """A run, and when it was accepted, and taken by a worker (`time.time()`)."""

    theme: str
    accepted: float
    reading: Reading
    taken: float | None = None


@dataclass(slots=True)
class Findings:
    """What was seen so far."""

    began: float = 0.0
    ended: float = 0.0
    runs: dict[str, Written] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    worker_seconds: float = 0.0
    api_seconds: float = 0.0


async def run() -> Rows:
    """A small cluster: twenty runs over two worker processes."""
    return await measure(Load())


async def measure(load: Load) -> Rows:
    """One wave of runs, a reader each. Raises TimeoutError where the processes don't come up in time."""
    found, stack = Findings(), AsyncExitStack()
    cluster = Cluster(stack)

    def report() -> None:
        show([("cluster (ended by its deadline)", make_rows(load, found))])

    deadline = asyncio.get_running_loop().time() + load.seconds - _LEAVE_SECONDS
    with Watchdog(load.seconds, report, cluster.find_processes):
        async with stack:
            async with asyncio.timeout_at(deadline):
                await cluster.open(load)
            cpu = cluster.cpu_seconds()
            with suppress(TimeoutError):  # then it is what there was by then
                async with asyncio.timeout_at(deadline):
                    await _write_all(cluster, load, found)
            found.ended = time.time()
            after = cluster.cpu_seconds()
            found.worker_seconds, found.api_seconds = after[0] - cpu[0], after[1] - cpu[1]
            with suppress(TimeoutError):
                found.calls = await cluster.provider.wait_for_calls(within=_LEAVE_SECONDS / 3)
    return make_rows(load, found)


class Cluster:
    """PostgreSQL, an API process, the workers and the provider, all of them processes."""

    provider: ProviderProcess
    api: ServiceProcess
    workers: WorkerProcesses | None = None
    url: str

    def __init__(self, stack: AsyncExitStack) -> None:
        """All of them end with `stack`."""
        self._stack = stack

    async def open(self, load: Load) -> None:
        """Returns when all are ready, and have loaded what a first run loads."""
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self.url = self._stack.enter_context(postgres_server().database(migrated_template()))
        self.provider = await self._stack.enter_async_context(spawn_provider(prose(words=20)))
        api = ServiceProcess(self.provider.openai_url, folder / "api", database_url=self.url)
        self.api = await self._stack.enter_async_context(api)
        self.workers = WorkerProcesses(
            self.provider.openai_url, folder / "workers", load.processes, load.slots, database_url=self.url
        )
        await self._stack.enter_async_context(self.workers)
        await asyncio.gather(*(_write(self, Findings()) for _ in range(4 * load.processes)))
        await self.provider.forget()
        # Plans are paced too.
        await self.provider.set_script(Script(default=Reply(words=_WORDS, pace=_PACE)))

    def cpu_seconds(self) -> tuple[float, float]:
        """Processor time of the workers, and of the API process."""
        assert self.workers is not None
        return self.workers.cpu_seconds(), cpu_seconds(self.api.pid)

    def find_processes(self) -> list[Any]:
        """Those that may outlive their parent."""
        return [] if self.workers is None else self.workers.find_all()


async def _write_all(cluster: Cluster, load: Load, found: Findings) -> None:
    found.began = time.time()
    watching = asyncio.create_task(_watch_taken(cluster.url, found))
    try:
        writing = (_write(cluster, found) for _ in range(load.runs))
        outcomes = await asyncio.gather(*writing, return_exceptions=True)
        found.failures += [outcome for outcome in outcomes if outcome is not None]
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _write(cluster: Cluster, found: Findings) -> None:
    theme = new_theme()
    run_id = await start(cluster.api.client, theme)
    accepted = time.time()
    reading = await Reading.open(cluster.api.port, stream_path(run_id))
    found.runs[run_id] = Written(theme, accepted, reading)
    while not reading.ended:
        await reading.wait_for_more()


async def _watch_taken(url: str, found: Findings) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while True:
            rows = await (await connection.execute(_TAKEN)).fetchall()
            now = time.time()
            for (run_id,) in rows:
                if (written := found.runs.get(run_id)) is not None and written.taken is None:
                    written.taken = now
            await asyncio.sleep(_LOOK_SECONDS)


def make_rows(load: Load, found: Findings) -> Rows:
    """The findings, as far as there are any."""
    runs = list(found.runs.values())
    stories = [Story(written.theme, written.reading.arrivals()) for written in runs]
    whole = sum(
        bool(story.arrivals) and story.arrivals[-1].message["type"] == "complete" for story in stories
    )
    taken = sorted(written.taken - found.began for written in runs if written.taken is not None)
    late = sorted(delay for story in stories for delay in lateness(story, found.calls)) if found.calls else []
    accepted = sorted(written.accepted - found.began for written in runs)
    return [
        Row(
            f"{load.runs} runs at once, {_PACE} tokens/s each, over {load.processes} worker processes of "
            f"{load.slots} slots",
            f"{whole} of {load.runs} were completed in {found.ended - found.began:.1f} s{_first_failure(found)}",
            "",
        ),
        Row("from the first request until a run is accepted", _spread(accepted), ""),
        _limited(
            "from the first request until a run is taken by a worker", taken, taken[-1:], _TAKEN_SECONDS
        ),
        _limited(
            "a token's way from the provider's schedule to a reader of the API process",
            late,
            late[int(len(late) * 0.99) :][:1],
            _LATE_SECONDS,
        ),
        _processor(load, found),
    ]


def _first_failure(found: Findings) -> str:
    return f"; {len(found.failures)} failed, the first with {found.failures[0]!r}" if found.failures else ""


def _limited(what: str, seconds: list[float], judged: list[float], limit: float) -> Row:
    """A row of times, of which one is judged."""
    words = f"{limit * 1000:.0f} ms" if limit < 1 else f"{limit:.0f} s"
    if not judged:
        return Row(what, _spread(seconds), words)
    [value] = judged
    return Row(what, _spread(seconds), words, value / limit, f"<= {words}", value <= limit)


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    most = seconds[int(len(seconds) * 0.99)]
    return f"median {median(seconds) * 1000:.0f} ms, 99 % {most * 1000:.0f} ms, worst {seconds[-1] * 1000:.0f} ms"


def _processor(load: Load, found: Findings) -> Row:
    wall, tokens = found.ended - found.began, count_tokens(found.calls)
    if wall <= 0 or not tokens:
        return Row("processor", "none", "")
    each = found.worker_seconds / wall / load.processes
    return Row(
        "processor: workers, API process",
        f"{found.worker_seconds / tokens * 1e6:.0f} and {found.api_seconds / tokens * 1e6:.0f} µs a token of prose; "
        f"{each:.0%} of a core each, and {found.api_seconds / wall:.0%}",
        "",
    )


def main() -> None:
    """Measures what the options say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=_RUNS, help="runs at once")
    parser.add_argument("--processes", type=int, default=_PROCESSES, help="worker processes")
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="at most, in all")
    asked = parser.parse_args()
    load = Load(asked.runs, asked.processes, max(asked.seconds, _LEAVE_SECONDS * 2))
    show([("cluster", asyncio.run(measure(load)))])


if __name__ == "__main__":
    main()
