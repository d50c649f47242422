"""Where runs execute: here, as tasks of this process."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from backend.runs.attempt.executor import Executor
from backend.runs.attempt.handle import Reason, Signals
from backend.store.runs import Run, RunRepository
from backend.telemetry.metrics import Measures
from workflows.errors import Overloaded

log = structlog.get_logger()

LISTEN_EVERY_SECONDS = 0.3
"""How often a process asks whether another one was told to stop a run of its own."""


class InlineExecution:
    """Runs as asyncio tasks. The database knows which process has which run; this knows its own."""

    def __init__(
        self,
        executor: Executor,
        repository: RunRepository,
        process: str,
        max_runs: int,
        measures: Measures,
    ) -> None:
        self._executor = executor
        self._measures = measures
        self._repository = repository
        self._process = process
        self._max_runs = max_runs
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._signals: dict[str, Signals] = {}
        self._closed = False
        self._draining = False
        self._reserved = 0

    @property
    def accepts(self) -> bool:
        """Whether there is room for one more run."""
        return not self._closed and len(self._tasks) + self._reserved < self._max_runs

    @property
    def closed(self) -> bool:
        """Whether no more runs are taken because the process is about to end."""
        return self._closed

    def close_door(self) -> None:
        """No more runs are taken; those that are here go on until `drain`."""
        self._closed = True

    @contextmanager
    def room(self) -> Iterator[None]:
        """Keeps room for a run that is about to be stored and submitted. Raises Overloaded: nothing queues here."""
        if not self.accepts:
            self._measures.refused()
            if self._closed:
                raise Overloaded("The service is stopping; try again in a few seconds.")
            raise Overloaded("As many runs as may are going on already; try again in a few seconds.")
        self._reserved += 1
        try:
            yield
        finally:
            self._reserved -= 1

    @property
    def active(self) -> int:
        """Runs that execute here now."""
        return len(self._tasks)

    def executes(self, run_id: str) -> bool:
        """Whether the run executes here."""
        return run_id in self._tasks

    def submit(self, run: Run, *, when_done: Callable[[], None] = lambda: None) -> None:
        """Starts executing a run that this process has claimed."""
        signals = self._signals[run.id] = Signals()
        if self._draining:
            signals.stop("shutdown")
        task = asyncio.create_task(self._executor.execute(run, signals), name=f"run {run.id}")
        self._tasks[run.id] = task

        def forget(task: asyncio.Task[None]) -> None:
            if self._tasks.get(run.id) is task:  # it may have been taken up again already
                del self._tasks[run.id], self._signals[run.id]
            signals.begun.set()  # if it never did, nobody need wait for it
            when_done()
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("run_lost", run_id=run.id, exc_info=error)

        task.add_done_callback(forget)

    async def begun(self, run_id: str) -> None:
        """Returns when the log of a run that goes on says so."""
        if (signals := self._signals.get(run_id)) is not None:
            await signals.begun.wait()

    async def stop(self, run_id: str, reason: Reason = "cancel") -> bool:
        """Stops a run of this process and waits until its last word is stored. False: it isn't here."""
        signals, task = self._signals.get(run_id), self._tasks.get(run_id)
        if signals is None or task is None:
            return False
        signals.stop(reason)
        await asyncio.wait([task])
        return True

    async def settle(self, run_id: str | None = None) -> None:
        """If the run's last message or its question is being told, returns when that is stored too.

        So whoever has read the message finds the run in the state that it tells of. Without `run_id`: every run.
        """
        asked = self._tasks if run_id is None else self._tasks.keys() & {run_id}
        if ending := [self._tasks[one] for one in asked if self._signals[one].settling]:
            await asyncio.wait(ending)

    async def drain(self, grace: float) -> None:
        """Lets sections finish for `grace` seconds, then stops; the next process goes on with every run."""
        self._closed = self._draining = True
        for signals in self._signals.values():
            signals.drain()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=grace)
        for signals in list(self._signals.values()):
            signals.stop("shutdown")
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    async def listen(self) -> None:
        """Hears what other processes on the same database were asked."""
        for run_id in await self._repository.stop_requests(self._process) if self._tasks else ():
            if (signals := self._signals.get(run_id)) is not None:
                signals.stop("cancel")
