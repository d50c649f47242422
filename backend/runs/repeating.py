"""What is done again and again, beside everything else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger()


@asynccontextmanager
async def every(seconds: float, work: Callable[[], Awaitable[object]], *, name: str) -> AsyncIterator[None]:
    """Does `work` at once, and again `seconds` after each time, while this is open. If it fails, that is logged."""
    task = asyncio.create_task(_repeat(seconds, work, name), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _repeat(seconds: float, work: Callable[[], Awaitable[object]], name: str) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception(f"{name}_failed")
        await asyncio.sleep(seconds)
