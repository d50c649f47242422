"""The graph that writes every format: outline → sections → safety → derived results → metrics. Wiring only."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol, runtime_checkable

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from typing_extensions import TypedDict

from workflows.formats.base import AnyFormat
from workflows.formats.capabilities import Researches
from workflows.formats.defaults import context_words_of, facts_section_of
from workflows.lookups import EmptyLookups, Lookups
from workflows.models.budget.ledger import Ledgers
from workflows.models.clients.catalog import ModelCatalog
from workflows.nodes.calculate_metrics import calculate_metrics
from workflows.nodes.derive import derive
from workflows.nodes.dispatch import dispatch
from workflows.nodes.enhance_content import enhance_content
from workflows.nodes.generate_content import generate_content
from workflows.nodes.outline import outline, review_outline
from workflows.nodes.research import ResearchTask, research
from workflows.nodes.safety_check import safety_check
from workflows.routing import (
    SectionOrder,
    after_outline,
    after_rewrite,
    after_section,
    route_rewrites,
    route_sections,
)
from workflows.safety.policies.registry import PolicyRegistry
from workflows.sections.finished_text import finished_state
from workflows.sections.node_context import NodeServices
from workflows.sections.siblings import Siblings
from workflows.sections.with_usage import with_context, with_usage
from workflows.state import RewriteTask, RunContext, SectionTask, State

Graph = CompiledStateGraph[State, RunContext, Any, Any]
_Builder = StateGraph[State, RunContext, Any, Any]


@runtime_checkable
class DurableCheckpointer(Protocol):
    """A checkpointer that starts writing a task's result when the task ends, and reports when it is durable: a
    section starts when the results before it are."""

    async def flushed(self, thread_id: str) -> None:
        """Returns when the results of this thread's finished tasks are durable, even against a kill."""


def build_graph(
    format: AnyFormat,
    models: ModelCatalog,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    policies: PolicyRegistry | None = None,
    lookups: Lookups | None = None,
    revisions: int | None = None,
    ledgers: Ledgers | None = None,
    context_words: int | None = None,
) -> Graph:
    """The graph of a format. LangGraph Studio adds a checkpointer of its own afterwards.

    `revisions`: how often a review may have sections written again, if not as often as the format says.
    `context_words`: words up to which a section is shown the whole text before it, if not as many as the format says.

    Raises TypeError for a checkpointer that isn't a `DurableCheckpointer`: with it, a kill would cost every section
    that is finished.
    """
    budget = context_words_of(format) if context_words is None else context_words
    services = NodeServices(
        format,
        models,
        policies or PolicyRegistry(),
        lookups or EmptyLookups(),
        revisions,
        ledgers or Ledgers(),
        _flushed(checkpointer),
        _finished(checkpointer),
        budget,
    )
    # A schema of its own for each format: Studio makes the input form from it.
    graph = StateGraph(State, context_schema=RunContext, input_schema=_request_schema(format))
    _add_nodes(graph, services)
    _add_edges(graph, format, budget)
    return graph.compile(checkpointer=checkpointer, name=format.name)


def _add_nodes(graph: _Builder, services: NodeServices) -> None:
    together = Siblings().together
    graph.add_node("outline", with_usage(services, outline, begins=True), input_schema=State)
    graph.add_node("review_outline", with_context(services, review_outline), input_schema=State)
    graph.add_node("dispatch", dispatch)
    graph.add_node(
        "generate_content", with_usage(services, together(generate_content)), input_schema=SectionTask
    )
    if isinstance(services.format, Researches):
        graph.add_node("research", with_usage(services, together(research)), input_schema=ResearchTask)
    graph.add_node("safety_check", with_usage(services, safety_check), input_schema=State)
    graph.add_node(
        "enhance_content", with_usage(services, together(enhance_content)), input_schema=RewriteTask
    )
    graph.add_node("derive", with_usage(services, derive), input_schema=State)
    graph.add_node("calculate_metrics", with_context(services, calculate_metrics), input_schema=State)


def _add_edges(graph: _Builder, format: AnyFormat, context_words: int) -> None:
    researches = isinstance(format, Researches)
    sections = ["generate_content", "enhance_content", "safety_check", *(["research"] if researches else [])]
    order = SectionOrder(facts_section_of(format), researches, context_words)

    # LangGraph reads the state for an edge by its annotation: a section's own input is its task.
    def after(choose: Callable[[State, SectionOrder], Any]) -> Callable[[State], Any]:
        def edge(state: State) -> Any:
            return choose(state, order)

        return edge

    graph.add_edge(START, "outline")
    graph.add_conditional_edges("outline", after(after_outline), ["review_outline", *sections])
    graph.add_conditional_edges("review_outline", after(route_sections), sections)
    graph.add_conditional_edges("generate_content", after(after_section), ["dispatch", *sections])
    if researches:
        graph.add_edge("research", "dispatch")
    graph.add_conditional_edges("dispatch", after(route_sections), sections)
    graph.add_conditional_edges(
        "safety_check",
        partial(route_rewrites, context_words=context_words),
        ["enhance_content", "derive"],
    )
    graph.add_conditional_edges("enhance_content", after_rewrite, ["dispatch", "safety_check"])
    graph.add_edge("derive", "calculate_metrics")
    graph.add_edge("calculate_metrics", END)


def _flushed(checkpointer: BaseCheckpointSaver[Any] | None) -> Callable[[str], Awaitable[None]] | None:
    if checkpointer is None:
        return None
    if not isinstance(checkpointer, DurableCheckpointer):
        raise TypeError(
            f"{type(checkpointer).__name__} can't say when a task's result is safe (`flushed`): derive it from "
            "backend.store.checkpoints.durable_saver.DurableSaver and LangGraph's saver."
        )
    return checkpointer.flushed


def _finished(checkpointer: BaseCheckpointSaver[Any] | None) -> Callable[[str], Awaitable[State]] | None:
    """What there is of a thread's text, also of tasks of a step that still goes on."""
    if checkpointer is None:
        return None

    async def read(thread_id: str) -> State:
        found = await checkpointer.aget_tuple({"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}})
        return State() if found is None else finished_state(found)

    return read


def _request_schema(format: AnyFormat) -> Any:
    # mypy reads TypedDicts off the page only; this one is made at run time.
    make_typed_dict: Any = TypedDict
    return make_typed_dict(f"{format.name.title()}Request", {"input": format.Input})
