"""Where a graph goes next: pure functions of its state."""

from typing import Literal

from langgraph.runtime import Runtime
from langgraph.types import Send

from workflows.state import Finding, RunContext, SectionTask, State, write_order
from workflows.text.length import ask_for, plan_targets, reply_ratio
from workflows.text.words import count_words, last_paragraph

MAX_REWRITES = 2


def next_sections(
    state: State,
    runtime: Runtime[RunContext],
    *,
    facts_section: int | None = None,
    researches: bool = False,
) -> list[Send] | Literal["safety_check"]:
    """One task a section. In sequence each section sees how the one before ended; in parallel all
    that are left start together, and the run's `max_concurrency` says how many write at once.

    The section that brings the facts comes first and alone. With `researches`, so does the first section,
    with the research beside it: the others need what it finds.
    """
    missing = [index for index in write_order(state["outline"]) if index not in state.get("sections", {})]
    research = [Send("research", {"input": state["input"]})] if researches and "research" not in state else []
    if not missing and not research:
        return "safety_check"
    if facts_section in missing:
        now = [facts_section]
    elif research or _parallel(runtime) == 1:
        now = missing[:1]
    else:
        now = missing
    return research + [Send("generate_content", section_task(state, index)) for index in now]


def after_safety_check(state: State) -> Literal["enhance_content", "derive"]:
    """Rewrite what is at fault, at most `MAX_REWRITES` times; the check itself ends a hopeless run."""
    if state.get("revising"):
        return "enhance_content"
    return "derive" if state["safety"]["approved"] else "enhance_content"


def sections_to_revise(state: State, findings: list[Finding], most: int) -> list[int]:
    """The sections that a review has written again now, in reading order; none when that was done `most` times.

    None either when the safety check has no rewrite left: nobody could mend what a revision might bring.
    """
    if state.get("revisions", 0) >= most or state["rewrites"] >= MAX_REWRITES:
        return []
    asked = {finding["section"] for finding in findings if finding["rewrite"] and "section" in finding}
    return sorted(asked & set(state["sections"]) - set(state.get("taken_over", ())))


def _parallel(runtime: Runtime[RunContext]) -> int:
    # LangGraph Studio may start a graph with no context at all.
    return runtime.context.parallel if runtime.context else 1


def section_task(state: State, index: int) -> SectionTask:
    """What is needed to write this section, first or anew."""
    sections, lengths = state.get("sections", {}), state.get("lengths", {})
    before = sections.get(index - 1)
    if index in lengths:  # written anew: to the length that it had to have
        target = lengths[index]["target_words"]
    else:
        planned = {section["index"]: section["target_words"] for section in state["outline"]["sections"]}
        written = {i: count_words(section["text"]) for i, section in sections.items() if i != index}
        target = plan_targets(planned, written if lengths else {})[index]
    ratio = reply_ratio(lengths[i] for i in sorted(lengths))
    return SectionTask(
        input=state["input"],
        outline=state["outline"],
        notes=state.get("notes", {}),
        index=index,
        last_paragraph=last_paragraph(before["text"]) if before else "",
        target_words=target,
        ask_words=ask_for(target, ratio),
        facts=state.get("facts") or None,
        research=state.get("research", {}),
    )
