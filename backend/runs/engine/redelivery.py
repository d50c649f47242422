"""Redelivery of runs whose workers are dead, by every process that outlives them."""

import asyncio
from typing import Protocol

import structlog

from backend.runs.engine.heartbeat import HeartbeatLiveness
from backend.telemetry.metrics import Metrics

log = structlog.get_logger()


class Jobs(Protocol):
    """The queue's jobs, as far as the redelivery depends on them."""

    async def redeliver(self) -> list[str]:
        """Queues again the runs that nobody executes, and returns them."""


class Redelivery:
    """Guard over the runs of all workers. It looks with each heartbeat of its own process: after a loss of the database
    only when the others have had the time to beat."""

    def __init__(self, jobs: Jobs, liveness: HeartbeatLiveness, metrics: Metrics) -> None:
        self._jobs = jobs
        self._liveness = liveness
        self._metrics = metrics
        self._healthy_since: float | None = None

    async def beat(self) -> None:
        """Declares that this process is alive, and queues again what nobody executes."""
        loop = asyncio.get_running_loop()
        try:
            await self._liveness.beat()
            self._healthy_since = self._healthy_since or loop.time()
            if loop.time() - self._healthy_since > self._liveness.lease_seconds + self._liveness.beat_seconds:
                await self._redeliver()
        except BaseException:
            self._healthy_since = None
            raise

    async def _redeliver(self) -> None:
        run_ids = await self._jobs.redeliver()
        self._metrics.on_redelivery(len(run_ids))
        for run_id in run_ids:
            log.warning("run_redelivered", run_id=run_id)
