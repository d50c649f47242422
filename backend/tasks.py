"""Background tasks, once or periodic. Their failures are logged."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger()

Work = Callable[[], Awaitable[object]]
"""Called when its turn comes: work that is cancelled before has not begun."""


class Background:
    """Background tasks, awaited only at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, work: Work, *, name: str) -> None:
        """Starts the work, and returns at once. A failure is logged as `<name>_failed`."""
        task = asyncio.create_task(logged(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Returns when all tasks are done."""
        if self._tasks:
            await asyncio.wait(self._tasks)


@asynccontextmanager
async def every(seconds: float, work: Work, *, name: str) -> AsyncIterator[None]:
    """Calls `work` at once, and `seconds` after each call, while this is open; failures as in `Background.do`."""
    task = asyncio.create_task(_repeat(seconds, work, name), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def logged(work: Work, name: str) -> None:
    """Awaits the work. A failure is logged and not raised."""
    try:
        await work()
    except Exception:
        log.exception(f"{name}_failed")


async def _repeat(seconds: float, work: Work, name: str) -> None:
    while True:
        await logged(work, name)
        await asyncio.sleep(seconds)
