"""Workers that are frozen until others have their runs, and woken: how long each goes on with what it has lost."""

import asyncio
import time

from tests.acceptance.cluster import LOOK_SECONDS, KillableCluster, KillableWorker
from tests.acceptance.worker_kills import Disturbance, KillTrial
from tests.fakes.provider import FakeProvider


class FreezeTrial(KillTrial):
    """Trial of a cluster, whose workers are frozen past their lease so many times. In `fenced` is how long each attempt
    went on whose worker had lost its run, in seconds since it was woken."""

    def __init__(self, cluster: KillableCluster, provider: FakeProvider, freezes: int) -> None:
        super().__init__(cluster, provider, freezes)
        self.fenced: list[float] = []

    async def _disturb(self, worker: KillableWorker) -> None:
        process = worker.process_id
        assert process is not None
        await worker.freeze()
        lost = await self._runs_of(worker)
        for run_id in lost:
            self._left[run_id] = Disturbance(process, time.monotonic())
        while any(run_id in self._left for run_id in lost):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
        before, woken_at = worker.ended_attempts(), time.monotonic()
        worker.thaw()
        while any(worker.ended_attempts().get(run_id) == before.get(run_id) for run_id in lost):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
        ended = worker.ended_attempts()
        self.fenced += [ended[run_id] - woken_at for run_id in lost]
