"""Kills of workers at random moments, one after another, while the others write and readers read."""

import asyncio
import difflib
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from tests.acceptance.cluster import LOOK_SECONDS, KillableCluster, KillableWorker
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.service import CALLS, STORY, Client, Told

_PAUSES = 2.0, 6.0
"""Seconds between a worker's start and the next kill."""
_RUNS_AT_ONCE = 6
WORKERS = 6
_STARTS = 3
_OF_WORKER = "SELECT id FROM runs WHERE process = %s AND status = 'running'"
_OWNERS = "SELECT id, status, process FROM runs WHERE id = ANY (%s)"


@dataclass(slots=True)
class Outcome:
    """What became of the runs, in bytes of text as readers have it, and how long each was left alone, in seconds:
    until another worker had it, and until its reader had the next message."""

    kills: int = 0
    runs: int = 0
    lost: int = 0
    repeated: int = 0
    bought: int = 0
    may_buy: int = 0
    recoveries: list[float] = field(default_factory=list)
    resumptions: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Disturbance:
    """When a process was killed, or frozen."""

    process: str
    at: float


class KillTrial:
    """Trial of a cluster, whose workers are killed so many times. `outcome` has what was seen so far."""

    def __init__(
        self, cluster: KillableCluster, provider: FakeProvider, kills: int, seed: int = 20261126
    ) -> None:
        self._cluster = cluster
        self._provider = provider
        self._kills = kills
        self._chance = random.Random(seed)
        self._left: dict[str, Disturbance] = {}  # runs whose worker is dead
        self._went_on: dict[str, Disturbance] = {}  # runs whose reader hasn't heard of it yet
        self._parallel: dict[str, int] = {}
        self.outcome = Outcome()

    async def run(self) -> None:
        """Returns when the last run that was disturbed is complete. Raises AssertionError for one that isn't."""
        before = len(self._provider.generations)
        watching = asyncio.create_task(self._watch())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._disturb_workers())
                for _ in range(_RUNS_AT_ONCE):
                    group.create_task(self._write_runs())
        finally:
            watching.cancel()
            await asyncio.wait([watching])
            self.outcome.bought = len(self._provider.generations) - before

    async def _disturb_workers(self) -> None:
        while self.outcome.kills < self._kills:
            while any(worker.process_id is None for worker in self._cluster.workers):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)  # the one that was killed last is there again
            await asyncio.sleep(self._chance.uniform(*_PAUSES))
            busy = [worker for worker in self._cluster.workers if await self._runs_of(worker)]
            if busy:
                await self._disturb(self._chance.choice(busy))
                self.outcome.kills += 1

    async def _disturb(self, worker: KillableWorker) -> None:
        process = worker.process_id
        assert process is not None
        await worker.kill()
        kill = Disturbance(process, time.monotonic())
        for run_id in await self._runs_of(worker):
            self._left[run_id] = kill
        await worker.start()

    async def _runs_of(self, worker: KillableWorker) -> list[str]:
        return [run_id for (run_id,) in await self._cluster.fetch(_OF_WORKER, worker.process_id)]

    async def _watch(self) -> None:
        """Sees who has the runs whose workers are dead."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._left:
                continue
            for run_id, status, process in await self._cluster.fetch(_OWNERS, list(self._left)):
                kill = self._left.get(run_id)
                if kill is not None and (status != "running" or process != kill.process):
                    del self._left[run_id]
                    self.outcome.recoveries.append(time.monotonic() - kill.at)
                    self.outcome.may_buy += self._parallel[run_id]
                    self._went_on[run_id] = kill

    async def _write_runs(self) -> None:
        while self.outcome.kills < self._kills:
            await self._write_run()

    async def _write_run(self) -> None:
        here, there = self._chance.sample(self._cluster.apis, 2)
        parallel = self._chance.choice((1, 2, 4))
        run_id = await _start(here.client, parallel)
        self._parallel[run_id] = parallel
        told = Told()
        async for frame in there.client.frames(run_id):
            told.take(frame)
            if (kill := self._went_on.pop(run_id, None)) is not None:
                self.outcome.resumptions.append(time.monotonic() - kill.at)
        late = await here.client.read(run_id)
        assert told.ending is not None and told.ending["type"] == "complete", told.ending
        for reader in (told, late):
            self._compare(reader.text, told.ending["story_content"])
        self.outcome.runs += 1
        self.outcome.may_buy += CALLS

    def _compare(self, read: str, written: str) -> None:
        if read == written:
            return
        blocks = difflib.SequenceMatcher(None, read, written, autojunk=False).get_matching_blocks()
        same = sum(block.size for block in blocks)
        self.outcome.lost += len(written) - same
        self.outcome.repeated += len(read) - same


async def _start(client: Client, parallel: int) -> str:
    """The run id of a story, started as clients do: a request whose connection breaks is made again, with its key. A
    connection that is kept alive may be closed just when it is used."""
    body = {"format": "story", "input": STORY, "options": {"parallel": parallel}}
    headers = {"Idempotency-Key": uuid4().hex}
    for _ in range(_STARTS):
        with suppress(httpx.ReadError, httpx.RemoteProtocolError):
            reply = await client.http.post("/api/v1/runs", json=body, headers=headers)
            assert reply.status_code in (200, 201), reply.text
            return str(reply.json()["run_id"])
    raise AssertionError(f"{_STARTS} connections broke at a start")


def paced_script() -> Script:
    """Everything is answered at twice a reading pace."""
    return Script(default=Reply(pace=60))
