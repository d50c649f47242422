"""Engine that executes runs as asyncio tasks of this process."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import structlog

from backend.log.base import LogOpening
from backend.runs.attempt.executor import Executor
from backend.runs.attempt.handle import RunHandle
from backend.runs.engine.cancellation import RunCanceller
from backend.runs.engine.liveness import Liveness
from backend.runs.engine.local_runs import LocalRuns, wait_until_stored
from backend.runs.readers.audience import Audience
from backend.store.runs.runs import Run, RunRepository
from backend.store.schema.transitions import EXECUTING
from backend.store.sql.patience import take_time, while_patient
from backend.telemetry.metrics import Metrics
from workflows.errors import Overloaded

log = structlog.get_logger()

POLL_EVERY_SECONDS = 0.3
"""How often a process asks whether one of its runs has a stop request."""
_STOP_SECONDS = 10.0
"""How long a request waits for the end of an attempt, which ends when its last message is in the log."""


class InlineEngine:
    """Engine whose runs are asyncio tasks, `max_runs` at most; nothing queues."""

    def __init__(
        self,
        executor: Executor,
        repository: RunRepository,
        liveness: Liveness,
        *,
        runs: LocalRuns,
        audience: Audience,
        metrics: Metrics,
        max_runs: int,
    ) -> None:
        self._executor = executor
        self._repository = repository
        self._process = liveness.id
        self._runs = runs
        self._audience = audience
        self._metrics = metrics
        self._max_runs = max_runs
        self._canceller = RunCanceller(repository, liveness, self)
        self._closed = False
        self._draining = False
        self._reserved = 0

    @property
    def process(self) -> str:
        """The process that executes runs submitted here."""
        return self._process

    @property
    def accepts(self) -> bool:
        """Whether there is room for one more run."""
        return not self._closed and len(self._runs) + self._reserved < self._max_runs

    @property
    def closed(self) -> bool:
        """Whether runs are refused because the process is about to end."""
        return self._closed

    @property
    def active(self) -> int:
        """Number of runs executing here now."""
        return len(self._runs)

    @contextmanager
    def reserve_slot(self) -> Iterator[None]:
        """Reserves room for a run that is about to be stored and submitted. Raises Overloaded."""
        if not self.accepts:
            self._metrics.on_refusal()
            if self._closed:
                raise Overloaded("The service is stopping; try again in a few seconds.")
            raise Overloaded("As many runs as may are going on already; try again in a few seconds.")
        self._reserved += 1
        try:
            yield
        finally:
            self._reserved -= 1

    async def submit(self, run_id: str) -> None:
        """Starts the execution of the run, if it is stored as running and assigned to this process. Does nothing for a
        run that was submitted before and is still executing."""
        if not self._runs.is_executing(run_id):
            self._start(run_id, partial(self._execute_stored, run_id))

    def open_log(self, run_id: str) -> LogOpening:
        """See `Engine`."""
        return self._executor.open_log(run_id)

    async def begin(self, run: Run, opening: LogOpening | None) -> None:
        """See `Engine`. Does nothing for a run that was cancelled since it was stored: somebody executes that."""
        if not self._runs.is_executing(run.id):
            if opening is not None:
                opening.publish()
            self._start(run.id, partial(self._execute, run, opening))

    def _start(self, run_id: str, execute: Callable[[RunHandle], Coroutine[Any, Any, None]]) -> None:
        handle = RunHandle()
        if self._draining:
            handle.stop("shutdown")

        async def work() -> None:
            take_time()
            await execute(handle)

        task = asyncio.create_task(work(), name=f"run {run_id}")
        self._runs.add(run_id, task, handle)

        def forget(task: asyncio.Task[None]) -> None:
            self._runs.remove(run_id, task)
            handle.begun.set()  # if it never did, nobody need wait for it
            handle.stored.set()
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("run_lost", run_id=run_id, exc_info=error)

        task.add_done_callback(forget)

    async def begun(self, run_id: str) -> None:
        """Returns when the log of a resumed run shows that it was resumed, or the request has no more patience: it goes
        on all the same, and whoever were told otherwise would resume it again."""
        if handles := self._runs.handles(run_id):
            await while_patient(handles[-1].begun.wait())

    async def cancel(self, run: Run) -> Run | None:
        """See `Engine`."""
        return await self._canceller.cancel(run)

    async def stop_here(self, run_id: str) -> bool:
        """Cancels a run of this process and waits until its row is stored. False: it isn't here, or its attempt only
        tidies up: where that asked a question, there is still a run to end. Raises Overloaded where it takes long."""
        if not (handles := [each for each in self._runs.handles(run_id) if not each.stored.is_set()]):
            return False
        for handle in handles:
            handle.stop("cancel")
        if not await wait_until_stored(handles, _STOP_SECONDS):
            raise Overloaded(
                "The run can't be stopped at this moment: its log can't be written; try again in a few seconds."
            )
        return True

    async def settle(self, run_id: str | None = None) -> None:
        """Returns when the row has been stored of a run whose last message, or question, is being logged here."""
        await self._runs.settle(run_id)

    def stop_accepting(self) -> None:
        """Refuses new runs; active ones continue until `drain`."""
        self._closed = True

    async def drain(self, grace: float) -> None:
        """Lets sections finish for `grace` seconds, then stops; the next process resumes the runs."""
        self._closed = self._draining = True
        for _, handle in self._runs.all_handles:
            handle.drain()
        await self._runs.wait(grace)
        for _, handle in self._runs.all_handles:
            handle.stop("shutdown")
        await self._runs.wait()

    async def poll_stop_requests(self) -> None:
        """Stops the runs of this process that have a stop request, or that another process has taken over."""
        if not self._runs:
            return
        here = self._runs.all_handles
        owned = await self._repository.owned_by(self._process)
        for run_id, handle in here:
            if handle.settling:
                continue
            if run_id not in owned:
                handle.stop("taken_over")
            elif owned[run_id]:
                handle.stop("cancel")

    async def check_audience(self) -> None:
        """Publishes to other processes which runs are read here, and cancels this process's runs that have lost
        their audience and are to end without one."""
        await self._audience.publish()
        for run_id in await self._audience.abandoned():
            log.info("run_abandoned", run_id=run_id)
            for handle in self._runs.handles(run_id):
                handle.stop("cancel")

    async def _execute_stored(self, run_id: str, handle: RunHandle) -> None:
        run = await self._repository.get(run_id)
        if run is None or run.status not in EXECUTING or run.process != self._process:
            return  # it changed hands on the way, or is over
        if run.stop_requested:
            handle.stop("cancel")
        await self._execute(run, None, handle)

    async def _execute(self, run: Run, opening: LogOpening | None, handle: RunHandle) -> None:
        with self._audience.watching(run):
            await self._executor.execute(run, handle, opening)
