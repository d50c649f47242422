"""Queries of runs, for the HTTP layer and the command line."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from backend.log.base import RunLog
from backend.log.entry import Entry
from backend.runs.readers.audience import Audience
from backend.runs.readers.durable import DurableReader
from backend.runs.readers.reader import Reader, open_reader
from backend.runs.readers.replay import replay
from backend.store.owner import Owner
from backend.store.runs.runs import Run, RunPart, RunRepository, RunSummary, RunVersion
from backend.store.schema.transitions import WAITING
from backend.streaming.options import PLAIN, StreamOptions
from backend.streaming.wires.wire import WireView
from workflows.errors import NotFound
from workflows.messages.transcript import Transcript

_ROW_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.05

Settle = Callable[[str | None], Awaitable[None]]
"""Returns when the row of this run (None: of every run) is as the last message in its log says."""


class RunQueries:
    """Queries of runs. Runs of another `owner` are not found."""

    def __init__(
        self,
        repository: RunRepository,
        run_log: RunLog,
        settle: Settle,
        audience: Audience,
        language_of: Callable[[Run], str | None],
    ) -> None:
        """`language_of`: the language of a run's text, for its sentences."""
        self._repository = repository
        self._log = run_log
        self._settle = settle
        self._audience = audience
        self._language_of = language_of

    async def find(self, owner: Owner, run_id: str) -> Run:
        """The run. Raises NotFound."""
        await self._settle(run_id)
        run = await self._repository.find(owner, run_id)
        if run is None:
            raise NotFound(f"There is no run {run_id[:64]}.")
        return run

    async def newest_by_key(self, owner: Owner, prefix: str) -> Run | None:
        """The newest run that was started with an idempotency key that begins so."""
        await self._settle(None)
        return await self._repository.newest_by_key(owner, prefix)

    async def by_key(self, owner: Owner, prefix: str) -> list[Run]:
        """All runs that were started with an idempotency key that begins so, oldest first."""
        await self._settle(None)
        return await self._repository.by_key(owner, prefix)

    async def page(
        self,
        owner: Owner,
        *,
        before: str | None = None,
        limit: int,
        status: str | None = None,
        format: str | None = None,
    ) -> list[RunSummary]:
        """The owner's runs, newest first."""
        await self._settle(None)
        return await self._repository.page(owner, before=before, limit=limit, status=status, format=format)

    async def parts(self, owner: Owner, series: Sequence[str]) -> list[RunPart]:
        """The runs that are, or were meant to be, parts of these series; of each by part, older tries first."""
        await self._settle(None)
        return await self._repository.parts(owner, series)

    async def part_summaries(self, owner: Owner, series: Sequence[str]) -> list[RunSummary]:
        """`parts` without their inputs and results."""
        await self._settle(None)
        return await self._repository.part_summaries(owner, series)

    async def versions(self, owner: Owner, run_id: str) -> list[RunVersion]:
        """All versions of the run's text, oldest first. Raises NotFound."""
        run = await self.find(owner, run_id)
        return await self._repository.versions(owner, run.root_run_id or run.id)

    async def transcript(self, run: Run) -> Transcript:
        """The transcript so far, as a reader has it."""
        transcript, _ = await replay(self._log, run.id)
        return transcript

    def reader(self, run: Run, cursor: int, options: StreamOptions = PLAIN) -> Reader:
        """A reader of the run from after `cursor`."""

        async def is_waiting() -> bool:
            return (await self.find(run.owner, run.id)).status == WAITING

        return open_reader(
            self._log,
            run.id,
            cursor,
            superseded_error_seq=run.superseded_error_seq,
            options=options,
            language=self._language_of(run),
            is_waiting=is_waiting,
        )

    def durable_reader(self, run: Run, after: int, options: StreamOptions = PLAIN) -> DurableReader:
        """A reader of the run as a durable stream, from after an offset."""
        view = options.make_view(run.id, self._language_of(run))
        return self._durable_reader(run, after, view if isinstance(view, WireView) else None)

    def view_reader(self, run: Run, view: WireView) -> DurableReader:
        """A reader of what a view makes of the run, from its start."""
        return self._durable_reader(run, 0, view)

    def _durable_reader(self, run: Run, after: int, view: WireView | None) -> DurableReader:
        return DurableReader(
            self._log, run.id, after, view=view, superseded_error_seq=run.superseded_error_seq
        )

    def reading(self, run: Run) -> AbstractAsyncContextManager[None]:
        """Counts a reader of the run while the block is open."""
        return self._audience.reading(run)

    async def follow(self, run: Run, reader: Reader) -> AsyncGenerator[list[Entry]]:
        """Batches of messages as they arrive, until the run's last one."""
        async with self._audience.reading(run):
            while (batch := await reader.poll()) is not None:
                if batch:
                    yield batch
                if not batch or reader.keeps_up:
                    await reader.wait()

    async def wait(self, owner: Owner, run: Run) -> Run:
        """The run when it has ended, or waits for a person. Waiting counts as reading."""
        if run.is_finished:
            return await self.find(owner, run.id)
        reader, has_question = self.reader(run, 0), False
        async with self._audience.reading(run):
            while (batch := await reader.poll()) is not None:
                has_question |= any(entry.type == "input_required" for entry in batch)
                # Another process may have sent the question, and not stored yet that it waits.
                if has_question and (run := await self.find(owner, run.id)).status == WAITING:
                    return run
                if not batch:
                    await reader.wait()
        return await self._find_finished(owner, run.id)

    async def _find_finished(self, owner: Owner, run_id: str) -> Run:
        """The finished run after its last message was read, which another process may be about to store."""
        deadline = asyncio.get_running_loop().time() + _ROW_PATIENCE_SECONDS
        while not (run := await self.find(owner, run_id)).is_finished:
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        return run

    @property
    def readers(self) -> int:
        """Number of readers connected to this process."""
        return self._audience.count
