"""What passes between a run that is being written and whoever started it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Literal, TypeVar

from langgraph.runtime import RunControl

_T = TypeVar("_T")
Reason = Literal["cancel", "shutdown", "given_up"]


class Signals:
    """One run's signals: it says that it has begun, and is told to stop.

    `cancel` ends it for good, `shutdown` leaves it for the next process, `given_up` says that too many
    processes died of it.
    """

    def __init__(self) -> None:
        self.control = RunControl()
        self.begun = asyncio.Event()
        """Set when the log says that the run goes on: an older error is no longer its last message."""
        self.settling = False
        """The run's last message, or its question, is being told; how it stands is stored in a moment."""
        self.reason: Reason | None = None
        self._work: asyncio.Task[Any] | None = None

    async def guard(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Runs `work`, which a stop cancels, also one that came before. Raises CancelledError then."""
        task: asyncio.Task[_T] = asyncio.create_task(work)
        self._work = task
        if self.reason is not None:
            task.cancel()
        return await task

    def drain(self) -> None:
        """Asks to stop where nothing is lost: between two steps of the graph."""
        self.control.request_drain()

    def stop(self, reason: Reason) -> None:
        """Stops it now, in the middle of a word. The first reason counts."""
        if self.reason is None:
            self.reason = reason
            if self._work is not None:
                self._work.cancel()
