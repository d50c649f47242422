"""Readiness of this process to start a run, or to execute one, for load balancers and supervisors."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog

from backend.runs.engine.base import Engine
from workflows.errors import StorywireError
from workflows.models.clients.catalog import ModelCatalog

log = structlog.get_logger()

_PATIENCE_SECONDS = 3.0


class QueueCounts(Protocol):
    """Numbers of a queue: runs that wait, seconds that the first of them has waited, workers, and their slots."""

    @property
    def queued(self) -> int:
        """Runs that wait."""

    @property
    def oldest_seconds(self) -> float:
        """Seconds that the first of them has waited."""

    @property
    def workers(self) -> int:
        """Worker processes that are alive."""

    @property
    def slots(self) -> int:
        """Runs that they execute at once, in all."""


class Readiness:
    """Readiness checks. `stores` are the checks of writable stores, by what they hold: each is called with
    `busy_seconds`, and raises when its store can't be written within that time. `look_at_queue` where runs wait in
    one.

    A check syncs the disk, and anybody may ask: so its outcome counts for `remember_seconds`.
    """

    def __init__(
        self,
        engine: Engine,
        models: ModelCatalog,
        stores: Mapping[str, Callable[[float], Awaitable[None]]],
        *,
        look_at_queue: Callable[[], Awaitable[QueueCounts]] | None = None,
        remember_seconds: float = 1.0,
        busy_seconds: float = 1.0,
    ) -> None:
        self._engine = engine
        self._models = models
        self._stores = stores
        self._look_at_queue = look_at_queue
        self.queue: QueueCounts | None = None
        """What waited when `reason` was last asked for, and for whom; None where that isn't known."""
        self._remember_seconds = remember_seconds
        self._busy_seconds = busy_seconds
        self._probe: asyncio.Task[str | None] | None = None
        self._probed = 0.0

    async def reason(self) -> str | None:
        """The reason why no run can be started, in words; None if one can."""
        if self._engine.closed:
            return "the service is stopping"
        try:
            self._models.resolve(None)
        except StorywireError as error:
            return f"no model to write with: {error.message}"
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                unwritable = await asyncio.shield(self._probe_stores())
        except TimeoutError:
            where = "disk" if self._look_at_queue is None else "database"
            unwritable, self.queue = f"the {where} does not answer", None
        if unwritable is None and not self._engine.accepts:
            return "no room for another run"
        return unwritable

    def _probe_stores(self) -> asyncio.Task[str | None]:
        """Checks the stores, one probe at a time for all callers."""
        probe = self._probe
        if probe is None or (probe.done() and time.monotonic() - self._probed > self._remember_seconds):
            probe = self._probe = asyncio.create_task(self._find_unwritable(), name="readiness")
        return probe

    async def _find_unwritable(self) -> str | None:
        found = None
        for what, check_writable in self._stores.items():
            try:
                await check_writable(self._busy_seconds)
            except Exception as error:
                log.warning("not_writable", what=what, error=str(error))
                found = found or f"the {what} can't be written"
        await self._measure_queue(is_reachable=found is None)
        self._probed = time.monotonic()
        return found

    async def _measure_queue(self, *, is_reachable: bool) -> None:
        self.queue = None
        if self._look_at_queue is None or not is_reachable:
            return
        try:
            self.queue = await self._look_at_queue()
        except Exception as error:
            log.warning("queue_not_measured", error=str(error))


class TakesRuns(Protocol):
    """Worker, as far as its readiness depends on it."""

    @property
    def is_stopping(self) -> bool:
        """Whether it takes no more runs."""

    @property
    def silent_seconds(self) -> float:
        """Seconds since a heartbeat of its was stored."""

    @property
    def lease_seconds(self) -> float:
        """Seconds of silence after which others go on with its runs."""


class WorkerReadiness:
    """Readiness of a worker to execute runs. One whose slots are all taken is ready: it does what it is for."""

    def __init__(self, worker: TakesRuns, process: Readiness) -> None:
        """`process`: the checks of what every process needs."""
        self._worker = worker
        self._process = process

    async def reason(self) -> str | None:
        """The reason why no run can be executed, in words; None if one can."""
        if self._worker.is_stopping:
            return "the worker is stopping"
        if (silent := self._worker.silent_seconds) > self._worker.lease_seconds:
            return f"no heartbeat could be stored for {silent:.0f} seconds, so other workers take its runs"
        return await self._process.reason()
