"""An event loop whose waits take no time, for runs of minutes that are over in seconds."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")
_GRACE_SECONDS = 0.002
"""How long sockets and threads of others, which nothing counts, may be silent before a wait is skipped."""


class _SkippingSelector(selectors.DefaultSelector):
    """Waits only while something is under way; else it says that the whole time has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.jobs = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        while True:
            if events := super().select(_GRACE_SECONDS):
                return events
            if not self.jobs:
                self.now += timeout
                return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Loop with a clock of its own, which stands still while anything is done and jumps to the next timer when nothing
    is. Work in threads takes no time of it either."""

    def __init__(self) -> None:
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Ts], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        self._skipping.jobs += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._end_job)
        return future

    def _end_job(self, _: asyncio.Future[Any]) -> None:
        self._skipping.jobs -= 1


def run_virtually(work: Coroutine[Any, Any, _T]) -> _T:
    """Runs it on such a loop, and returns what it returns."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
