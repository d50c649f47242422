"""LangGraph's events → messages: what counts, and that nothing else can reach a reader."""

from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables.schema import StreamEvent
from langgraph.types import Interrupt

from backend.streaming.events import EventMapping
from tests.unit.messages import EVERY_TYPE, OUTLINE, content
from workflows.messages.messages import (
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
from workflows.messages.spending import Spending
from workflows.messages.usage_totals import Tally
from workflows.sections.section_writer import Page
from workflows.state import Section, Verdict

BEFORE = UsageUpdated(model="openai:test", input_tokens=10, output_tokens=20)
METADATA = next(message for message in EVERY_TYPE if isinstance(message, MetricsCalculated))


@pytest.fixture
def mapping() -> EventMapping:
    return EventMapping(Tally(BEFORE))


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
    task = {"index": 2, "input": {}, "outline": {}}
    assert messages(mapping, node_start("generate_content", task), node_start("outline", {"input": {}})) == [
        node_event("generate_content", "started", 2),
        node_event("outline", "started"),
    ]


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
    page = Page(3, written.append)
    page.retract("safety")
    page.write("Once\r\n")
    page.write(" upon ")
    page.finish()
    assert messages(mapping, *map(custom, written)) == [
        TextRetracted(section=3, reason="safety"),
        content(3, "Once"),
        content(3, "\nupon", ends=True),
    ]


def test_event_of_text_is_on_the_wire_what_a_checked_message_would_be(mapping: EventMapping) -> None:
    (message,) = messages(mapping, custom({"kind": "prose", "section": 1, "text": "Hi", "last": False}))
    assert encode(message) == encode(content(1, "Hi"))
    assert decode(encode(message)) == message


def test_event_of_a_verdict_is_a_safety_check(mapping: EventMapping) -> None:
    verdict = Verdict(stage="final", approved=False, score=0.4, issues=[
        {"category": "violence", "severity": "high", "section": 0, "quote": "kill", "advice": "Don't."}
    ])  # fmt: skip
    (message,) = messages(mapping, custom({"kind": "judgement", "verdict": verdict}))
    assert isinstance(message, SafetyChecked)
    assert message.model_dump(exclude_none=True) == verdict


def test_event_of_a_notice_is_said_by_its_node(mapping: EventMapping) -> None:
    notice = {"kind": "notice", "node": "outline", "message": "The model is loading"}
    assert messages(mapping, custom(notice)) == [
        NodeChanged(node="outline", status="started", message="The model is loading")
    ]


def test_event_of_the_plan_is_the_outline_and_then_the_nodes_end(mapping: EventMapping) -> None:
    brought = {"outline": OUTLINE.model_dump(), "notes": {"secret": 1}, "sections": {}, "rewrites": 0}
    assert messages(mapping, update("outline", brought)) == [
        OUTLINE,
        node_event("outline", "completed"),
    ]


def test_event_of_an_edited_plan_is_the_outline_again(mapping: EventMapping) -> None:
    edited = update("review_outline", {"outline": OUTLINE.model_dump()})
    assert messages(mapping, edited) == [OUTLINE]


def test_event_of_sections_in_parallel_ends_each_by_its_own(mapping: EventMapping) -> None:
    first, second = (
        update("generate_content", {"sections": {index: Section(index=index, text="It burns.")}})
        for index in (1, 0)
    )
    assert messages(mapping, first, second) == [
        node_event("generate_content", "completed", 1),
        node_event("generate_content", "completed", 0),
    ]


def test_event_of_a_rewrite_is_the_nodes_end_and_no_text_again(mapping: EventMapping) -> None:
    brought = {"sections": {1: Section(index=1, text="All well.")}, "rewrites": 1}
    assert messages(mapping, update("enhance_content", brought)) == [
        node_event("enhance_content", "completed", 1)
    ]


def test_event_of_the_metrics_is_metadata_with_the_formats_extras(mapping: EventMapping) -> None:
    brought = {"metadata": METADATA.model_dump()}
    assert messages(mapping, update("calculate_metrics", brought)) == [
        METADATA,
        node_event("calculate_metrics", "completed"),
    ]


def test_event_of_a_node_that_brought_nothing_is_its_end(mapping: EventMapping) -> None:
    assert messages(mapping, update("derive", None)) == [node_event("derive", "completed")]


def test_event_of_what_an_earlier_attempt_finished_is_not_told_twice(mapping: EventMapping) -> None:
    brought = {"sections": {1: Section(index=1, text="It burns.")}}
    assert messages(mapping, update("generate_content", brought, __metadata__={"cached": True})) == []
    assert messages(mapping, update("generate_content", brought, __metadata__=None)) != []


def test_event_of_an_interrupt_asks_the_person(mapping: EventMapping) -> None:
    asked = (Interrupt(value={"kind": "outline", "payload": OUTLINE.model_dump()}, id="x"),)
    assert messages(mapping, update("__interrupt__", asked)) == [
        InputRequested(kind="outline", payload=OUTLINE)
    ]


def test_spending_of_a_model_call_adds_to_the_runs_totals(mapping: EventMapping) -> None:
    def ended(read: int, written: int) -> StreamEvent:
        return custom(
            Spending(
                kind="spending",
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
