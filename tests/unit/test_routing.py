"""Where a graph goes next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.runtime import Runtime

from workflows.routing import MAX_REWRITES, after_safety_check, next_sections, sections_to_revise
from workflows.state import (
    Finding,
    Outline,
    PlannedSection,
    RunContext,
    Section,
    SectionTask,
    State,
    Verdict,
    add_sections,
    text_of,
    write_order,
)


def outline(*indices: int) -> Outline:
    return Outline(
        title="T",
        sections=[PlannedSection(index=i, title="t", summary="s", target_words=90) for i in indices],
    )


def state_of(planned: int, *written: int) -> State:
    return State(
        input={"theme": "moon"},
        outline=outline(*range(planned)),
        notes={"hero": "Mia"},
        sections={i: Section(index=i, text=f"Start {i}.\n\nEnd {i}.") for i in written},
    )


def tasks(state: State, context: RunContext | None) -> list[SectionTask]:
    """What `generate_content` is given; nothing when the graph goes on to the check."""
    found = next_sections(state, Runtime(context=context))  # type: ignore[arg-type]
    if isinstance(found, str):
        assert found == "safety_check"
        return []
    assert {send.node for send in found} == {"generate_content"}
    return [send.arg for send in found]


def route(state: State, parallel: int = 1) -> list[int]:
    return [task["index"] for task in tasks(state, RunContext(parallel=parallel))]


@given(st.integers(1, 8), st.sets(st.integers(0, 7)), st.integers(1, 16))
def test_routing_hands_out_every_missing_section_and_no_other(
    planned: int, written: set[int], parallel: int
) -> None:
    missing = [index for index in range(planned) if index not in written]
    assert route(state_of(planned, *written), parallel) == (missing if parallel > 1 else missing[:1])


def test_routing_in_sequence_writes_all_sections_one_after_another() -> None:
    written: list[int] = []
    while found := route(state_of(4, *written)):
        written += found
    assert written == [0, 1, 2, 3]


def test_routing_gives_a_task_what_it_needs_and_the_last_paragraph_before_it() -> None:
    (task,) = tasks(state_of(3, 0), RunContext())
    assert task == {
        "input": {"theme": "moon"},
        "outline": outline(0, 1, 2),
        "notes": {"hero": "Mia"},
        "index": 1,
        "last_paragraph": "End 0.",
        "target_words": 90,
        "ask_words": 90,
        "facts": None,
        "research": {},
    }


def test_routing_in_parallel_starts_without_the_paragraph_that_is_not_there_yet() -> None:
    begun = tasks(state_of(3, 1), RunContext(parallel=4))
    assert [(task["index"], task["last_paragraph"]) for task in begun] == [(0, ""), (2, "End 1.")]


def test_routing_without_a_context_writes_in_sequence() -> None:
    assert [task["index"] for task in tasks(state_of(3), None)] == [0]


def test_routing_before_any_section_is_written_begins_with_the_first() -> None:
    state = state_of(2)
    del state["sections"]
    assert route(state) == [0]


@pytest.mark.parametrize(("approved", "node"), [(True, "derive"), (False, "enhance_content")])
def test_routing_after_the_check_rewrites_what_is_at_fault(approved: bool, node: str) -> None:
    verdict = Verdict(stage="final", approved=approved, score=1.0, issues=[])
    assert after_safety_check(State(safety=verdict)) == node


def test_routing_after_the_check_revises_what_a_review_asked_for_with_a_verdict_or_without() -> None:
    verdict = Verdict(stage="final", approved=True, score=1.0, issues=[])
    assert after_safety_check(State(safety=verdict, revising=[1])) == "enhance_content"
    assert after_safety_check(State(revising=[1])) == "enhance_content"
    assert after_safety_check(State(safety=verdict, revising=[])) == "derive"


FINDINGS = [
    Finding(rule="a", section=2, advice="x", rewrite=True),
    Finding(rule="b", section=0, advice="x", rewrite=True),
    Finding(rule="c", section=2, advice="x", rewrite=True),
    Finding(rule="d", section=1, advice="x", rewrite=False),
    Finding(rule="e", section=9, advice="x", rewrite=True),
    Finding(rule="f", advice="x", rewrite=True),
]


def test_sections_to_revise_are_those_whose_findings_ask_for_it_and_that_there_are() -> None:
    state = state_of(3, 0, 1, 2)
    state["rewrites"] = state["revisions"] = 0
    assert sections_to_revise(state, FINDINGS, most=1) == [0, 2]
    assert sections_to_revise(state, FINDINGS[3:4], most=1) == []


@pytest.mark.parametrize(
    ("revisions", "rewrites", "most"), [(1, 0, 1), (0, MAX_REWRITES, 1), (0, 0, 0), (3, 0, 2)]
)
def test_sections_to_revise_are_none_when_no_revision_or_no_safety_rewrite_is_left(
    revisions: int, rewrites: int, most: int
) -> None:
    state = state_of(3, 0, 1, 2)
    state["revisions"], state["rewrites"] = revisions, rewrites
    assert sections_to_revise(state, FINDINGS, most) == []


def test_write_order_is_reading_order_however_the_plan_lists_it() -> None:
    assert write_order(outline(2, 0, 1)) == [0, 1, 2]


def test_text_of_joins_sections_in_reading_order_by_a_blank_line() -> None:
    sections = {i: Section(index=i, text=f"Text {i}.") for i in (10, 2, 0)}
    assert text_of(sections) == "Text 0.\n\nText 2.\n\nText 10."
    assert text_of({}) == ""


def test_add_sections_keeps_siblings_replaces_rewrites_and_changes_neither_side() -> None:
    known, new = state_of(3, 0, 1)["sections"], {1: Section(index=1, text="Again.")}
    both = add_sections(known, new)
    assert (both[0], both[1]) == (known[0], new[1])
    assert known[1]["text"] == "Start 1.\n\nEnd 1."
