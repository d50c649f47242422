"""Where a graph goes next."""

from typing import Any, Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.runtime import Runtime
from langgraph.types import Send

from workflows.errors import SafetyRejected
from workflows.faults import MAX_REWRITES, sections_to_rewrite_in_order
from workflows.messages.messages import PlannedSection, SafetyIssue
from workflows.routing import (
    after_safety_check,
    next_sections,
    sections_to_revise,
)
from workflows.section_tasks import shorten_tasks, whole_task
from workflows.state import (
    Outline,
    RewriteTask,
    RunContext,
    Section,
    SectionTask,
    State,
    add_sections,
    text_of,
    write_order,
)
from workflows.verdicts import FEEDBACK, ReviewFinding, SectionFaults, Verdict


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
        "text_so_far": {"notes": [], "texts": ["Start 0.\n\nEnd 0."]},
        "wants_notes": False,
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


def refused(*at_fault: int) -> Verdict:
    issues = [SafetyIssue(category="x", severity="high", section=i, quote="q", advice="a") for i in at_fault]
    return Verdict(stage="final", approved=not at_fault, score=0.1, issues=issues)


def rewrites(state: State) -> list[RewriteTask]:
    """What `enhance_content` is given; nothing when the text stays."""
    found = after_safety_check(state)
    if isinstance(found, str):
        assert found == "derive"
        return []
    assert {send.node for send in found} == {"enhance_content"}
    return [send.arg for send in found]


def finished(**others: Any) -> State:
    """Three sections, and what a check said of them."""
    return cast(State, {**state_of(3, 0, 1, 2), "rewrites": 0, **others})


def test_routing_after_the_check_rewrites_each_section_at_fault_by_itself() -> None:
    first, second = rewrites(finished(safety=refused(2, 0, 2)))
    assert (first["index"], second["index"]) == (0, 2)
    assert (len(first["review_notes"]), len(second["review_notes"])) == (1, 2)
    assert second["section"]["text"] == "Start 2.\n\nEnd 2." and second["last_paragraph"] == "End 1."
    for task in (first, second):
        assert (task["reason"], task["rewrites"], task["revisions"]) == ("safety", 1, 0)


def test_routing_after_a_check_that_approves_goes_on() -> None:
    assert rewrites(finished(safety=refused())) == []


def test_routing_after_a_check_that_names_no_section_never_goes_on() -> None:
    verdict = Verdict(stage="final", approved=False, score=0.1, issues=[])
    with pytest.raises(SafetyRejected):
        after_safety_check(finished(safety=verdict))


def test_routing_after_the_check_revises_what_a_review_asked_for_with_a_verdict_or_without() -> None:
    review = {
        "revising": [1],
        "findings": [ReviewFinding(rule="cat", section=1, advice="A cat.", rewrite=True)],
    }
    for state in (finished(**review), finished(**review, safety=refused())):
        (task,) = rewrites(state)
        assert (task["index"], task["reason"], task["rewrites"], task["revisions"]) == (1, "revision", 0, 1)
        assert [note["advice"] for note in task["review_notes"]] == ["A cat."]
    (both,) = rewrites(finished(**review, safety=refused(1)))
    assert (both["reason"], both["rewrites"], both["revisions"]) == ("safety", 1, 1)
    assert [note["advice"] for note in both["review_notes"]] == ["a", "A cat."]


def test_routing_counts_no_revision_for_what_a_person_asked_for() -> None:
    wish = ReviewFinding(rule=FEEDBACK, section=1, advice="Shorter.", rewrite=True)
    (task,) = rewrites(finished(revising=[1], findings=[wish]))
    assert (task["rewrites"], task["revisions"]) == (0, 0)


def test_routing_tells_a_persons_wish_to_whoever_writes_the_section_again() -> None:
    wish = ReviewFinding(rule=FEEDBACK, section=1, advice="A cat.", rewrite=True)
    fault = ReviewFinding(rule="grade", section=1, advice="Plainer.", rewrite=True)
    (revision,) = rewrites(finished(revising=[1], findings=[fault], wishes=[wish]))
    assert [note["advice"] for note in revision["review_notes"]] == ["A cat.", "Plainer."]
    assert revision["revisions"] == 1
    (rewritten,) = rewrites(finished(safety=refused(1), wishes=[wish]))
    assert [note["advice"] for note in rewritten["review_notes"]] == ["A cat.", "a"]
    (other,) = rewrites(finished(safety=refused(0), wishes=[wish]))
    assert [note["advice"] for note in other["review_notes"]] == ["a"]


FINDINGS = [
    ReviewFinding(rule="a", section=2, advice="x", rewrite=True),
    ReviewFinding(rule="b", section=0, advice="x", rewrite=True),
    ReviewFinding(rule="c", section=2, advice="x", rewrite=True),
    ReviewFinding(rule="d", section=1, advice="x", rewrite=False),
    ReviewFinding(rule="e", section=9, advice="x", rewrite=True),
    ReviewFinding(rule="f", advice="x", rewrite=True),
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


def test_section_without_a_safety_rewrite_left_is_not_revised() -> None:
    state = state_of(3, 0, 1, 2)
    state["rewrites"] = state["revisions"] = 0
    state["rewritten_in_order"] = [2, 0, 2]
    assert sections_to_revise(state, FINDINGS, most=1) == [0]
    state["rewrites"] = 1
    assert sections_to_revise(state, FINDINGS, most=1) == []


@pytest.mark.parametrize(("rewrites", "expected"), [(0, [0]), (1, [0]), (2, [])])
@pytest.mark.parametrize("reason", ["safety", "revision"])
def test_section_is_written_again_in_order_while_a_safety_rewrite_is_left(
    reason: Literal["safety", "revision"], rewrites: int, expected: list[int]
) -> None:
    state = state_of(3, 0)
    note = SafetyIssue(category="a", severity="high", advice="a")
    state["faults"] = {0: SectionFaults(reason=reason, notes=[note])}
    state["rewritten_in_order"] = [0] * rewrites
    assert sections_to_rewrite_in_order(state) == expected


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


@pytest.mark.parametrize(
    "state",
    [
        state_of(3),
        state_of(3, 0),
        State(**{**state_of(3, 0, 1), "facts": {"canonical_pack": {"a": 1}, "sources": []}}),
        State(**{**state_of(3, 0, 1, 2), "rewrites": 0, "safety": refused(0, 2)}),
    ],
    ids=["first", "second", "with facts", "rewrites"],
)
def test_task_has_all_again_that_it_had_before_it_was_shortened(state: State) -> None:
    found = after_safety_check(state) if "safety" in state else next_sections(state, None)
    assert not isinstance(found, str)
    shortened = shorten_tasks(found)
    for before, short in zip(found, shortened, strict=True):
        assert len(str(short.arg)) < 400
        title = state["outline"]["sections"][before.arg["index"]]["title"]
        assert whole_task(state, short.arg) == {**before.arg, "title": title}


def test_shortened_task_has_no_copy_of_the_text_or_the_plan() -> None:
    state = state_of(40, *range(30))
    [task] = shorten_tasks(cast(list[Send], next_sections(state, None)))
    assert task.arg == {"title": "t", "index": 30, "target_words": 90, "ask_words": 90}


def test_task_of_an_earlier_release_is_taken_as_it_is() -> None:
    (task,) = tasks(state_of(3, 0), RunContext())
    assert whole_task(state_of(3, 0, 1), task) is task
