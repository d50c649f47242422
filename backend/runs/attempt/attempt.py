"""One attempt at writing a run: its graph, from where the checkpoint is, through the gate to the run's pen."""

import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Literal, cast

import structlog
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command, StateSnapshot

from backend.runs.admission.options import RunOptions
from backend.runs.admission.quota import Quota
from backend.runs.attempt.budget import Account
from backend.runs.attempt.handle import Signals
from backend.runs.attempt.last_message import complete
from backend.runs.attempt.log_writer import RunWriter
from backend.runs.attempt.reconcile import reconcile
from backend.runs.attempt.version_seed import seed_state
from backend.runs.results.cache import ResultCache
from backend.store.runs import Run
from backend.streaming.events import stream_messages
from backend.streaming.gate import Gate
from backend.streaming.progress import ProgressMeter
from backend.telemetry.observers import Attempt
from workflows.errors import Internal
from workflows.graph import Graph
from workflows.messages.messages import (
    InputRequested,
    Message,
    MetricsCalculated,
    NodeChanged,
    ProgressReported,
)
from workflows.messages.transcript import Transcript
from workflows.safety.policy import Policy
from workflows.state import RunContext, State, text_of

log = structlog.get_logger()

_SAME_ELSEWHERE = "The same is being written for another run; this one gets it when it is done"


class Writing:
    """What an attempt works with. `write` it once."""

    def __init__(
        self,
        run: Run,
        graph: Graph,
        writer: RunWriter,
        *,
        policy: Policy,
        account: Account,
        cache: ResultCache,
        quota: Quota,
        callbacks: list[BaseCallbackHandler],
        sight: Attempt,
        section_ended: Callable[[], None],
    ) -> None:
        self._run = run
        self._graph = graph
        self._writer = writer
        self._account = account
        self._cache = cache
        self._quota = quota
        self._sight = sight
        self._section_ended = section_ended
        self._transcript = writer.transcript
        self._attempt = writer.transcript.attempts + 1
        self._options = RunOptions.model_validate(run.options)
        self._gate = Gate(policy, time.monotonic)
        self._meter = ProgressMeter(time.monotonic)
        self._config = RunnableConfig(
            configurable={"thread_id": run.id},
            max_concurrency=_places(self._options, graph),
            recursion_limit=10_000,
            run_name=run.format,
            metadata={"run_id": run.id, "format": run.format, "attempt": self._attempt},
            tags=["storywire"],
            callbacks=callbacks,
        )

    async def write(self, signals: Signals) -> Message | None:
        """The run's last message; None when it waits for a person. Raises what ended it otherwise."""
        snapshot = await self._begin(signals)
        if not snapshot.created_at:
            kept = await self._cache.obtain(self._run, self._say_that_it_waits)
            if kept is not None:
                await self._writer.flush()  # what it was told before is its own
                self._sight.retold()
                return self._retell(kept)
        # Not `snapshot.next`: it is empty too when every task of a step is done but the step isn't checkpointed.
        if not snapshot.created_at or snapshot.tasks:
            await self._quota.charge(self._run)
            await self._follow_graph(snapshot, signals)
            snapshot = await self._graph.aget_state(self._config)
        if snapshot.interrupts:
            return None
        return self._finish(cast(State, snapshot.values))

    async def _begin(self, signals: Signals) -> StateSnapshot:
        """Says so, and makes log and checkpoint agree: a crash may have fallen between them."""
        snapshot = await self._graph.aget_state(self._config)
        if not snapshot.created_at and (seed := seed_state(self._run)) is not None:
            await self._graph.aupdate_state(self._config, seed[0], as_node=seed[1])
            snapshot = await self._graph.aget_state(self._config)
        self._writer.put(self._workflow("started" if self._attempt == 1 else "resumed"))
        await self._writer.flush()
        signals.begun.set()
        state = cast(State, snapshot.values)
        for message in (
            *reconcile(self._transcript, state, self._gate.shown),
            *self._account.missed(state),
        ):
            self._put(message)
        self._meter.recall(self._transcript)
        return snapshot

    async def _follow_graph(self, snapshot: StateSnapshot, signals: Signals) -> None:
        messages = stream_messages(
            self._graph,
            self._graph_input(snapshot),
            self._config,
            context=RunContext(
                model=self._run.model,
                parallel=self._options.parallel,
                review_outline=self._options.review_outline,
                keep_length=self._options.keep_length,
                owner=self._run.owner,
            ),
            control=signals.control,
            tally=self._account.tally,
        )
        # Closed whatever happens: a graph that nobody listens to would go on buying.
        async with aclosing(messages) as stream:
            async for message in stream:
                signals.settling = isinstance(message, InputRequested)
                for told in self._gate.take(message):
                    self._put(told)
                if (progress := self._tell_progress(message)) is not None:
                    self._cache.tell(self._run, progress.percent)
                if _ends_section(message):
                    self._section_ended()

    def _finish(self, state: State) -> Message:
        """The last message, once what was told is what the graph has. Raises Internal where it isn't."""
        for message in reconcile(self._transcript, state, self._gate.shown):
            # The log and the state come from one stream; if they differ, the state is what is kept.
            log.error("log_differed_from_state", type=message.type)
            self._put(message)
        _compare(self._transcript, state)
        for message in self._account.missed(state):
            self._put(message)
        self._writer.put(self._meter.done())
        self._writer.put(self._workflow("completed"))
        if self._transcript.metadata is not None:
            state["metadata"] = self._transcript.metadata.model_dump()  # with what the gate measured
        return complete(self._run.id, state, self._transcript.whole_usage or self._account.tally.usage)

    def _retell(self, kept: list[Message]) -> Message:
        """A result that was kept, as if it had just been written. Returns the last message."""
        *messages, ending = kept
        for message in messages:
            self._writer.put(message)
            self._tell_progress(message)
        self._writer.put(self._meter.done())
        self._writer.put(self._workflow("completed"))
        return ending

    def _graph_input(self, snapshot: StateSnapshot) -> dict[str, Any] | Command[Any] | None:
        """A new run brings its input, an answered one the answer; one that goes on brings nothing."""
        if not snapshot.created_at:
            return {"input": self._run.input}
        if snapshot.interrupts and self._run.answer is not None:
            return Command(resume=self._run.answer)
        return None

    def _put(self, message: Message) -> None:
        """The metrics also say how many calls of a model the whole run took: the log knows of all attempts."""
        if isinstance(message, MetricsCalculated):
            calls = {"model_calls": len(self._transcript.calls)}
            message = message.model_copy(update=calls)
        self._writer.put(message)

    def _tell_progress(self, message: Message) -> ProgressReported | None:
        if (progress := self._meter.follow(message)) is not None:
            self._writer.put(progress)
        return progress

    def _say_that_it_waits(self, percent: int) -> None:
        self._writer.put(self._meter.now(_SAME_ELSEWHERE, percent))

    def _workflow(self, status: Literal["started", "resumed", "completed"]) -> NodeChanged:
        return NodeChanged(node="workflow", status=status, attempt=self._attempt)


def _places(options: RunOptions, graph: Graph) -> int:
    """How many tasks of the graph may go on at once: as many sections as are asked for, and research beside the first
    one. But calls at once share what a budget leaves, so with one it is for the caller to choose."""
    has_caps = options.budget_usd is not None or options.max_output_tokens is not None
    return options.parallel if has_caps or "research" not in graph.nodes else max(2, options.parallel)


def _ends_section(message: Message) -> bool:
    return (
        isinstance(message, NodeChanged)
        and message.node in ("generate_content", "enhance_content")
        and message.status == "completed"
    )


def _compare(transcript: Transcript, state: State) -> None:
    if transcript.text != text_of(state["sections"]):
        raise Internal("The text that was checked is not the text that was told; it is kept back.")
    told = {name: transcript.piece_text(name) for name in transcript.pieces}
    if told != {name: piece["text"] for name, piece in state.get("pieces", {}).items()}:
        raise Internal("A piece that was checked is not the one that was told; it is kept back.")
