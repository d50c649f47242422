"""Sources of a run's text: other runs of the same request, finished or active, which it copies."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime

import structlog
from langgraph.errors import GraphDrained

from backend.log.base import RunLog
from backend.log.entry import StaleWriter
from backend.runs.admission.quota import Quota
from backend.runs.readers.reader import Reader, open_reader
from backend.runs.readers.replay import read_entry, replay
from backend.runs.results.cache import ResultCache
from backend.runs.results.copies import catch_up, copy_live, end_copy
from backend.store.runs.owned_runs import Lease, OwnedRunRepository
from backend.store.runs.runs import Run, RunRepository
from workflows.errors import InvalidInput
from workflows.messages.messages import Message, RunCompleted, RunFailed
from workflows.messages.transcript import Transcript

log = structlog.get_logger()

_NEVER = datetime.max.replace(tzinfo=UTC)
"""Later than any cached result, whatever the clock said when it was kept."""


class SourceReader:
    """Selection and reading of a run's source, live while it is still being written."""

    def __init__(
        self,
        run_log: RunLog,
        runs: RunRepository,
        owned_runs: OwnedRunRepository,
        cache: ResultCache,
        quota: Quota,
    ) -> None:
        self._log = run_log
        self._runs = runs
        self._owned_runs = owned_runs
        self._cache = cache
        self._quota = quota

    async def find(self, source_id: str) -> Run | None:
        """The source; None if it was deleted."""
        return await self._runs.get(source_id)

    async def choose(self, run: Run, lease: Lease, *, kept: bool = True) -> Run:
        """The run with the id of the one to copy, a `kept` one or an active one; without when it is to be written
        itself: then it is charged, and its budget narrowed to what is left. Raises QuotaExceeded, and StaleWriter when
        the lease has been lost."""
        since = self._cache.kept_since(run.options)
        if since is not None and not kept:
            since = _NEVER
        with self._quota.reserve(run.format, 0.0) as limit:
            held, source_id = await self._owned_runs.choose_source(lease, run, since, limit)
        if not held:
            raise StaleWriter
        stored = await self._runs.get(run.id) if source_id is None else None
        return replace(
            run, source_run_id=source_id, options=run.options if stored is None else stored.options
        )

    async def copy(
        self, source: Run, run_id: str, copied: Transcript, draining: asyncio.Event
    ) -> AsyncGenerator[Message]:
        """The source's messages as the run's own, from the position of `copied`, which the caller updates with
        each of them. The last one is a RunCompleted; without one, the source has nothing to give.

        Raises GraphDrained when `draining` is set while there is nothing new.
        """
        transcript, seq = await replay(self._log, source.id)
        is_over = seq != source.superseded_error_seq
        ending = transcript.terminal if is_over else None
        if isinstance(ending, RunFailed):
            return
        for message in catch_up(copied, transcript):
            yield message
        if ending is None:
            reader = open_reader(self._log, source.id, seq, superseded_error_seq=source.superseded_error_seq)
            async for message in self._follow(reader, source.id, draining):
                if isinstance(message, RunCompleted):
                    ending = message
                elif (mine := copy_live(message)) is not None:
                    yield mine
        if ending is None:
            return
        if copied.text != ending.story_content:
            log.warning("source_not_copied", source_run_id=source.id, reason="its log has another text")
            return
        for message in end_copy(ending, run_id):
            yield message

    async def _follow(
        self, reader: Reader, source_id: str, draining: asyncio.Event
    ) -> AsyncGenerator[Message]:
        leaving = asyncio.create_task(draining.wait())
        try:
            while (batch := await reader.poll()) is not None:
                for entry in batch:
                    if (message := read_entry(source_id, entry)) is not None:
                        yield message
                if not batch:
                    waiting = asyncio.create_task(reader.wait())
                    try:
                        await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        waiting.cancel()
                    if leaving.done():
                        raise GraphDrained("shutdown")
        except InvalidInput:  # its log has gone
            return
        finally:
            leaving.cancel()
