"""Graph of a run as an attempt executes it: its thread, its configuration, and the gate before its readers."""

import time
from collections.abc import Mapping
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command, StateSnapshot

from backend.runs.formats import RunFormats
from backend.store.runs.runs import Run
from backend.streaming.gate import Gate
from backend.timezones import local_date
from workflows.errors import NotFound
from workflows.graph import Graph
from workflows.state import RunContext
from workflows.versions import seeded_state


class GraphWork:
    """The graph for one attempt; `attempt` counts from 1."""

    def __init__(
        self, run: Run, formats: RunFormats, attempt: int, callbacks: list[BaseCallbackHandler]
    ) -> None:
        self._run = run
        self.graph = formats.graph(run)
        self.gate = Gate(formats.policy(run), time.monotonic)
        self.callbacks = [*callbacks]
        self.config = RunnableConfig(
            configurable={"thread_id": run.id},
            max_concurrency=_concurrency(run, self.graph),
            recursion_limit=10_000,
            run_name=run.format,
            metadata={"run_id": run.id, "format": run.format, "attempt": attempt},
            tags=["storywire"],
            callbacks=self.callbacks,
        )
        self.context = RunContext(
            model=run.model,
            parallel=run.options.parallel,
            review_outline=run.options.review_outline,
            keep_length=run.options.keep_length,
            today=local_date(run.created_at, run.options.timezone or formats.time_zone).isoformat(),
            owner=run.owner,
        )

    async def load(self, *, is_new: bool = False) -> StateSnapshot:
        """The newest checkpoint, of which a run that `is_new` has none; that of a version begins with the sections that
        it takes over."""
        snapshot = _NO_CHECKPOINT if is_new else await self.graph.aget_state(self.config)
        origin = self._run.origin
        if not snapshot.created_at and origin is not None:
            if origin.has_lost_seed:
                raise NotFound("The text that this version is made of was deleted.")
            if (seed := origin.seed) is not None:
                state, node = seeded_state(seed, self._run.input)
                snapshot = await self._go_on_after(node, state)
        if _leads_nowhere(snapshot):
            snapshot = await self._go_on_after(
                "dispatch" if snapshot.values.get("sections") else "outline", {}
            )
        return snapshot

    async def _go_on_after(self, node: str, state: Mapping[str, Any]) -> StateSnapshot:
        """The checkpoint after this node has written the state, and chosen what follows."""
        await self.graph.aupdate_state(self.config, dict(state), as_node=node)
        return await self.graph.aget_state(self.config)

    def graph_input(self, snapshot: StateSnapshot) -> dict[str, Any] | Command[Any] | None:
        """The graph's input: a new run's input, a waiting run's answer, or None for a resumed run."""
        if not snapshot.created_at:
            return {"input": self._run.input}
        if snapshot.interrupts and self._run.answer is not None:
            return Command(resume=self._run.answer.model_dump())
        return None


def _leads_nowhere(snapshot: StateSnapshot) -> bool:
    """Whether nothing follows, although the text isn't complete. A node that was cancelled, or failed, after it had
    written its state and before the next one was chosen has a result for LangGraph: then nothing follows it."""
    is_complete = bool(snapshot.values.get("metadata"))
    return bool(snapshot.created_at) and not snapshot.tasks and not is_complete


_NO_CHECKPOINT = StateSnapshot({}, (), RunnableConfig(), None, None, None, (), ())


def _concurrency(run: Run, graph: Graph) -> int:
    """The number of concurrent tasks of the graph: the parallel sections, and research beside the first one."""
    options = run.options
    has_caps = options.budget_usd is not None or options.max_output_tokens is not None
    return options.parallel if has_caps or "research" not in graph.nodes else max(2, options.parallel)
