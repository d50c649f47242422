"""One run from its beginning, or from where it broke off, to its last message."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Literal, cast

import structlog
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained
from langgraph.types import Command, StateSnapshot

from backend.log.entry import LogUnavailable, StaleWriter
from backend.log.sql import SqlLog
from backend.runs.accounts import Account, Accounts
from backend.runs.cache import ResultCache
from backend.runs.options import RunOptions
from backend.runs.origin import plan_of, seed_state
from backend.runs.reconcile import reconcile
from backend.runs.recorder import Recorder
from backend.runs.replay import replay
from backend.runs.result import complete, failure
from backend.runs.signals import Signals
from backend.runs.writer import RunWriter
from backend.sight.attempt import Attempt, Sight
from backend.sight.measures import Outcome
from backend.store.runs import Run, RunRepository, Status
from backend.streaming.chunks import (
    Complete,
    Content,
    Error,
    InputRequired,
    Message,
    Metadata,
    NodeEvent,
    NodeEventData,
    OutlineMessage,
    Progress,
    Retract,
)
from backend.streaming.events import stream_messages
from backend.streaming.gate import Gate
from backend.streaming.progress import ProgressMeter
from backend.streaming.transcript import Transcript
from workflows.errors import Cancelled, Internal, RunTimeout, StorywireError
from workflows.graph import Graph
from workflows.safety.policy import Policy
from workflows.state import RunContext, State, text_of
from workflows.text.words import count_words

log = structlog.get_logger()


class Executor:
    """Executes runs. What it needs is given; what it knows of a run is in the log and the checkpoint."""

    def __init__(
        self,
        *,
        graphs: Mapping[str, Graph],
        run_log: SqlLog,
        repository: RunRepository,
        policy_of: Callable[[Run], Policy],
        accounts: Accounts,
        cache: ResultCache,
        sight: Sight,
        personal_of: Callable[[Run], Sequence[str] | None],
        recorder: Recorder | None = None,
        merge_seconds: float,
        run_timeout: float,
    ) -> None:
        self._graphs = graphs
        self._log = run_log
        self._repository = repository
        self._policy_of = policy_of
        self._accounts = accounts
        self._cache = cache
        self._storing: set[asyncio.Task[None]] = set()
        self._sight = sight
        self._personal_of = personal_of
        self._recorder = recorder
        self._merge_seconds = merge_seconds
        self._run_timeout = run_timeout

    async def execute(self, run: Run, signals: Signals) -> None:
        """Returns when the run ended, waits for a person, or was stopped by `signals`."""
        structlog.contextvars.bind_contextvars(run_id=run.id, format=run.format)
        attempt: Attempt | None = None
        outcome: Outcome = "interrupted"
        try:
            epoch = await self._log.take_over(run.id)
            transcript, last_seq = await replay(self._log, run.id)
            if transcript.terminal is not None and not signals.lifts_error:
                # A crash fell between the log and the table. A run that was cancelled stays cancelled.
                await self._accounts.store(run, transcript)
                await self._store(run, transcript.terminal, transcript)
                return
            log.info("run_begins", attempt=transcript.attempts + 1, model=run.model)
            attempt = self._sight.begin(run.id, run.format, transcript, lambda: self._personal_of(run))
            writer = RunWriter(
                self._log,
                run.id,
                epoch,
                last_seq=last_seq,
                transcript=transcript,
                merge_seconds=self._merge_seconds,
                watch=attempt,
            )
            async with writer:
                ending = await self._write(run, writer, signals, attempt)
                if self._recorder is not None:
                    self._recorder.end(run, ending)
                if ending is not None:
                    signals.settling = True
                    writer.put(ending)
            await self._accounts.store(run, transcript)
            outcome = await self._store(run, ending, transcript)
        except StaleWriter:
            log.warning("run_taken_over")
        except LogUnavailable:
            # Its last message can't be written either: the run stays as it is and is found at the next start.
            log.exception("run_log_unavailable")
        finally:
            self._cache.land(run)
            self._log.let_go(run.id)
            if attempt is not None:
                attempt.ended(outcome)
                log.info("run_ends", outcome=outcome)

    async def _write(self, run: Run, writer: RunWriter, signals: Signals, attempt: Attempt) -> Message | None:
        """The run's last message; None when it isn't over: it waits for a person, or for another process."""
        with self._accounts.keep(run, writer.transcript) as account:
            ending = await self._ending(run, writer, signals, attempt, account)
        for message in account.untold():
            writer.put(message)
        return ending

    async def _ending(
        self,
        run: Run,
        writer: RunWriter,
        signals: Signals,
        sight: Attempt,
        account: Account,
    ) -> Message | None:
        try:
            async with asyncio.timeout(self._run_timeout):
                return await signals.guard(self._run_graph(run, writer, signals, sight, account))
        except GraphDrained:
            return None
        except asyncio.CancelledError:
            if signals.reason is None:
                raise
            if signals.reason == "shutdown":
                return None
            if signals.reason == "given_up":
                log.error("run_given_up", deaths=run.deaths)
                return failure(Internal(_DIED.format(times=run.deaths)), writer.transcript)
            return failure(Cancelled("The run was stopped. The text so far is kept."), writer.transcript)
        except TimeoutError:
            return failure(RunTimeout("The run took longer than it may, and was stopped."), writer.transcript)
        except (StaleWriter, LogUnavailable):
            raise
        except StorywireError as error:
            log.info("run_failed", code=error.code, cause=type(error.__cause__).__name__)
            return failure(error, writer.transcript)
        except Exception:
            log.exception("run_broke")
            return failure(
                Internal("Something went wrong on our side. The text so far is kept."), writer.transcript
            )

    async def _run_graph(
        self,
        run: Run,
        writer: RunWriter,
        signals: Signals,
        sight: Attempt,
        account: Account,
    ) -> Message | None:
        graph = self._graphs[run.format]
        callbacks: list[BaseCallbackHandler] = [*sight.callbacks]
        if self._recorder is not None:
            callbacks = [*callbacks, *await self._recorder.begin(run)]
        options = RunOptions.model_validate(run.options)
        config = RunnableConfig(
            configurable={"thread_id": run.id},
            max_concurrency=options.parallel,
            recursion_limit=10_000,
            run_name=run.format,
            metadata={"run_id": run.id, "format": run.format, "attempt": writer.transcript.attempts + 1},
            tags=["storywire"],
            callbacks=callbacks,
        )
        snapshot = await graph.aget_state(config)
        if not snapshot.created_at and (seed := seed_state(run)) is not None:
            await graph.aupdate_state(config, seed[0], as_node=seed[1])
            snapshot = await graph.aget_state(config)
        state = cast(State, snapshot.values)
        transcript = writer.transcript
        attempt = transcript.attempts + 1
        writer.put(_workflow("started" if attempt == 1 else "resumed", attempt))
        await writer.flush()
        signals.begun.set()
        gate = Gate(self._policy_of(run), time.monotonic)
        for message in (*reconcile(transcript, state, gate.shown), *account.missed(state)):
            writer.put(_counted(message, transcript))

        meter = ProgressMeter(time.monotonic)
        _prepare(meter, transcript)
        if not snapshot.created_at and transcript.outline is None:
            kept = await self._cache.obtain(
                run, lambda percent: writer.put(meter.now(_SAME_ELSEWHERE, percent))
            )
            if kept is not None:
                await writer.flush()  # what it was told before is its own
                sight.retold()
                return _retell(kept, writer, meter, attempt)
        # Not `snapshot.next`: it is empty too when every task of a step is done but the step isn't checkpointed.
        if not snapshot.created_at or snapshot.tasks:
            messages = stream_messages(
                graph,
                _graph_input(run, snapshot),
                config,
                context=RunContext(
                    model=run.model,
                    parallel=options.parallel,
                    review_outline=options.review_outline,
                    keep_length=options.keep_length,
                    owner=run.owner,
                ),
                control=signals.control,
                tally=account.tally,
            )
            # Closed whatever happens: a graph that nobody listens to would go on buying.
            async with aclosing(messages) as stream:
                async for message in stream:
                    signals.settling = isinstance(message, InputRequired)
                    for told in gate.take(message):
                        writer.put(_counted(told, transcript))
                    if (progress := _progress(meter, message)) is not None:
                        writer.put(progress)
                        self._cache.tell(run, progress.data.percent)
                    if _ends_section(message):
                        self._store_progress(run, transcript)
            snapshot = await graph.aget_state(config)
            state = cast(State, snapshot.values)
        if snapshot.interrupts:
            return None
        for message in reconcile(transcript, state, gate.shown):
            # The log and the state come from one stream; if they differ, the state is what is kept.
            log.error("log_differed_from_state", type=message.type)
            writer.put(_counted(message, transcript))
        if transcript.text != text_of(state["sections"]):
            raise Internal("The text that was checked is not the text that was told; it is kept back.")
        told_pieces = {name: transcript.piece_text(name) for name in transcript.pieces}
        if told_pieces != {name: piece["text"] for name, piece in state.get("pieces", {}).items()}:
            raise Internal("A piece that was checked is not the one that was told; it is kept back.")
        for message in account.missed(state):
            writer.put(message)
        writer.put(meter.done())
        writer.put(_workflow("completed", attempt))
        if transcript.metadata is not None:
            state["metadata"] = transcript.metadata.model_dump()  # with what the gate measured
        return complete(run.id, state, transcript.whole_usage or account.tally.usage)

    def _store_progress(self, run: Run, transcript: Transcript) -> None:
        """What was spent, and that it got on; beside the writing, which need not wait for it: if the process
        dies, little is missing."""
        works = [self._accounts.store(run, transcript)]
        if run.deaths:
            works.append(self._repository.update(run.id, deaths=0))
        for work in works:
            task = asyncio.create_task(work, name=f"progress {run.id}")
            self._storing.add(task)
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._storing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning(
                "progress_not_stored", error=type(error).__name__
            )  # the end of the run stores it again

    async def _store(self, run: Run, ending: Message | None, transcript: Transcript) -> Outcome:
        match ending:
            case Complete():
                await self._store_result(run, ending)
                return "completed"
            case Error(data=data):
                status: Literal["cancelled", "failed"]
                status = "cancelled" if data.code == Cancelled.code else "failed"
                title = transcript.outline.title if transcript.outline else None
                await self._repository.finish(
                    run.id, status, error=data.model_dump(), title=title, words=data.partial.words
                )
                return status
            case _:
                return await self._store_pause(run, transcript)

    async def _store_result(self, run: Run, ending: Complete) -> None:
        result = ending.data.model_dump(mode="json", exclude_none=True)
        words = sum(section.words for section in ending.data.sections)
        told = {"result": result, "title": ending.data.title, "words": words}
        if ending.data.cached:  # its plan came with the result
            await self._repository.finish(run.id, "completed", **told)
            return
        snapshot = await self._graphs[run.format].aget_state({"configurable": {"thread_id": run.id}})
        plan = plan_of(cast(State, snapshot.values)) or None
        await self._repository.finish(run.id, "completed", plan=plan, **told)
        await self._cache.keep(run)

    async def _store_pause(self, run: Run, transcript: Transcript) -> Outcome:
        snapshot = await self._graphs[run.format].aget_state({"configurable": {"thread_id": run.id}})
        status: Status = "waiting" if snapshot.interrupts else "running"
        title = transcript.outline.title if transcript.outline else None
        await self._repository.update(
            run.id, status=status, process=None, title=title, words=transcript.words
        )
        return "waiting" if snapshot.interrupts else "interrupted"


def _retell(kept: list[Message], writer: RunWriter, meter: ProgressMeter, attempt: int) -> Message:
    """A result that was kept, as if it had just been written. Returns the last message."""
    *messages, ending = kept
    for message in messages:
        writer.put(message)
        if (progress := _progress(meter, message)) is not None:
            writer.put(progress)
    writer.put(meter.done())
    writer.put(_workflow("completed", attempt))
    return ending


def _ends_section(message: Message) -> bool:
    return (
        isinstance(message, NodeEvent)
        and message.data.node == "generate_content"
        and message.data.status == "completed"
    )


def _workflow(status: Any, attempt: int) -> NodeEvent:
    return NodeEvent(data=NodeEventData(node="workflow", status=status, attempt=attempt))


def _graph_input(run: Run, snapshot: StateSnapshot) -> dict[str, Any] | Command[Any] | None:
    """A new run brings its input, an answered one the answer; one that goes on brings nothing."""
    if not snapshot.created_at:
        return {"input": run.input}
    if snapshot.interrupts and run.answer is not None:
        return Command(resume=run.answer)
    return None


def _counted(message: Message, transcript: Transcript) -> Message:
    """The metrics also say how many calls of a model the whole run took: the log knows of all its attempts."""
    if not isinstance(message, Metadata):
        return message
    return Metadata(data=message.data.model_copy(update={"model_calls": len(transcript.calls)}))


def _prepare(meter: ProgressMeter, transcript: Transcript) -> None:
    words = {index: count_words(transcript.text_of(index)) for index in transcript.started}
    meter.resume(words, transcript.percent)
    if transcript.outline is not None:
        meter.plan(sum(section.target_words for section in transcript.outline.sections))


def _progress(meter: ProgressMeter, message: Message) -> Progress | None:
    """What a message means for the progress; said after it."""
    match message:
        case OutlineMessage(data=outline):
            return meter.plan(sum(section.target_words for section in outline.sections))
        case Content(data=content) if content.piece is None:
            return meter.add(content.section, content.chunk)
        case Content(data=content):
            return meter.look(f"Writing {content.piece}")
        case Retract(data=retraction) if retraction.piece is None:
            meter.drop(retraction.section)
        case NodeEvent(data=event) if event.status == "started" and event.node in _SAYINGS:
            return meter.now(_SAYINGS[event.node])
    return None


_DIED = (
    "The service's process died {times} times in a row while it worked on this run, so it isn't taken up again by "
    "itself. The text so far is kept."
)
_SAME_ELSEWHERE = "The same is being written for another run; this one gets it when it is done"
_SAYINGS = {
    "outline": "Planning",
    "safety_check": "Checking the text",
    "enhance_content": "Rewriting what was found fault with",
    "derive": "Adding what goes with the text",
    "calculate_metrics": "Counting",
}
