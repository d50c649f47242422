"""LangGraph's events → messages: what counts, and that nothing else can reach a reader."""

from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables.schema import StreamEvent
from langgraph.types import Interrupt

from backend.streaming.events import EventMapping
from tests.unit.messages import EVERY_TYPE, OUTLINE, content
from workflows.messages.messages import (
    CallUsage,
    InputRequested,
    Message,
    MetricsCalculated,
    NodeChanged,
    NodeName,
    NodeStatus,
    SafetyChecked,
    TextRetracted,
    UsageUpdated,
    decode,
    encode,
)
from workflows.messages.usage_totals import UsageTotals
from workflows.sections.section_writer import SectionWriter

BEFORE = UsageUpdated(model="openai:test", input_tokens=10, output_tokens=20)
METADATA = next(message for message in EVERY_TYPE if isinstance(message, MetricsCalculated))


@pytest.fixture
def mapping() -> EventMapping:
    return EventMapping(UsageTotals(BEFORE))


def event(kind: str, data: dict[str, Any], name: str = "story", **others: Any) -> StreamEvent:
    """A v2 event of the graph itself, unless `others` say where it comes from."""
    whole = {"event": kind, "name": name, "data": data, "parent_ids": [], "metadata": {}, "tags": []}
    return cast(StreamEvent, {**whole, "run_id": "x", **others})


def custom(item: Any) -> StreamEvent:
    return event("on_chain_stream", {"chunk": ("custom", item)})


def update(node: str, brought: Any, **others: Any) -> StreamEvent:
    return event("on_chain_stream", {"chunk": ("updates", {node: brought, **others})})


def node_start(node: str, task_input: Any = None, name: str | None = None) -> StreamEvent:
    return event(
        "on_chain_start",
        {"input": task_input},
        name or node,
        parent_ids=["graph"],
        metadata={"langgraph_node": node},
    )


def node_event(node: NodeName, status: NodeStatus, section: int | None = None) -> NodeChanged:
    return NodeChanged(node=node, status=status, section=section)


def messages(mapping: EventMapping, *events: StreamEvent) -> list[Message]:
    return [message for one in events for message in mapping.messages(one)]


def test_event_of_a_node_that_begins_is_started_with_its_section(mapping: EventMapping) -> None:
    task = {"index": 1, "input": {}, "outline": OUTLINE.model_dump()}
    assert messages(mapping, node_start("generate_content", task), node_start("outline", {"input": {}})) == [
        NodeChanged(node="generate_content", status="started", section=1, title="Dawn"),
        node_event("outline", "started"),
    ]


def test_nodes_that_were_at_work_when_the_graph_broke_have_failed(mapping: EventMapping) -> None:
    tasks = [{"index": index, "input": {}, "outline": OUTLINE.model_dump()} for index in (0, 1)]
    messages(mapping, *(node_start("generate_content", task) for task in tasks))
    messages(mapping, update("generate_content", {"sections": {0: {"index": 0, "text": "All well."}}}))
    assert list(mapping.failures()) == [
        NodeChanged(node="generate_content", status="failed", section=1, title="Dawn")
    ]
    assert list(mapping.failures()) == []


@pytest.mark.parametrize(
    ("brought", "status"),
    [
        ({}, "skipped"),
        ({"results": {}, "pieces": {}}, "skipped"),
        ({"results": {"choices": []}}, "completed"),
    ],
)
def test_derive_of_a_format_that_makes_nothing_of_the_text_is_skipped(
    mapping: EventMapping, brought: dict[str, Any], status: NodeStatus
) -> None:
    assert messages(mapping, update("derive", brought)) == [node_event("derive", status)]


@pytest.mark.parametrize(
    "silent",
    [
        node_start("outline", name="RunnableSequence"),
        node_start("outline", name="ChatOpenAI"),
        node_start("dispatch"),
        node_start("review_outline"),
        node_start("__start__"),
        event("on_chain_start", {"input": {}}, "story"),
        event("on_chain_end", {"output": {"sections": {}}}, "outline", metadata={"langgraph_node": "outline"}),
        event("on_chat_model_start", {"input": {}}, "ChatOpenAI", parent_ids=["graph", "node"]),
        event(
            "on_chat_model_stream",
            {"chunk": AIMessageChunk(content='{"title": "secret"')},
            "ChatOpenAI",
            parent_ids=["graph", "node"],
            metadata={"langgraph_node": "outline"},
        ),
        event("on_chain_stream", {"chunk": {"text": "inner"}}, "outline", parent_ids=["graph"]),
        event("on_parser_stream", {"chunk": "x"}, "JsonOutputParser", parent_ids=["graph"]),
        event("on_custom_event", {"chunk": "x"}, "anything"),
        event("on_chat_model_end", {"output": AIMessage(content="no usage told")}, "ChatOpenAI", parent_ids=["graph"]),
        event("on_chat_model_end", {}, "ChatOpenAI", parent_ids=["graph"]),
        update("dispatch", {}),
        update("dispatch", None),
        update("review_outline", None),
        update("review_outline", {}),
    ],
    ids=lambda event: f"{event['event']} {event['name']}",
)  # fmt: skip
def test_event_that_means_nothing_to_a_reader_says_nothing(
    mapping: EventMapping, silent: StreamEvent
) -> None:
    assert messages(mapping, silent) == []


async def test_event_of_a_page_is_text_for_readers(mapping: EventMapping) -> None:
    written: list[Any] = []
    page = SectionWriter(3, written.append)
    page.retract("safety")
    page.write("Once\r\n")
    page.write(" upon ")
    page.finish()
    assert messages(mapping, *map(custom, written)) == [
        TextRetracted(section=3, reason="safety"),
        content(3, "Once"),
        content(3, "\nupon", ends=True),
    ]


async def test_event_of_text_is_on_the_wire_what_a_checked_message_would_be(mapping: EventMapping) -> None:
    written: list[Any] = []
    with SectionWriter(1, written.append) as section:
        section.write("Hi")
    (message,) = messages(mapping, *map(custom, written))
    assert encode(message) == encode(content(1, "Hi"))
    assert decode(encode(message)) == message


def test_event_of_a_message_that_a_node_wrote_is_that_message(mapping: EventMapping) -> None:
    verdict = SafetyChecked(stage="final", approved=False, score=0.4, issues=[
        {"category": "violence", "severity": "high", "section": 0, "quote": "kill", "advice": "Don't."}
    ])  # fmt: skip
    notice = NodeChanged(node="outline", status="started", message="The model is loading")
    assert messages(mapping, custom(verdict), custom(notice)) == [verdict, notice]


def test_event_of_an_interrupt_asks_the_person(mapping: EventMapping) -> None:
    asked = (Interrupt(value={"kind": "outline", "payload": OUTLINE.model_dump()}, id="x"),)
    assert messages(mapping, update("__interrupt__", asked)) == [
        InputRequested(kind="outline", payload=OUTLINE)
    ]


def test_usage_of_a_model_call_adds_to_the_runs_totals(mapping: EventMapping) -> None:
    def ended(read: int, written: int) -> StreamEvent:
        return custom(
            CallUsage(
                model="openai:gpt-test",
                role="writing",
                section=0,
                input_tokens=read,
                output_tokens=written,
            )
        )

    told = messages(mapping, ended(100, 5), ended(1, 2))
    assert [(m.input_tokens, m.output_tokens) for m in told if isinstance(m, UsageUpdated)] == [
        (110, 25),
        (111, 27),
    ]
    assert BEFORE.input_tokens == 10
