"""Handle of an executing run, shared by its attempt and its engine."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Literal, TypeVar

from langgraph.runtime import RunControl

_T = TypeVar("_T")
StopReason = Literal["cancel", "shutdown", "taken_over"]


class RunHandle:
    """Signals to an attempt. `cancel` ends the run for good, `shutdown` leaves it for the next process,
    `taken_over` means that another process has it already."""

    def __init__(self) -> None:
        self.control = RunControl()
        self.begun = asyncio.Event()
        """Set when the log says that the run goes on: an older error is no longer its last message."""
        self.draining = asyncio.Event()
        """Set when the attempt is to stop where nothing is lost."""
        self.settling = False
        """Whether the run's last message, or its question, is being logged; its row is stored in a moment."""
        self.stored = asyncio.Event()
        """Set when its row has been stored, or never will be here. What is tidied up then, nobody waits for."""
        self.reason: StopReason | None = None
        self._work: asyncio.Task[Any] | None = None

    @property
    def is_ending(self) -> bool:
        """Whether the attempt was stopped, or has said its last, or only tidies up: what is submitted now is another
        attempt's."""
        return self.settling or self.reason is not None or self.stored.is_set()

    async def guard(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Runs `work`, which a stop cancels, even one that came before. Raises CancelledError then."""
        task: asyncio.Task[_T] = asyncio.create_task(work)
        self._work = task
        if self.reason is not None:
            task.cancel()
        return await task

    def drain(self) -> None:
        """Requests a stop where nothing is lost: between two steps of the graph."""
        self.control.request_drain()
        self.draining.set()

    def stop(self, reason: StopReason) -> None:
        """Stops the attempt at once, in the middle of a word. The first reason counts."""
        if self.reason is None:
            self.reason = reason
            if self._work is not None:
                self._work.cancel()
