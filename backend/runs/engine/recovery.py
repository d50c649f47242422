"""Runs that nobody executes any more are found, and go on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from backend.runs.service import Runs
from backend.tasks import every

log = structlog.get_logger()

_EVERY_SECONDS = 5.0


@asynccontextmanager
async def recovering(runs: Runs) -> AsyncIterator[None]:
    """Looks at the start, before anybody can ask, and again every few seconds: another process on the
    same data may have died, or the log may have been away."""

    async def look() -> None:
        if count := await runs.recover():
            log.info("runs_resumed", count=count)

    await look()
    async with every(_EVERY_SECONDS, look, name="recovery"):
        yield
