"""Runs on workers: how soon many are taken, how late their tokens are, and what a start costs.

`STORYWIRE_MANY_RUNS` and `STORYWIRE_PROCESSES` say how many runs, over how many processes of workers.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.many_runs import lateness, read_story
from benchmarks.processes import ServiceProcess, WorkerProcess, cpu_seconds
from benchmarks.report import Row, Rows, show_one
from benchmarks.stories import new_theme, prose, start
from tests.acceptance.trials import MANY_RUNS
from tests.databases import migrated_template
from tests.fakes.process import ProviderProcess, spawn_provider
from tests.fakes.script import Reply, Script
from tests.postgres import postgres_server

_PROCESSES = int(os.environ.get("STORYWIRE_PROCESSES", "2"))
_PACE, _WORDS = 30, 60
_TAKEN_SECONDS, _LATE_SECONDS = 5.0, 0.5
_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class _Cluster:
    url: str
    api: ServiceProcess
    workers: list[WorkerProcess]

    async def count_taken(self) -> int:
        """Runs that some process has taken."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            found = await connection.execute("SELECT count(*) FROM runs WHERE process IS NOT NULL")
            [count] = await found.fetchone() or [0]
        return int(count)


@asynccontextmanager
async def _cluster(provider_url: str, folder: Path, processes: int) -> AsyncIterator[_Cluster]:
    """One API process, and so many of workers."""
    async with AsyncExitStack() as stack:
        url = stack.enter_context(postgres_server().database(migrated_template()))
        api = ServiceProcess(provider_url, folder / "api", database_url=url)
        workers = [
            WorkerProcess(provider_url, folder / f"worker-{number}", database_url=url)
            for number in range(processes)
        ]
        for process in (api, *workers):
            await stack.enter_async_context(process)
        yield _Cluster(url, api, workers)


async def run() -> Rows:
    """Starts at once, and then runs that are read."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            spawn_provider(prose(words=20)) as provider,
            _cluster(provider.openai_url, Path(folder), _PROCESSES) as cluster,
        ):
            await asyncio.gather(*(read_story(cluster.api) for _ in range(2 * _PROCESSES)))
            return [*await _starts(provider, cluster), *await _tokens(provider, cluster)]


async def _starts(provider: ProviderProcess, cluster: _Cluster) -> Rows:
    """Runs that are started at once, of which the provider says nothing yet."""
    await provider.set_script(Script(default=Reply(hold_after=0)))
    known = await cluster.count_taken()
    processes = [cluster.api, *cluster.workers]
    cpu, began = [cpu_seconds(each.pid) for each in processes], time.monotonic()
    run_ids = asyncio.gather(*(start(cluster.api.client, new_theme()) for _ in range(MANY_RUNS)))
    accepting = asyncio.ensure_future(_clock(run_ids, began))
    while await cluster.count_taken() - known < MANY_RUNS:  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_SECONDS)
    taken = time.monotonic() - began
    accepted = await accepting
    spent = [cpu_seconds(each.pid) - before for each, before in zip(processes, cpu, strict=True)]
    for run_id in await run_ids:
        await cluster.api.client.http.post(f"/api/v1/runs/{run_id}/cancel")
    return [
        Row(
            f"{MANY_RUNS} runs started at once, over {_PROCESSES} worker processes: until all were taken",
            f"{taken:.1f} s; all accepted after {accepted:.1f} s",
            f"{_TAKEN_SECONDS:.0f} s",
            taken / _TAKEN_SECONDS,
            f"<= {_TAKEN_SECONDS:.0f} s",
            taken <= _TAKEN_SECONDS,
        ),
        Row(
            "processor until then, a run",
            f"service {spent[0] / MANY_RUNS * 1000:.1f} ms, workers {sum(spent[1:]) / MANY_RUNS * 1000:.1f} ms",
            "",
        ),
    ]


async def _clock(work: "asyncio.Future[list[str]]", began: float) -> float:
    await asyncio.wait([work])
    return time.monotonic() - began


async def _tokens(provider: ProviderProcess, cluster: _Cluster) -> Rows:
    """Runs at a reading pace, each read in the API process."""
    await provider.set_script(Script(default=Reply(words=_WORDS, pace=_PACE)))
    known = len(await provider.calls())
    stories = await asyncio.gather(*(read_story(cluster.api) for _ in range(MANY_RUNS)))
    calls = (await provider.calls())[known:]
    late = sorted(delay for story in stories for delay in lateness(story, calls))
    most = late[int(len(late) * 0.99)]
    return [
        Row(
            f"{MANY_RUNS} runs at {_PACE} tokens/s: a token's way from the provider's schedule to the reader",
            f"median {median(late) * 1000:.0f} ms, 99 % {most * 1000:.0f} ms, worst {late[-1] * 1000:.0f} ms",
            f"{_LATE_SECONDS * 1000:.0f} ms",
            most / _LATE_SECONDS,
            f"<= {_LATE_SECONDS * 1000:.0f} ms",
            most <= _LATE_SECONDS,
        )
    ]


if __name__ == "__main__":
    show_one(run, "cluster")
