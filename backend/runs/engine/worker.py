"""Worker: takes runs from the queue and executes them in this process, as many at once as it has slots."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Container, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import structlog
from procrastinate import (
    App,
    BaseRetryStrategy,
    JobContext,
    PsycopgConnector,
    RetryDecision,
    exceptions,
    jobs,
    sql,
)

from backend.runs.engine.heartbeat import BEAT_SECONDS, HeartbeatLiveness
from backend.runs.engine.inline import InlineEngine
from backend.runs.engine.local_runs import LocalRuns
from backend.runs.engine.queue import TASK
from backend.store.jobs import QUEUE, JobRepository
from backend.store.postgres import CONNECT_SECONDS
from backend.store.runs import Run, RunRepository
from backend.store.transitions import EXECUTING
from backend.telemetry.metrics import Metrics

log = structlog.get_logger()

_LEASE_SECONDS = 10.0
_LOOK_SECONDS = 1.0
_POOL_SECONDS = 300.0
_TRIES = 5
_NEVER_SECONDS = 86400.0
_CONNECTIONS = 3
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
        self._workers: dict[str, int] = {}  # by run, of which this process has the job
        self._connector = _Connector(
            conninfo=dsn,
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_POOL_SECONDS,
            reconnect_timeout=_LOOK_SECONDS * 2,
            kwargs={"connect_timeout": CONNECT_SECONDS},
        )
        tools.liveness.workers = self._own_workers
        self._app = App(connector=self._connector)
        self._app.task(name=TASK, queue=QUEUE, retry=_HandBack(), pass_context=True)(self._execute)
        # Its supervision of periodic tasks also notices a worker whose loop died.
        self._app.periodic(cron="17 3 * * *")(self._app.task(name="prune_workers", queue=QUEUE)(self._prune))

    @property
    def metrics(self) -> Metrics:
        """What is counted here."""
        return self._tools.metrics

    @property
    def process(self) -> str:
        """The id under which it executes runs."""
        return self._liveness.id

    def _own_workers(self) -> Iterable[int]:
        return frozenset(self._workers.values()) | self._connector.registered

    async def serve(self, stop: asyncio.Event, grace: float) -> None:
        """Executes runs until `stop` is set; then sections get `grace` seconds, and what is unfinished is handed
        back."""
        async with self._app.open_async():
            guard = asyncio.create_task(self._guard(), name="guard")
            stopping = asyncio.create_task(stop.wait())
            while not stop.is_set():
                worker = asyncio.create_task(self._take_jobs(), name="worker")
                await asyncio.wait({worker, stopping}, return_when=asyncio.FIRST_COMPLETED)
                worker.cancel()  # it takes no more jobs, and waits for those that it has
                if stop.is_set():
                    await self._tools.engine.drain(grace)
                await asyncio.wait([worker])
                self._log_end(worker)
                await asyncio.sleep(0 if stop.is_set() else _LOOK_SECONDS)
            for task in (guard, stopping):
                task.cancel()
            await asyncio.wait([guard, stopping])

    async def _take_jobs(self) -> None:
        await self._app.run_worker_async(
            queues=[QUEUE],
            install_signal_handlers=False,
            concurrency=self._concurrency,
            update_heartbeat_interval=BEAT_SECONDS,
            stalled_worker_timeout=_NEVER_SECONDS,
            fetch_job_polling_interval=_LOOK_SECONDS,
            delete_jobs="always",
        )

    async def _execute(self, context: JobContext, *, run_id: str) -> None:
        if (worker := context.job.worker_id) is not None:
            self._workers[run_id] = worker
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
        finally:
            self._workers.pop(run_id, None)

    async def _claim(self, run_id: str) -> bool:
        """Whether the run is this process's now; False where there is nothing to do. Raises HandedBack."""
        for _ in range(_TRIES):
            run = await self._tools.repository.get(run_id)
            if run is None or run.status not in EXECUTING or await self._is_executed(run):
                return False
            if run.format not in self._tools.formats:
                log.warning("format_not_installed", run_id=run_id, format=run.format)
                await asyncio.sleep(_LOOK_SECONDS)
                break
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
        """Beats, and looks for runs that nobody executes: after a loss of the database only when the others have had
        the time to beat."""
        healthy_since: float | None = None
        unheard: dict[str, int] = {}
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self._liveness.beat()
                unheard = await self._give_back_unheard(unheard)
                healthy_since = healthy_since or loop.time()
                if loop.time() - healthy_since > _LEASE_SECONDS + BEAT_SECONDS:
                    await self._redeliver()
            except Exception as error:
                healthy_since = None
                log.warning("guard_failed", error=type(error).__name__)
            await asyncio.sleep(BEAT_SECONDS)

    async def _redeliver(self) -> None:
        run_ids = await self._tools.jobs.redeliver()
        self._tools.metrics.on_redelivery(len(run_ids))
        for run_id in run_ids:
            log.warning("run_redelivered", run_id=run_id)

    async def _give_back_unheard(self, before: dict[str, int]) -> dict[str, int]:
        """Gives back jobs whose answer got lost on the way to us: those that we were given at two looks, and don't
        have. Returns those of this look."""
        given = await self._tools.jobs.own_jobs(self._connector.registered)
        unheard = {run_id: job for run_id, job in given.items() if run_id not in self._workers}
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


class _HandBack(BaseRetryStrategy):
    """A job that ends with an error is given out again, at once: now is a matter of this host's clock."""

    def get_retry_decision(self, *, exception: BaseException, job: jobs.Job) -> RetryDecision:
        """The same for every error: it is the run's row that says whether there is anything left to do."""
        del exception, job
        return RetryDecision(retry_at=_LONG_AGO)


class _Connector(PsycopgConnector):
    """procrastinate's connector, which waits for a database that is away: by itself a worker would stop, and take
    no runs until those that it has are done.

    `registered`: the workers that this process has been; procrastinate makes a new one when it begins anew.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.registered: set[int] = set()

    async def listen_notify(self, on_notification: Any, channels: Iterable[str]) -> None:
        """As procrastinate's, again and again."""
        while True:
            with contextlib.suppress(exceptions.ConnectorException, psycopg.Error, OSError):
                await super().listen_notify(on_notification, channels)
            await asyncio.sleep(_LOOK_SECONDS)

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        """As procrastinate's."""
        execute = super().execute_query_async
        try:
            await _persist(lambda: execute(query, **arguments))
        except exceptions.ConnectorException as error:
            is_end = query in (sql.queries["finish_job"], sql.queries["retry_job"])
            if not is_end or not isinstance(error.__cause__, psycopg.errors.RaiseException):
                raise
            log.info("job_is_gone", job_id=arguments.get("job_id"))  # this process was taken for dead

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        """As procrastinate's."""
        execute = super().execute_query_one_async
        row: dict[str, Any] = await _persist(lambda: execute(query, **arguments))
        if query == sql.queries["register_worker"]:
            self.registered.add(row["worker_id"])
        return row

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        """As procrastinate's."""
        execute = super().execute_query_all_async
        rows: list[dict[str, Any]] = await _persist(lambda: execute(query, **arguments))
        return rows


async def _persist(work: Callable[[], Awaitable[Any]]) -> Any:
    while True:
        try:
            return await work()
        except exceptions.ConnectorException as error:
            if not isinstance(error.__cause__, psycopg.OperationalError | psycopg.InterfaceError):
                raise
        await asyncio.sleep(_LOOK_SECONDS)
