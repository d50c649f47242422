"""Tasks of the nodes that write a section: all that a section is written from, first or anew. Pure."""

from collections.abc import Mapping
from typing import Any, cast

from langgraph.types import Send

from workflows.context import CONTEXT_WORDS, needs_notes, text_before
from workflows.faults import is_safe, unfit_sections
from workflows.messages.messages import SafetyIssue
from workflows.state import SECTION_NODES, RewriteTask, SectionTask, State
from workflows.text.streams.length import ask_for, plan_targets, reply_ratio
from workflows.text.words import count_words, last_paragraph
from workflows.verdicts import FEEDBACK, note_on

_DECIDED = (
    *("index", "target_words", "ask_words"),
    *("review_notes", "reason", "rewrites", "revisions", "in_order"),
)
"""What a task has that can't be told from the state."""
_OWN_LENGTH = 1.15
"""As far from its plan may be what a section is asked for when it is written again."""


def section_task(state: State, index: int, context_words: int = CONTEXT_WORDS) -> SectionTask:
    """What is needed to write this section, first or anew."""
    sections = state.get("sections", {})
    before = None if index - 1 in unfit_sections(state) else sections.get(index - 1)
    target, ask_words = plan_length(state, index)
    return SectionTask(
        input=state["input"],
        outline=state["outline"],
        notes=state.get("notes", {}),
        index=index,
        last_paragraph=last_paragraph(before["text"]) if before else "",
        text_so_far=text_before(state, index, context_words),
        wants_notes=needs_notes(state["outline"], index, context_words),
        target_words=target,
        ask_words=ask_words,
        facts=state.get("facts") or None,
        research=state.get("research") or {},
    )


def plan_length(state: State, index: int, *, is_beside: bool = False) -> tuple[int, int]:
    """The words that the section is to have, and those to ask for so that it has them: what the others came to is made
    up for. `is_beside` others: those before it that aren't finished are being written, and come out as planned."""
    sections, lengths = state.get("sections", {}), state.get("lengths", {})
    if index in lengths:  # written anew: to the length that it had to have
        target = lengths[index]["target_words"]
    else:
        planned = {section["index"]: section["target_words"] for section in state["outline"]["sections"]}
        kept = sections if lengths else {}
        written = {i: count_words(section["text"]) for i, section in kept.items() if i != index}
        if is_beside:
            written = {**{i: words for i, words in planned.items() if i < index}, **written}
        target = plan_targets(planned, written)[index]
    return target, ask_for(target, reply_ratio(lengths[i] for i in sorted(lengths)))


def rewrite_tasks(state: State, context_words: int = CONTEXT_WORDS) -> list[RewriteTask]:
    """One a section that the safety check or the format's review found fault with, in reading order.

    A section that both found fault with is written once, for both.
    """
    unsafe, unfinished = _unsafe(state), _unfinished(state)
    return [
        RewriteTask(
            **_at_own_length(section_task(state, index, context_words)),
            section=state["sections"][index],
            review_notes=_wishes(state, index) + unsafe.get(index, []) + unfinished.get(index, []),
            reason="safety" if index in unsafe else "revision",
            rewrites=state["rewrites"] + (0 if is_safe(state) else 1),
            revisions=state.get("revisions", 0) + (1 if any(unfinished.values()) else 0),
            in_order=False,
        )
        for index in sorted({*unsafe, *unfinished})
    ]


def in_order_rewrite_task(state: State, index: int, context_words: int = CONTEXT_WORDS) -> RewriteTask:
    """A section written again before the next one begins. It counts as no pass over the text."""
    faults = state["faults"][index]
    return RewriteTask(
        **_at_own_length(section_task(state, index, context_words)),
        section=state["sections"][index],
        review_notes=_wishes(state, index) + faults["notes"],
        reason=faults["reason"],
        rewrites=state.get("rewrites", 0),
        revisions=state.get("revisions", 0),
        in_order=True,
    )


def shorten_tasks(tasks: list[Send]) -> list[Send]:
    """The tasks as they are stored: what was decided on each, and its section's title. The rest is the state's, and
    `whole_task` finds it there: with a copy of the text in each, checkpoints would grow with its square."""
    return [Send(task.node, _decided(task.arg)) if task.node in SECTION_NODES else task for task in tasks]


def whole_task(state: State, task: SectionTask, context_words: int = CONTEXT_WORDS) -> SectionTask:
    """The task of `shorten_tasks` with all that its section is written from; `state` is the one of the step.

    A task that an earlier release handed out has all of it.
    """
    if is_whole(task):
        return task
    index = task["index"]
    present = {"section": state["sections"][index]} if index in state.get("sections", {}) else {}
    return cast(SectionTask, {**section_task(state, index, context_words), **present, **task})


def is_whole(task: Mapping[str, Any]) -> bool:
    """Whether the task has all that its section is written from, and need not ask the state."""
    return "outline" in task


def _decided(task: dict[str, Any]) -> dict[str, Any]:
    titles = {section["index"]: section["title"] for section in task["outline"]["sections"]}
    return {"title": titles.get(task["index"]), **{name: task[name] for name in _DECIDED if name in task}}


def _at_own_length(task: SectionTask) -> SectionTask:
    """The task with about the length that the plan gives the section: what it was to make up for when it was written
    first, an earlier section's rewrite may have made up for since."""
    planned = next(
        section["target_words"]
        for section in task["outline"]["sections"]
        if section["index"] == task["index"]
    )
    target = round(max(planned / _OWN_LENGTH, min(planned * _OWN_LENGTH, task["target_words"])))
    task["ask_words"] = round(task["ask_words"] * target / task["target_words"])
    task["target_words"] = target
    return task


def _unsafe(state: State) -> dict[int, list[SafetyIssue]]:
    """Safety issues by section."""
    found: dict[int, list[SafetyIssue]] = {}
    for issue in [] if is_safe(state) else state["safety"]["issues"]:
        if "section" in issue:
            found.setdefault(issue["section"], []).append(issue)
    return found


def _unfinished(state: State) -> dict[int, list[SafetyIssue]]:
    """Findings of the review by section."""
    revising = state.get("revising", [])
    found: dict[int, list[SafetyIssue]] = {index: [] for index in revising}
    for finding in state.get("findings", []):
        if finding["rewrite"] and finding["rule"] != FEEDBACK and finding.get("section") in found:
            found[finding["section"]].append(note_on(finding, finding["section"]))
    return found


def _wishes(state: State, index: int) -> list[SafetyIssue]:
    """A person's feedback on the section. It is told to every writer of it: a later rewrite would undo it."""
    found = state.get(
        "wishes", state.get("findings", [])
    )  # a version begun by an earlier release has them there
    return [
        note_on(wish, index) for wish in found if wish["rule"] == FEEDBACK and wish.get("section") == index
    ]
