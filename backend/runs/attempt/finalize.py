"""Finalizer of an attempt, which stores its outcome in the table of runs."""

from typing import cast

import structlog
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import StateSnapshot

from backend.log.entry import StaleWriter
from backend.runs.attempt.budget import Budgets
from backend.runs.formats import RunFormats
from backend.runs.results.cache import ResultCache
from backend.store.runs.fences import StaleCheckpoint
from backend.store.runs.owned_runs import Lease, OwnedRunRepository
from backend.store.runs.runs import Run
from backend.store.schema.transitions import CANCELLED, COMPLETED, FAILED, WAITING
from backend.store.sql.database import UNAVAILABLE
from backend.store.usage import RunUsage
from backend.telemetry.metrics import AttemptOutcome
from workflows.errors import Cancelled, Conflict
from workflows.messages.messages import Message, RunCompleted, RunFailed
from workflows.messages.transcript import Transcript
from workflows.state import State
from workflows.versions import VersionPlan, version_plan

log = structlog.get_logger()


class RunFinalizer:
    """Writer of outcomes. The run's last message is in the log already, from which a failed row is repaired."""

    def __init__(
        self, repository: OwnedRunRepository, formats: RunFormats, budgets: Budgets, cache: ResultCache
    ) -> None:
        self._repository = repository
        self._formats = formats
        self._budgets = budgets
        self._cache = cache

    async def store(
        self,
        run: Run,
        lease: Lease,
        ending: Message | None,
        transcript: Transcript,
        *,
        was_cut_off: bool = False,
    ) -> AttemptOutcome:
        """Stores the outcome; `ending` is the last message, None for an unfinished run. One whose earlier attempt
        `was_cut_off` is charged whatever its log says: nobody knows what that one bought. Raises StaleWriter."""
        return await self._store(run, lease, ending, transcript, bool(transcript.spent) or was_cut_off)

    async def tidy(self, run: Run, ending: Message | None) -> None:
        """Deletes checkpoints of a run that was stored. Whoever goes on needs the newest one; each of the others holds
        all text up to it."""
        if run.format not in self._formats.formats:
            return
        checkpointer = self._formats.graph(run).checkpointer
        if not isinstance(checkpointer, BaseCheckpointSaver):
            return
        try:
            if await self._has_no_future(run, ending):
                await checkpointer.adelete_thread(run.id)
            else:
                await checkpointer.aprune([run.id])
        except (NotImplementedError, StaleCheckpoint):  # it keeps them all, or whoever goes on has them
            return
        except Exception:
            log.exception("checkpoints_not_pruned", run_id=run.id)

    async def find_kept_calls(self, run: Run) -> set[str]:
        """The ids of the calls that the run's checkpoint has: whoever goes on with it reports them."""
        try:
            snapshot = await self._snapshot(run.id, run)
        except StaleCheckpoint:  # what this attempt put last was refused, which its next look is told, once
            snapshot = await self._snapshot(run.id, run)
        return {call["id"] for call in (snapshot.values.get("spent", ()) if snapshot else ())}

    async def _store(
        self, run: Run, lease: Lease, ending: Message | None, transcript: Transcript, bought: bool
    ) -> AttemptOutcome:
        usage = self._budgets.usage(run, transcript)
        try:
            return await self._end(run, lease, ending, transcript, usage, bought)
        except StaleWriter:
            raise
        except UNAVAILABLE:  # no fault of the figures: a database that was away may be there again
            log.exception("ending_not_stored")
            return await self._end(run, lease, ending, transcript, usage, bought)
        except Exception:
            if usage is None:
                raise
            log.exception("usage_not_stored")  # the run ends all the same; what it spent is in its log
            return await self._end(run, lease, ending, transcript, None, bought)

    async def _end(
        self,
        run: Run,
        lease: Lease,
        ending: Message | None,
        transcript: Transcript,
        usage: RunUsage | None,
        bought: bool,
    ) -> AttemptOutcome:
        match ending:
            case RunCompleted():
                plan = await self._plan(run.source_run_id or run.id, run)
                counts = bought or not ending.cached
                _demand(await self._repository.complete(lease, run, ending, plan, bought=counts, usage=usage))
                return COMPLETED
            case RunFailed():
                title = _title(transcript)
                _demand(await self._repository.fail(lease, ending, title, bought=bought, usage=usage))
                return CANCELLED if ending.code == Cancelled.code else FAILED
            case _:
                return await self._release(run, lease, transcript, usage)

    async def _release(
        self, run: Run, lease: Lease, transcript: Transcript, usage: RunUsage | None
    ) -> AttemptOutcome:
        snapshot = await self._snapshot(run.id, run)
        waits = bool(snapshot and snapshot.interrupts)
        title, words = _title(transcript), transcript.words
        _demand(await self._repository.release(lease, waits=waits, title=title, words=words, usage=usage))
        return WAITING if waits else "interrupted"

    async def _has_no_future(self, run: Run, ending: Message | None) -> bool:
        """Whether nobody can go on with the run: its error says so, or what it is written from was deleted meanwhile,
        which its checkpoints quote. Whoever deletes that sees to the runs that have ended by then."""
        if await self._repository.derived.has_lost_material(run):
            return True
        if not isinstance(ending, RunFailed):
            return False
        if not ending.resumable:
            return True
        try:
            await self._formats.check_material(run)
        except Conflict:  # what it is written from is gone
            return True
        return False

    async def _plan(self, written_by: str, run: Run) -> VersionPlan | None:
        """The plan kept for versions of the run; a copy has the state of its source."""
        snapshot = await self._snapshot(written_by, run)
        if snapshot and snapshot.values:
            return version_plan(cast(State, snapshot.values)) or None
        return await self._cache.plan_of(written_by) if written_by != run.id else None

    async def _snapshot(self, thread_id: str, run: Run) -> StateSnapshot | None:
        """The state of the graph; None for a format that is no longer installed."""
        if run.format not in self._formats.formats:
            return None
        return await self._formats.graph(run).aget_state({"configurable": {"thread_id": thread_id}})


def _demand(stored: bool) -> None:
    if not stored:
        raise StaleWriter


def _title(transcript: Transcript) -> str | None:
    return transcript.outline.title if transcript.outline else None
