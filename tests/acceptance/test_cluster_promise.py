"""The promise as a property, on a cluster: whatever is done to its processes and readers, the text is right."""

import asyncio
import math
import random
import time
from pathlib import Path
from typing import Self

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.acceptance.cluster import KillableCluster, KillableWorker
from tests.acceptance.killable import KillableService
from tests.acceptance.test_promise import Promise, Run, try_promise
from tests.acceptance.trials import CLUSTER_EXAMPLES, COUNTS, WORKER_KILLS
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.service import CALLS, Told

_RECOVERY_SECONDS = 15.0
_WENT_ON = "SELECT 1 FROM runs WHERE id = %s AND (status <> 'running' OR process <> %s)"


class _Apis(KillableService):
    """The API processes of a cluster as one service: the one that is spoken to changes when it ends."""

    def __init__(self, cluster: KillableCluster) -> None:
        self.cluster = cluster
        self._at = 0

    async def start(self, crash_at: str | None = None) -> Self:
        """Starts what isn't running, and speaks to another one from now on."""
        del crash_at
        if not self.cluster.apis:
            await self.cluster.__aenter__()
        for process in (*self.cluster.apis, *self.cluster.workers):
            if not process.is_alive:
                await process.start()
        self._at = (self._at + 1) % len(self.cluster.apis)
        self.client, self.port = self._one.client, self._one.port
        return self

    async def kill(self) -> None:
        """SIGKILL to the one that is spoken to."""
        await self._one.kill()

    async def terminate(self) -> int | None:
        """SIGTERM to it."""
        return await self._one.terminate()

    @property
    def is_alive(self) -> bool:
        """Whether the one that is spoken to runs."""
        return self._one.is_alive

    @property
    def _one(self) -> KillableService:
        return self.cluster.apis[self._at]


class ClusterPromise(Promise):
    """A cluster under disturbance."""

    def _open_service(self) -> KillableService:
        self.cluster = KillableCluster(self._provider.openai_url, self._folder, slow_reader_seconds=5)
        return _Apis(self.cluster)

    @rule(
        run=Promise.runs,
        messages=st.integers(0, 25),
        worker=st.integers(0, 1),
        how=st.sampled_from(["kill", "kill", "stop", "freeze", "cut off"]),
    )
    def disturb_a_worker(self, run: Run, messages: int, worker: int, how: str) -> None:
        """While somebody reads, a worker dies, is asked to stop, hangs for a while, or loses the network."""
        self._up()
        self._do(self._read(run, 0, messages))
        self._do(self._disturb(self.cluster.workers[worker], how))
        for started in self._started:
            started.disturbances += 1
        COUNTS[f"workers: {how}"] += 1

    async def _disturb(self, worker: KillableWorker, how: str) -> None:
        if not worker.is_alive:
            await worker.start()
        elif how == "kill":
            await worker.kill()
        elif how == "stop":
            assert await worker.terminate() == 0
        elif how == "freeze":
            worker.freeze()
            await asyncio.sleep(random.choice((1.0, 13.0)))
            worker.thaw()
        else:
            proxy = self.cluster.proxies[worker]
            proxy.freeze()
            await asyncio.sleep(random.choice((1.0, 13.0)))
            proxy.thaw()

    def teardown(self) -> None:
        """Every run comes to its end, and everybody was told the same."""
        try:
            self._do(self._service.start())
            for run in self._started:
                self._do(self._finish(run))
        finally:
            self._do(self.cluster.__aexit__())
            self._close()


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_text_is_right_whatever_is_done_to_the_processes_of_a_cluster_and_its_readers() -> None:
    try_promise(ClusterPromise, CLUSTER_EXAMPLES, steps=8)


@pytest.mark.soak
@pytest.mark.timeout(0)
async def test_kills_of_workers_at_random_moments_lose_and_repeat_nothing(
    provider: FakeProvider, tmp_path: Path
) -> None:
    chance = random.Random(20261126)
    provider.script = Script(default=Reply(pace=60))
    took: list[float] = []
    async with KillableCluster(provider.openai_url, tmp_path) as cluster:
        while len(took) < WORKER_KILLS:
            parallel, kills = chance.choice((1, 2, 4)), 0
            bought_before = len(provider.generations)
            run_id = await cluster.apis[0].client.start(parallel=parallel)
            told = Told()
            while told.ending is None:
                wanted = chance.randint(1, 60) if len(took) < WORKER_KILLS else None
                if (killed := await read_and_kill(cluster, run_id, told, wanted)) is not None:
                    took.append(killed)
                    kills += 1
            late = await cluster.apis[1].client.read(run_id)
            bought = len(provider.generations) - bought_before
            assert told.ending["type"] == "complete"
            assert told.text == late.text == told.ending["story_content"]
            assert CALLS <= bought <= CALLS + kills * parallel
            COUNTS["runs"] += 1
    took.sort()
    # Of the machine that is measured here, others have a share.
    assert took[int(len(took) * 0.99)] <= 2 * _RECOVERY_SECONDS, took
    COUNTS["seconds until a killed worker's run went on, at most"] = math.ceil(took[-1])
    COUNTS["worker kills"] += len(took)


async def read_and_kill(
    cluster: KillableCluster, run_id: str, told: Told, kill_after: int | None
) -> float | None:
    """Reads on; kills the worker after so many messages, and starts it again. Returns the seconds until another one
    had the run."""
    seen = 0
    try:
        async for frame in cluster.apis[seen % 2].client.frames(run_id, told.last_seq):
            told.take(frame)
            seen += 1
            if seen == kill_after and told.ending is None:
                worker = await cluster.worker_of(run_id)
                before, began = worker.process_id, time.monotonic()
                await worker.kill()
                await worker.start()
                await cluster.wait_until(_WENT_ON, run_id, before)
                return time.monotonic() - began
    except httpx.TransportError:
        pass
    return None
