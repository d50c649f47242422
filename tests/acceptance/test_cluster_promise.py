"""The promise as a property, on a cluster: whatever is done to its processes and readers, the text is right."""

import asyncio
import math
import random
from pathlib import Path
from typing import Self

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.acceptance.cluster import KillableCluster, KillableWorker
from tests.acceptance.killable import KillableService
from tests.acceptance.test_promise import Promise, Run, try_promise
from tests.acceptance.trials import CLUSTER_EXAMPLES, COUNTS, WORKER_FREEZES, WORKER_KILLS
from tests.acceptance.worker_freezes import FreezeTrial
from tests.acceptance.worker_kills import WORKERS, KillTrial, paced_script
from tests.fakes.provider import FakeProvider
from tests.service import CALLS

_RECOVERY_SECONDS = 15.0
_FENCED_SECONDS = 2.0


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
            await worker.freeze()
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
    provider.script = paced_script()
    async with KillableCluster(provider.openai_url, tmp_path, workers=WORKERS) as cluster:
        trial = KillTrial(cluster, provider, WORKER_KILLS)
        await trial.run()
    outcome, took = trial.outcome, sorted(trial.outcome.recoveries)
    assert outcome.lost == outcome.repeated == 0
    assert CALLS * outcome.runs <= outcome.bought <= outcome.may_buy
    assert outcome.kills == WORKER_KILLS and took
    # Of the machine that is measured here, others have a share.
    assert took[int(len(took) * 0.99)] <= 2 * _RECOVERY_SECONDS, took
    COUNTS["runs"] += outcome.runs
    COUNTS["seconds until a killed worker's run went on, at most"] = math.ceil(took[-1])
    COUNTS["worker kills"] += outcome.kills


@pytest.mark.soak
@pytest.mark.timeout(0)
async def test_workers_that_were_frozen_past_their_lease_give_their_runs_up_as_soon_as_they_wake(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = paced_script()
    async with KillableCluster(provider.openai_url, tmp_path, workers=3, lease_seconds=4) as cluster:
        trial = FreezeTrial(cluster, provider, WORKER_FREEZES)
        await trial.run()
    outcome, took = trial.outcome, sorted(trial.fenced)
    assert outcome.lost == outcome.repeated == 0
    assert outcome.kills == WORKER_FREEZES and took
    assert took[int(len(took) * 0.99)] <= _FENCED_SECONDS, took
    COUNTS["worker freezes"] += outcome.kills
