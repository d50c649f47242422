"""Worker: takes runs from the queue and executes them in this process, as many at once as it has slots."""

import asyncio
import time
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, RetryDecision, jobs

from backend.runs.engine.connector import Connector
from backend.runs.engine.heartbeat import HeartbeatLiveness
from backend.runs.engine.inline import InlineEngine
from backend.runs.engine.local_runs import LocalRuns
from backend.runs.engine.queue import TASK
from backend.runs.engine.redelivery import Redelivery
from backend.store.postgres.jobs import QUEUE, JobRepository, due_in
from backend.store.runs.runs import Run, RunRepository
from backend.store.schema.transitions import EXECUTING
from backend.tasks import Background
from backend.telemetry.metrics import Metrics

log = structlog.get_logger()

_LOOK_SECONDS = 1.0
_TRIES = 5
_NEVER_SECONDS = 86400.0
_BEHIND_SECONDS = 3600.0
"""So much later is a run due whose format isn't here: longer than what a run usually waits for."""
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WorkerTools:
    """Dependencies of a worker. `runs` are those that `engine` executes. Runs of other `formats` are handed back:
    another worker may have their package."""

    engine: InlineEngine
    runs: LocalRuns
    repository: RunRepository
    jobs: JobRepository
    liveness: HeartbeatLiveness
    formats: Container[str]
    metrics: Metrics


class Worker:
    """Worker with so many slots. `serve` may be called once.

    What procrastinate doesn't do by itself is done here: it beats also while it drains, takes runs of dead workers
    from them, and outlives the loss of the database.
    """

    def __init__(self, dsn: str, tools: WorkerTools, concurrency: int) -> None:
        self._tools = tools
        self._liveness = tools.liveness
        self._concurrency = concurrency
        self._connector = Connector(dsn, concurrency, self._look_for_stop)
        self._looks = Background()
        self._beat_at = time.monotonic()
        self.is_stopping = False
        """Whether it takes no more runs."""
        tools.liveness.workers = lambda: self._connector.registered
        self._app = App(connector=self._connector)
        self._app.task(name=TASK, queue=QUEUE, retry=_HandBack(), pass_context=True)(self._execute)
        # Its supervision of periodic tasks also notices a worker whose loop died.
        self._app.periodic(cron="17 3 * * *")(self._app.task(name="prune_workers", queue=QUEUE)(self._prune))

    @property
    def process(self) -> str:
        """The id under which it executes runs."""
        return self._liveness.id

    @property
    def active(self) -> int:
        """Number of runs executing here now."""
        return self._tools.engine.active

    @property
    def lease_seconds(self) -> float:
        """Seconds of silence after which others go on with its runs."""
        return self._liveness.lease_seconds

    @property
    def silent_seconds(self) -> float:
        """Seconds since a heartbeat was stored."""
        return time.monotonic() - self._beat_at

    async def serve(self, stop: asyncio.Event, grace: float) -> None:
        """Executes runs until `stop` is set; then sections get `grace` seconds, and what is unfinished is handed
        back."""
        async with self._app.open_async():
            guard = asyncio.create_task(self._guard(), name="guard")
            stopping = asyncio.create_task(stop.wait())
            while not stop.is_set():
                self._connector.start_fetching()
                worker = asyncio.create_task(self._take_jobs(), name="worker")
                await asyncio.wait({worker, stopping}, return_when=asyncio.FIRST_COMPLETED)
                worker.cancel()  # it takes no more jobs, and waits for those that it has
                await self._connector.stop_fetching()
                if stop.is_set():
                    self.is_stopping = True
                    await self._tools.engine.drain(grace)
                await asyncio.wait([worker])
                self._log_end(worker)
                await asyncio.sleep(0 if stop.is_set() else _LOOK_SECONDS)
            for task in (guard, stopping):
                task.cancel()
            await asyncio.wait([guard, stopping])
            await self._looks.close()

    def _look_for_stop(self, run_id: str) -> None:
        """Looks for stop requests at once, and not at the next look; it is the run's row that says."""
        if run_id in self._tools.runs:
            self._looks.do(self._tools.engine.poll_stop_requests, name="stop_requests")

    async def _take_jobs(self) -> None:
        await self._app.run_worker_async(
            queues=[QUEUE],
            install_signal_handlers=False,
            concurrency=self._concurrency,
            update_heartbeat_interval=self._liveness.beat_seconds,
            stalled_worker_timeout=_NEVER_SECONDS,
            fetch_job_polling_interval=_LOOK_SECONDS,
            delete_jobs="always",
        )

    async def _execute(self, context: JobContext, *, run_id: str) -> None:
        del context
        try:
            if not await self._claim(run_id):
                return
            await self._tools.engine.submit(run_id)
            await self._wait_for(run_id)
            run = await self._tools.repository.get(run_id)
            if run is not None and run.status in EXECUTING and run.process in (None, self._liveness.id):
                raise HandedBack(run_id)
        except Exception as error:
            if not isinstance(error, HandedBack):
                log.exception("run_not_executed", run_id=run_id)
                await asyncio.sleep(_LOOK_SECONDS)
            raise

    async def _claim(self, run_id: str) -> bool:
        """Whether the run is this process's now; False where there is nothing to do. Raises HandedBack."""
        for _ in range(_TRIES):
            run = await self._tools.repository.get(run_id)
            if run is None or run.status not in EXECUTING or await self._is_executed(run):
                return False
            if run.format not in self._tools.formats:
                log.warning("format_not_installed", run_id=run_id, format=run.format)
                await asyncio.sleep(_LOOK_SECONDS)
                raise FormatMissing(run_id)
            is_crash = run.process is not None and run.process != self._liveness.id
            if await self._tools.repository.take_over(
                run, self._liveness.id, crash_count=run.crash_count + is_crash
            ):
                if is_crash:
                    self._tools.metrics.on_recovery("crash")
                return True
        raise HandedBack(run_id)

    async def _is_executed(self, run: Run) -> bool:
        if run.process is None:
            return False
        if run.process == self._liveness.id:
            return run.id in self._tools.runs
        return await self._liveness.is_alive(run.process)

    async def _wait_for(self, run_id: str) -> None:
        while tasks := self._tools.runs.tasks(run_id):
            try:
                await asyncio.wait(tasks)
            except asyncio.CancelledError:
                for handle in self._tools.runs.handles(run_id):
                    handle.stop("shutdown")
                await asyncio.wait(tasks)
                raise

    async def _guard(self) -> None:
        """Beats, and looks for runs that nobody executes, and for jobs that this process never heard of."""
        redelivery = Redelivery(self._tools.jobs, self._liveness, self._tools.metrics)
        unheard: dict[str, int] = {}
        while True:
            try:
                await redelivery.beat()
                self._beat_at = time.monotonic()
                unheard = await self._give_back_unheard(unheard)
            except Exception as error:
                log.warning("guard_failed", error=type(error).__name__)
            await asyncio.sleep(self._liveness.beat_seconds)

    async def _give_back_unheard(self, before: dict[str, int]) -> dict[str, int]:
        """Gives back jobs whose answer got lost on the way to us: those that we were given at two looks, and don't
        have. Returns those of this look."""
        given = await self._tools.jobs.own_jobs(self._connector.registered)
        unheard = {run_id: job for run_id, job in given.items() if job not in self._connector.held}
        if lost := [job for run_id, job in unheard.items() if before.get(run_id) == job]:
            await self._tools.jobs.give_back(lost)
        return unheard

    async def _prune(self, timestamp: int) -> None:
        del timestamp
        await self._app.job_manager.prune_stalled_workers(_NEVER_SECONDS)

    def _log_end(self, worker: "asyncio.Task[None]") -> None:
        if not worker.cancelled() and (error := worker.exception()) is not None:
            log.error("worker_stopped", error=type(error).__name__)


class HandedBack(Exception):
    """A run that this process doesn't go on with, and another one shall."""


class FormatMissing(HandedBack):
    """A run whose format's package isn't installed here."""


class _HandBack(BaseRetryStrategy):
    """A job that ends with an error is given out again, at once: now is a matter of this host's clock."""

    def get_retry_decision(self, *, exception: BaseException, job: jobs.Job) -> RetryDecision:
        """The same for every error, since it is the run's row that says whether there is anything left to do. A run of
        another package waits behind those that this worker can execute, or it would be given them again and again."""
        del job
        behind = due_in(_BEHIND_SECONDS, time.time()) if isinstance(exception, FormatMissing) else None
        return RetryDecision(retry_at=_LONG_AGO, priority=behind)
