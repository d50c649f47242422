"""Retention: what is kept for longer than it may be is deleted, with everything that belongs to it."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from backend.runs.commands import RunCommands
from backend.store.owner import Owner
from backend.store.runs.retention import RetentionRepository
from workflows.errors import NotFound

log = structlog.get_logger()

EVERY_SECONDS = 3600.0


class RetainedData(Protocol):
    """Stored things beside the runs that are deleted when they are old enough."""

    async def in_use(self, series: Collection[tuple[Owner, str]], since: datetime) -> set[tuple[Owner, str]]:
        """Those of these series of runs that something was done with since: their runs stay."""
        ...

    async def delete_old(self, before: datetime) -> int:
        """Deletes what nothing was done with since then, and no run needs; returns how many things that were."""
        ...


class Retention:
    """Periodic deletion. What something was done with within `kept_for` stays, with all that it needs."""

    def __init__(
        self,
        repository: RetentionRepository,
        runs: RunCommands,
        others: Sequence[RetainedData],
        kept_for: timedelta,
    ) -> None:
        self._repository = repository
        self._runs = runs
        self._others = others
        self._kept_for = kept_for

    async def apply(self) -> int:
        """Deletes what is too old, runs before what they belong to; returns how many things that were."""
        before = datetime.now(UTC) - self._kept_for
        deleted = await self._delete_runs(before)
        for data in self._others:
            deleted += await data.delete_old(before)
        if deleted:
            log.info("retention", deleted=deleted)
        return deleted

    async def _delete_runs(self, before: datetime) -> int:
        deleted, after = 0, ""
        while found := await self._repository.old_runs(before, after):
            after = found[-1].id
            series = {(run.owner, run.series) for run in found if run.series is not None}
            kept = {each for data in self._others for each in await data.in_use(series, before)}
            for run in reversed(found):  # what was made of others before those
                if (run.owner, run.series) in kept:
                    continue
                with suppress(NotFound):  # somebody else deletes the same
                    await self._runs.delete(run.owner, run.id)
                    deleted += 1
        return deleted


async def delete_all(
    find: Callable[[datetime], Awaitable[list[tuple[Owner, str]]]],
    delete: Callable[[Owner, str], Awaitable[object]],
    before: datetime,
) -> int:
    """Deletes a few at a time, as long as any are found that weren't tried yet; returns how many that were."""
    tried: set[tuple[Owner, str]] = set()
    while found := [each for each in await find(before) if each not in tried]:
        for owner, id in found:
            tried.add((owner, id))
            await delete(owner, id)
    return len(tried)
