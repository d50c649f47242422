"""Mapping of LangGraph's events to messages. The only module that uses `astream_events`.

Two kinds of v2 events count, and nothing else can reach a reader:
- a node begins: `on_chain_start` where the event's name is the node's own;
- the graph's own stream (`on_chain_stream` without a parent), which is in order: messages and call usage that a node
  wrote itself (mode `custom`), and what a node that ended brought to the state (mode `updates`).
Models aren't listened to: what counts, a node writes itself, and a call reports its own usage.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any, cast, get_args

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.schema import StreamEvent
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl
from langgraph.types import Command

from workflows.graph import Graph
from workflows.messages.messages import (
    CallUsage,
    InputRequested,
    Message,
    MetricsCalculated,
    NodeChanged,
    NodeName,
    NodeStatus,
    OutlinePlanned,
)
from workflows.messages.usage_totals import UsageTotals
from workflows.state import SECTION_NODES, RunContext

_NODES = frozenset(get_args(NodeName))


async def stream_messages(
    graph: Graph,
    graph_input: dict[str, Any] | Command[Any] | None,
    config: RunnableConfig,
    *,
    context: RunContext,
    control: RunControl,
    tally: UsageTotals,
) -> AsyncGenerator[Message]:
    """Executes the graph and yields the messages for readers, in order. `tally` has the usage so far.

    Ends when the graph ended or waits for a person; raises what a node raised, and GraphDrained
    when `control` asked it to stop between two steps.
    """
    mapping = EventMapping(tally)
    events = graph.astream_events(
        graph_input,
        config,
        version="v2",
        context=context,
        control=control,
        stream_mode=["custom", "updates"],
        exclude_types=["chat_model"],
        # A step's checkpoint is on its way into the store before the next step begins, in order.
        durability="sync",
    )
    try:
        async with aclosing(cast(AsyncGenerator[StreamEvent], events)) as stream:
            async for event in stream:
                for message in mapping.messages(event):
                    yield message
    except GraphDrained:
        raise
    except Exception:
        for message in mapping.failures():
            yield message
        raise


class EventMapping:
    """Mapping of an event to its messages, mostly none, with the counters needed along the way."""

    def __init__(self, tally: UsageTotals) -> None:
        self._tally = tally
        # Titles of the nodes that began and didn't end, by node and section.
        self._open: dict[tuple[NodeName, int | None], str | None] = {}

    def messages(self, event: StreamEvent) -> Iterator[Message]:
        """The messages of an event. Pure but for the token totals."""
        kind = event["event"]
        if kind == "on_chain_stream":
            if not event["parent_ids"]:
                yield from self._graph_stream(event["data"]["chunk"])
        elif kind == "on_chain_start":
            node = event["name"]
            if node == event["metadata"].get("langgraph_node") and node in _NODES:
                section, title = _section_of(event["data"].get("input"))
                self._open[cast(NodeName, node), section] = title
                yield NodeChanged(node=cast(NodeName, node), status="started", section=section, title=title)

    def _graph_stream(self, chunk: tuple[str, Any]) -> Iterator[Message]:
        mode, payload = chunk
        if mode == "custom":
            if not isinstance(payload, CallUsage):
                yield payload
            elif (usage := self._tally.add(payload)) is not None:
                yield usage
            return
        if (payload.get("__metadata__") or {}).get("cached"):
            return  # a task that an earlier attempt finished, and logged
        for node, update in payload.items():
            if node == "__interrupt__":
                yield _input_required(update)
            elif node in _NODES:
                yield from self._node_ended(node, update or {})
            elif node == "review_outline" and update:
                yield OutlinePlanned.model_validate(update["outline"])

    def failures(self) -> Iterator[NodeChanged]:
        """Messages for the nodes that were active when the graph failed: they won't end."""
        for (node, section), title in self._open.items():
            yield NodeChanged(node=node, status="failed", section=section, title=title)
        self._open.clear()

    def _node_ended(self, node: NodeName, update: dict[str, Any]) -> Iterator[Message]:
        if "outline" in update:
            yield OutlinePlanned.model_validate(update["outline"])
        if update.get("metadata"):
            yield MetricsCalculated.model_validate(update["metadata"])
        sections = update.get("sections") or {}
        section = next(iter(sections)) if node in SECTION_NODES else None
        title = self._open.pop((node, section), None)
        # A format that makes nothing of the finished text: the node had nothing to do.
        status: NodeStatus = "skipped" if node == "derive" and not any(update.values()) else "completed"
        yield NodeChanged(node=node, status=status, section=section, title=title)


def _section_of(task_input: Any) -> tuple[int | None, str | None]:
    """The index and the title of the section that a task is about; neither for a node of the whole text."""
    if not isinstance(task_input, dict) or "index" not in task_input:
        return None, None
    index = task_input["index"]
    if "outline" not in task_input:
        return index, task_input.get("title")
    # A task that an earlier release handed out.
    titles = {section["index"]: section["title"] for section in task_input["outline"]["sections"]}
    return index, titles.get(index)


def _input_required(interrupts: Any) -> InputRequested:
    value = interrupts[0].value
    return InputRequested(kind=value["kind"], payload=OutlinePlanned.model_validate(value["payload"]))
