"""An attempt at a run: its graph, executed from its checkpoint through the gate into the run's log."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, cast

import structlog
from langgraph.errors import GraphDrained
from langgraph.types import StateSnapshot

from backend.log.entry import LogUnavailable, StaleWriter
from backend.runs.attempt.budget import AttemptBudget
from backend.runs.attempt.graph_work import GraphWork
from backend.runs.attempt.handle import RunHandle
from backend.runs.attempt.last_message import complete, failure
from backend.runs.attempt.log_writer import LogWriter
from backend.runs.attempt.reconcile import check_agreement, reconcile, unless_logged
from backend.runs.attempt.recording import RunRecorder
from backend.runs.attempt.start_line import Start, StartLine
from backend.runs.formats import RunFormats
from backend.runs.results.sources import SourceReader
from backend.store.runs.fences import StaleCheckpoint
from backend.store.runs.owned_runs import Lease
from backend.store.runs.runs import Run
from backend.streaming.events import stream_messages
from backend.streaming.gate import Gate
from backend.streaming.merge import cut_message
from backend.streaming.pace import JUDGED_SECTION, Pace, Paces
from backend.streaming.progress import ProgressMeter
from backend.telemetry.observers import AttemptObserver
from workflows.errors import Cancelled, Internal, RunTimeout, StorywireError
from workflows.loop_turns import LoopTurns
from workflows.messages.messages import (
    InputRequested,
    Message,
    MetricsCalculated,
    NodeChanged,
    RunCompleted,
    Slot,
    TextAppended,
    TextRetracted,
    slot_of,
)
from workflows.messages.transcript import Transcript
from workflows.models.wire.bodies.stream_turns import StreamTurns
from workflows.state import SECTION_NODES, State

log = structlog.get_logger()

_BROKE_OFF = (
    "The process or the attempt that worked on this run died {times} times in a row, so it isn't taken up again by "
    "itself. The text so far is kept."
)
_LOOK_SECONDS = 0.1
_TICK_SECONDS = 1.0
_IN_ONE_GO = 200
"""Characters of text that the gate looks at between two turns of the loop: many short sentences cost most."""
_SAME_ELSEWHERE = "The same is being written for another run; this one is given it as it comes"


@dataclass(frozen=True, slots=True)
class AttemptTools:
    """Dependencies shared by all attempts of a process. `on_section_end` is called when a section is finished; a
    run is limited to `run_seconds`, and fails after more than `max_crashes` crashed attempts."""

    formats: RunFormats
    sources: SourceReader
    recorder: RunRecorder | None
    on_section_end: Callable[[Run, Lease, Transcript], None]
    run_seconds: float
    max_crashes: int
    paces: Paces = field(default_factory=Paces)
    starts: StartLine = field(default_factory=lambda: StartLine(StreamTurns()))

    def pace_of(self, run: Run) -> Pace:
        """How long checks take in runs like this one."""
        judging = self.formats.section_review_share(run)
        if judging is not None:  # what is then left of the review of the whole is short
            return self.paces.of(run.format, run.model, "in order", judging=judging)
        judging = JUDGED_SECTION if self.formats.gates_sections(run) else None
        expected = self.formats.review_share(run)
        kind = run.format, run.model, str(run.options.parallel), "gated" if judging else "open"
        return self.paces.of(*kind, judging=judging, expected=expected)


class Attempt:
    """An attempt at a run. `write` may be called once."""

    def __init__(
        self,
        run: Run,
        lease: Lease,
        handle: RunHandle,
        writer: LogWriter,
        budget: AttemptBudget,
        observer: AttemptObserver,
        tools: AttemptTools,
    ) -> None:
        self.run = run
        self._lease = lease
        self._handle = handle
        self._writer = writer
        self._budget = budget
        self._observer = observer
        self._tools = tools
        self._transcript = writer.transcript
        # Its log has what it was stored with, by this very writer: there can't be a checkpoint of it.
        self._is_opened = lease.epoch == 1 and writer.transcript.attempts == 1
        self._number = writer.transcript.attempts + (0 if self._is_opened else 1)
        formats = tools.formats
        self._meter = ProgressMeter(
            asyncio.get_running_loop().time, formats.forecast(run), tools.pace_of(run)
        )
        self._written: set[Slot] = set()

    async def write(self) -> Message | None:
        """The run's last message; None when it isn't finished: it waits for a person, or for another process.

        Raises StaleWriter and LogUnavailable: then nothing more can be said.
        """
        try:
            async with asyncio.timeout(self._tools.run_seconds) as patience:
                return await self._handle.guard(self._execute())
        except GraphDrained:
            return None
        except asyncio.CancelledError:
            return self._stopped()
        except TimeoutError:
            if not patience.expired():  # somebody else's
                return self._broken()
            return self._failed(RunTimeout("The run took longer than it may, and was stopped."))
        except (StaleWriter, StaleCheckpoint, LogUnavailable):
            raise
        except StorywireError as error:
            log.info("run_failed", code=error.code, cause=type(error.__cause__).__name__)
            return self._failed(error)
        except Exception:
            return self._broken()

    def _stopped(self) -> Message | None:
        """The outcome when the handle requested a stop; otherwise the task itself is cancelled."""
        match self._handle.reason:
            case None:
                raise asyncio.CancelledError
            case "shutdown":
                return None
            case "taken_over":
                raise StaleWriter
            case "cancel":
                return self._failed(Cancelled("The run was stopped. The text so far is kept."))

    def _broken(self) -> Message:
        """The last message for an internal error, which is being handled."""
        log.exception("run_broke")
        return self._failed(Internal("Something went wrong on our side. The text so far is kept."))

    def _failed(self, error: StorywireError) -> Message:
        if self._handle.begun.is_set() and not isinstance(error, Cancelled):
            self._writer.put(self._workflow("failed"))
        return failure(error, self._transcript)

    async def _execute(self) -> Message | None:
        if self.run.crash_count > self._tools.max_crashes:
            log.error("run_given_up", crash_count=self.run.crash_count)
            raise Internal(_BROKE_OFF.format(times=self.run.crash_count))
        work = GraphWork(self.run, self._tools.formats, self._number, self._observer.callbacks)
        snapshot = await work.load(is_new=self._is_opened)
        if not self._is_opened:
            self._writer.put(self._workflow("started" if self._number == 1 else "resumed"))
            await self._writer.flush()
        self._handle.begun.set()
        self._meter.recall(self._transcript)
        if not snapshot.created_at and (ending := await self._copy(work.gate)) is not None:
            return ending
        if snapshot.created_at or not self._is_opened:
            await self._reconcile(cast(State, snapshot.values), work.gate)
        # Not `snapshot.next`: it is empty too when every task of a step is done but the step isn't checkpointed.
        if self._tools.recorder is not None and (not snapshot.created_at or snapshot.tasks):
            work.callbacks += await self._tools.recorder.begin(self.run)
        async with self._ticking(), self._tools.starts.join(self._budget.ledger) as start:
            self._meter.begin()
            while not snapshot.created_at or snapshot.tasks:
                await self._follow(work, snapshot, start)
                snapshot = await work.load()
                if snapshot.interrupts:
                    return None
        return await self._finish(cast(State, snapshot.values), work.gate)

    async def _reconcile(self, state: State, gate: Gate) -> None:
        """Reconciles log and checkpoint after a crash. Off the event loop: the gate checks the whole text."""
        missing = await asyncio.to_thread(lambda: list(reconcile(self._transcript, state, gate.shown)))
        for message in (*missing, *self._budget.missed(state)):
            self._put(message)
        self._meter.recall(self._transcript)

    async def _copy(self, gate: Gate) -> Message | None:
        """The last message of a run that copies another; None when it is to be written itself."""
        if self.run.cache_key is None:
            return None
        source_id, kept = self.run.source_run_id, True
        if source_id is None and self._number > 1:
            source_id = await self._choose_source(kept)
        while source_id is not None:
            source = await self._tools.sources.find(source_id)
            if source is not None:
                self._observer.on_cache_hit()
                if (ending := await self._copy_from(source)) is not None:
                    return ending
                self._observer.on_cache_miss()
                kept = kept and not source.is_finished
                if not source.is_finished:  # its log says that it is over; its row will in a moment
                    await asyncio.sleep(_LOOK_SECONDS)
                await self._reconcile(State(), gate)  # nothing of it is the run's own
            source_id = await self._choose_source(kept)
        return None

    async def _choose_source(self, kept: bool) -> str | None:
        self.run = await self._tools.sources.choose(self.run, self._lease, kept=kept)
        self._budget.narrow(self.run.options.budget_usd)
        return self.run.source_run_id

    async def _copy_from(self, source: Run) -> Message | None:
        if not source.is_finished:
            self._writer.put(self._meter.now(_SAME_ELSEWHERE))
        copy = self._tools.sources.copy(source, self.run.id, self._transcript, self._handle.draining)
        async with aclosing(copy) as messages:
            async for message in messages:
                if isinstance(message, RunCompleted):
                    self._writer.put(self._meter.done())
                    self._writer.put(self._workflow("completed"))
                    return message
                self._writer.put(message)
                self._report_progress(message)
        return None

    async def _follow(self, work: GraphWork, snapshot: StateSnapshot, start: Start) -> None:
        messages = stream_messages(
            work.graph,
            work.graph_input(snapshot),
            work.config,
            context=work.context,
            control=self._handle.control,
            tally=self._budget.tally,
        )
        # Closed whatever happens: a graph that nobody listens to would go on buying.
        turns = LoopTurns()
        async with aclosing(messages) as stream:
            async for message in stream:
                self._handle.settling = isinstance(message, InputRequested)
                if isinstance(message, TextAppended):
                    start.end()
                for part in cut_message(message, _IN_ONE_GO):
                    self._pass(work.gate, part)
                    await turns.give()
                self._report_progress(message)
                if _ends_section(message):
                    self._tools.on_section_end(self.run, self._lease, self._transcript)

    @asynccontextmanager
    async def _ticking(self) -> AsyncGenerator[None]:
        """Reports progress in silences too."""
        task = asyncio.create_task(self._tick(), name=f"progress of {self.run.id}")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            if self._handle.settling:  # nothing comes after the question
                continue
            if (progress := self._meter.tick()) is not None:
                with suppress(StaleWriter, LogUnavailable):  # the run's next own message says so
                    self._writer.put(progress)

    def _pass(self, gate: Gate, message: Message) -> None:
        for shown in gate.take(message):
            if isinstance(shown, TextAppended):
                self._written.add(slot_of(shown))
            self._put(shown)

    async def _finish(self, state: State, gate: Gate) -> Message:
        """The last message, once the log agrees with the graph. Raises Internal where it doesn't."""
        shown = unless_logged(self._transcript, gate.shown)
        missing = await asyncio.to_thread(lambda: list(reconcile(self._transcript, state, shown)))
        for message in missing:
            # The log and the state come from one stream; if they differ, the state is what is kept.
            log.error("log_differed_from_state", type=message.type)
        if any(isinstance(each, TextRetracted) and slot_of(each) in self._written for each in missing):
            raise Internal("What was written just now was not kept as it should be. The text so far is kept.")
        for message in missing:
            self._put(message)
        check_agreement(self._transcript, state)
        if self._transcript.metadata is not None:
            state["metadata"] = self._transcript.metadata.model_dump()  # with what the gate measured
        usage = self._transcript.whole_usage or self._budget.tally.usage
        ending = await asyncio.to_thread(complete, self.run.id, state, usage)  # it counts the whole text
        self._writer.put(self._meter.done())
        self._writer.put(self._workflow("completed"))
        return ending

    def _put(self, message: Message) -> None:
        """Logs a message. Metrics also get the number of model calls of the whole run, which the log has."""
        if isinstance(message, MetricsCalculated):
            calls = {"model_calls": len(self._transcript.calls)}
            message = message.model_copy(update=calls)
        self._writer.put(message)

    def _report_progress(self, message: Message) -> None:
        if (progress := self._meter.follow(message)) is not None:
            self._writer.put(progress)

    def _workflow(self, status: Literal["started", "resumed", "completed", "failed"]) -> NodeChanged:
        return NodeChanged(node="workflow", status=status, attempt=self._number)


def _ends_section(message: Message) -> bool:
    return (
        isinstance(message, NodeChanged) and message.node in SECTION_NODES and message.status == "completed"
    )
