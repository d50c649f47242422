"""Runs that nobody executes any more are found, and go on."""

import asyncio
from types import TracebackType
from typing import Self

import structlog

from backend.runs.runs import Runs

log = structlog.get_logger()

_EVERY_SECONDS = 5.0


class Recovery:
    """Looks at the start, before anybody can ask, and again every few seconds: another process on the
    same data may have died, or the log may have been away."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if count := await self._runs.recover():
            log.info("runs_resumed", count=count)
        self._task = asyncio.create_task(self._look(), name="recovery")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                if count := await self._runs.recover():
                    log.info("runs_resumed", count=count)
            except Exception:
                log.exception("recovery_failed")
