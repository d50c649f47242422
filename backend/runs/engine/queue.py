"""Engine that puts runs into a queue in PostgreSQL, from which workers take them (`worker.py`).

procrastinate decides who is given a run, and how many at once; which runs may be written by whom is decided by the
fences in log, row and checkpoints.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import Connection

from backend.log.base import LogOpening, RunLog
from backend.runs.engine.cancellation import RunCanceller
from backend.runs.engine.inline import InlineEngine
from backend.runs.engine.liveness import Liveness
from backend.store.postgres.jobs import QUEUE, estimate_seconds, find_place
from backend.store.runs.runs import Run, RunRepository
from backend.store.schema.transitions import EXECUTING
from backend.store.sql.dialect import lock
from backend.telemetry.metrics import Metrics
from workflows.errors import Overloaded
from workflows.messages.messages import TERMINAL

TASK = "execute_run"
_NEXT = 2
"""Priority of a run whose worker is gone; `find_place` has those of others."""
_SETTLE_SECONDS, _LOOK_SECONDS = 2.0, 0.02
_SETTLED_BY = {*TERMINAL, "input_required"}
"""Messages after which the row is about to be stored."""


class RunQueue:
    """The door into the queue: `enqueue` is called within the transaction that stores a run as running."""

    def __init__(self, dsn: str, max_queued: int) -> None:
        """At most `max_queued` runs wait; one more is refused."""
        # Never opened: it defers over the connection that it is given.
        app = App(connector=PsycopgConnector(conninfo=dsn))
        self._task = app.task(name=TASK, queue=QUEUE, pass_context=True)(_execute_elsewhere)
        self._max_queued = max_queued

    def enqueue(self, connection: Connection, run_id: str) -> None:
        """Queues a run, once. Raises Overloaded, which rolls the transaction back."""
        seconds = estimate_seconds(connection, run_id)
        lock(connection, "queue")  # until the transaction ends: everybody's starts wait for it
        queued, priority = find_place(connection, run_id, seconds)
        if queued >= self._max_queued:
            raise Overloaded("As many runs as may are waiting already; try again in a few seconds.")
        self._defer(connection, run_id, priority)

    def enqueue_again(self, connection: Connection, run_id: str) -> None:
        """Queues a run that was accepted before, however many wait; it is the next one."""
        self._defer(connection, run_id, _NEXT)

    def _defer(self, connection: Connection, run_id: str, priority: int) -> None:
        driver: Any = connection.connection.driver_connection
        deferrer = self._task.configure(
            connection=driver, lock=run_id, queueing_lock=run_id, priority=priority
        )
        # A savepoint: the error that it is there already would end the whole transaction.
        with contextlib.suppress(AlreadyEnqueued), connection.begin_nested():
            deferrer.defer(run_id=run_id)


async def _execute_elsewhere(context: JobContext, *, run_id: str) -> None:
    """The task's name and arguments, for who defers it."""
    del context
    raise RuntimeError(f"{run_id} is executed by workers, and this process is none")


class SharedLog(RunLog, Protocol):
    """Log of runs that other processes write."""

    def take_ended(self) -> list[str]:
        """The runs whose last message, or question, was read here in the last seconds; each is returned once."""


class QueueEngine:
    """Engine of a process that executes no runs, but for ending those that nobody else ends."""

    def __init__(
        self,
        local: InlineEngine,
        liveness: Liveness,
        repository: RunRepository,
        run_log: SharedLog,
        metrics: Metrics,
    ) -> None:
        """`local` ends a run whose owner doesn't answer."""
        self._local = local
        self._repository = repository
        self._log = run_log
        self._metrics = metrics
        self._canceller = RunCanceller(repository, liveness, local)
        self._closed = False

    @property
    def process(self) -> None:
        """Not known yet: the worker that takes the run."""
        return

    @property
    def accepts(self) -> bool:
        """Whether runs are taken; how many wait is looked at when one is stored."""
        return not self._closed

    @property
    def closed(self) -> bool:
        """Whether runs are refused because the process is about to end."""
        return self._closed

    @property
    def active(self) -> int:
        """Number of runs executing here now."""
        return self._local.active

    @contextmanager
    def reserve_slot(self) -> Iterator[None]:
        """Raises Overloaded when the process is about to end, or the queue is full."""
        if self._closed:
            self._metrics.on_refusal()
            raise Overloaded("The service is stopping; try again in a few seconds.")
        try:
            yield
        except Overloaded:
            self._metrics.on_refusal()
            raise

    def open_log(self, run_id: str) -> None:
        """None: the worker that takes the run opens its log."""

    async def begin(self, run: Run, opening: LogOpening | None) -> None:
        """Does nothing: the run was queued in the transaction that stored it."""

    async def submit(self, run_id: str) -> None:
        """Does nothing: the run was queued in the transaction that stored it."""

    async def begun(self, run_id: str) -> None:
        """Returns at once: the run waits for a worker, and its readers with it."""

    async def cancel(self, run: Run) -> Run | None:
        """See `Engine`."""
        return await self._canceller.cancel(run)

    async def settle(self, run_id: str | None = None) -> None:
        """Returns when the row has been stored of a run whose log has its last message, or after a while. None: of the
        runs whose last message was read here lately."""
        if run_id is None:
            await asyncio.gather(*map(self.settle, self._log.take_ended()))
            return
        if (last := await self._log.last(run_id)) is None or last.type not in _SETTLED_BY:
            return
        deadline = asyncio.get_running_loop().time() + _SETTLE_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            run = await self._repository.get(run_id)
            is_answered = run is not None and run.answer is not None
            if (
                run is None
                or run.status not in EXECUTING
                or is_answered
                or run.superseded_error_seq == last.seq
            ):
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def stop_accepting(self) -> None:
        """Refuses new runs."""
        self._closed = True
        self._local.stop_accepting()
