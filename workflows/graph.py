"""The graph that writes every format: outline → sections → safety → derived results → metrics. Wiring only."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from typing_extensions import TypedDict

from workflows.formats.base import AnyFormat, Format
from workflows.library import EmptyLibrary, Library
from workflows.models.catalog import ModelCatalog
from workflows.models.ledger import Ledgers
from workflows.nodes.accounted import accounted
from workflows.nodes.calculate_metrics import calculate_metrics
from workflows.nodes.dependencies import Dependencies
from workflows.nodes.derive import derive
from workflows.nodes.dispatch import dispatch
from workflows.nodes.enhance_content import enhance_content
from workflows.nodes.generate_content import generate_content
from workflows.nodes.outline import outline, review_outline
from workflows.nodes.research import ResearchTask, research
from workflows.nodes.safety_check import safety_check
from workflows.routing import after_safety_check, hand_out
from workflows.safety.registry import PolicyRegistry
from workflows.state import RewriteTask, RunContext, SectionTask, State

Graph = CompiledStateGraph[State, RunContext, Any, Any]


def build_graph(
    format: AnyFormat,
    models: ModelCatalog,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    policies: PolicyRegistry | None = None,
    library: Library | None = None,
    revisions: int | None = None,
    ledgers: Ledgers | None = None,
    settled: Callable[[str], Awaitable[None]] | None = None,
) -> Graph:
    """The graph of one format. LangGraph Studio brings a checkpointer of its own.

    `revisions`: how often a review may have sections written again, if not as often as the format says.
    `settled` returns when the checkpointer has on the disk what tasks of this thread have brought so far.
    """
    deps = Dependencies(
        format,
        models,
        policies or PolicyRegistry(),
        library or EmptyLibrary(),
        revisions,
        ledgers or Ledgers(),
        settled,
    )
    # A schema of its own for each format: Studio makes the input form from it.
    graph = StateGraph(State, context_schema=RunContext, input_schema=_request_schema(format))

    graph.add_node("outline", accounted(partial(outline, deps), begins=True), input_schema=State)
    graph.add_node("review_outline", partial(review_outline, deps))
    graph.add_node("dispatch", dispatch)
    graph.add_node("generate_content", accounted(partial(generate_content, deps)), input_schema=SectionTask)
    graph.add_node("safety_check", accounted(partial(safety_check, deps)), input_schema=State)
    graph.add_node("enhance_content", accounted(partial(enhance_content, deps)), input_schema=RewriteTask)
    graph.add_node("derive", accounted(partial(derive, deps)), input_schema=State)
    graph.add_node("calculate_metrics", partial(calculate_metrics, deps))

    graph.add_edge(START, "outline")
    graph.add_edge("outline", "review_outline")
    graph.add_edge("review_outline", "dispatch")
    researches = type(format).research is not Format.research
    route = partial(hand_out, facts_section=format.facts_section, researches=researches)
    graph.add_conditional_edges(
        "dispatch", route, ["generate_content", "safety_check", *(["research"] if researches else [])]
    )
    graph.add_edge("generate_content", "dispatch")
    if researches:
        graph.add_node("research", accounted(partial(research, deps)), input_schema=ResearchTask)
        graph.add_edge("research", "dispatch")
    graph.add_conditional_edges("safety_check", after_safety_check, ["enhance_content", "derive"])
    graph.add_edge("enhance_content", "safety_check")
    graph.add_edge("derive", "calculate_metrics")
    graph.add_edge("calculate_metrics", END)
    return graph.compile(checkpointer=checkpointer, name=format.name)


def _request_schema(format: AnyFormat) -> Any:
    # mypy reads TypedDicts off the page only; this one is made at run time.
    make_typed_dict: Any = TypedDict
    return make_typed_dict(f"{format.name.title()}Request", {"input": format.Input})
