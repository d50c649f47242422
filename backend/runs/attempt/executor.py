"""Executor: opens an attempt at a run, and stores its outcome."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from backend.log.base import LogOpening, RunLog
from backend.log.entry import Entry, LogUnavailable, StaleWriter
from backend.runs.attempt.attempt import Attempt, AttemptTools
from backend.runs.attempt.budget import AttemptBudget, Budgets
from backend.runs.attempt.finalize import RunFinalizer
from backend.runs.attempt.handle import RunHandle
from backend.runs.attempt.log_writer import LogWriter
from backend.runs.readers.replay import replay
from backend.store.runs.fences import StaleCheckpoint, set_fence
from backend.store.runs.owned_runs import Lease
from backend.store.runs.runs import Run
from backend.telemetry.metrics import AttemptOutcome
from backend.telemetry.observers import AttemptObserver, Observers
from workflows.messages.messages import Message, NodeChanged, encode
from workflows.messages.transcript import Transcript

log = structlog.get_logger()

_STARTED = NodeChanged(node="workflow", status="started", attempt=1)


@dataclass(frozen=True, slots=True)
class _HeldLog:
    """A log that this process may write: its epoch, what readers have of it, and its last number. What it was opened
    with is `unobserved`."""

    epoch: int
    transcript: Transcript
    last_seq: int
    unobserved: Sequence[Message] = ()


class Executor:
    """Executor of runs. Stateless: a run's state is in its log and its checkpoint."""

    def __init__(
        self,
        run_log: RunLog,
        finalizer: RunFinalizer,
        budgets: Budgets,
        observers: Observers,
        tools: AttemptTools,
        *,
        merge_seconds: float,
    ) -> None:
        """`merge_seconds`: time within which text is merged on its way into the log."""
        self._log = run_log
        self._finalizer = finalizer
        self._budgets = budgets
        self._observers = observers
        self._tools = tools
        self._merge_seconds = merge_seconds

    def open_log(self, run_id: str) -> LogOpening:
        """The log of a new run that is to be executed here: it says that the run was started."""
        return self._log.opening(run_id, [Entry(1, _STARTED.type, encode(_STARTED))])

    async def execute(self, run: Run, handle: RunHandle, opening: LogOpening | None = None) -> None:
        """Returns when the run has ended, waits for a person, or was stopped by `handle`. `opening` is what a new run
        was stored with."""
        structlog.contextvars.bind_contextvars(run_id=run.id, format=run.format)
        try:
            ended = await self._execute(run, handle, opening)
        finally:
            handle.stored.set()
        if ended is not None:
            await self._finalizer.tidy(*ended)

    async def _execute(
        self, run: Run, handle: RunHandle, opening: LogOpening | None
    ) -> tuple[Run, Message | None] | None:
        """The run as it was stored, and its last message; None where nothing could be stored."""
        observer: AttemptObserver | None = None
        budget: AttemptBudget | None = None
        outcome: AttemptOutcome = "interrupted"
        try:
            held = await self._take_over(run) if opening is None else _held_since(opening)
            lease, transcript = Lease(run.id, run.process, held.epoch), held.transcript
            set_fence(lease.run_id, lease.epoch)
            if transcript.terminal is not None and held.last_seq != run.superseded_error_seq:
                # A crash fell between the log and the table. A run that was cancelled stays cancelled.
                handle.settling = True
                was_cut_off = transcript.was_cut_off
                await self._finalizer.store(
                    run, lease, transcript.terminal, transcript, was_cut_off=was_cut_off
                )
                return run, transcript.terminal
            # One that failed or was cancelled has told all that it bought; what others leave out, nobody knows.
            was_cut_off = transcript.was_cut_off or (
                opening is None and transcript.attempts > 0 and transcript.terminal is None
            )
            log.info("run_begins", attempt=transcript.attempts + 1, model=run.model)
            observer = self._observers.observe(
                run.id, run.format, transcript, lambda: self._tools.formats.personal(run)
            )
            for message in held.unobserved:
                transcript.apply(message)
                observer.on_messages([message])
            writer = LogWriter(
                self._log,
                lease,
                last_seq=held.last_seq,
                transcript=transcript,
                merge_seconds=self._merge_seconds,
                metrics=observer,
            )
            budget = self._budgets.draw_up(run, transcript)
            async with writer:
                run, ending = await self._write(run, lease, handle, writer, observer, budget)
            outcome = await self._finalizer.store(run, lease, ending, transcript, was_cut_off=was_cut_off)
            return run, ending
        except (StaleWriter, StaleCheckpoint):
            log.warning("run_taken_over")
            self._observers.on_fenced_writer()
            await self._keep_lost(run, budget)
        except LogUnavailable:
            # Its last message can't be written either: the run stays as it is and is found by the next recovery.
            log.exception("run_log_unavailable")
        finally:
            self._log.let_go(run.id)
            if observer is not None:
                observer.on_end(outcome)
                log.info("run_ends", outcome=outcome)
        return None

    async def _take_over(self, run: Run) -> _HeldLog:
        """The log of a run that may have had another writer, who is shut out from here on."""
        epoch = await self._log.take_over(run.id)
        return _HeldLog(epoch, *await replay(self._log, run.id))

    async def _write(
        self,
        run: Run,
        lease: Lease,
        handle: RunHandle,
        writer: LogWriter,
        observer: AttemptObserver,
        budget: AttemptBudget,
    ) -> tuple[Run, Message | None]:
        """The run as the attempt left it, and its last message, which is in the log when the writer is closed."""
        ending: Message | None = None
        try:
            with self._budgets.enforce(run, budget):
                attempt = Attempt(run, lease, handle, writer, budget, observer, self._tools)
                ending = await attempt.write()
        finally:
            if self._tools.recorder is not None:
                self._tools.recorder.end(run, ending)
        for message in budget.unreported():
            writer.put(message)
        if ending is not None:
            handle.settling = True
            ending = writer.put(ending)
        return attempt.run, ending

    async def _keep_lost(self, run: Run, budget: AttemptBudget | None) -> None:
        """Keeps what an attempt bought that has lost its run, as far as the run doesn't know of it, or is gone."""
        if budget is None or not (calls := budget.ledger.calls):
            return
        try:
            # What is remembered here is this attempt's own, and others have written since.
            self._log.let_go(run.id)
            transcript, last_seq = await replay(self._log, run.id)
            if not last_seq:
                await self._budgets.store_deleted(run, budget)
                return
            known = transcript.calls | await self._finalizer.find_kept_calls(run)
            await self._budgets.store_lost(run, [call for call in calls if call.id not in known])
        except Exception:
            log.exception("lost_usage_not_stored")


def _held_since(opening: LogOpening) -> _HeldLog:
    """The log of a run that was stored just now, with it: nobody else has written it."""
    return _HeldLog(opening.epoch, Transcript(), opening.entries[-1].seq, [_STARTED])
