"""Where a graph goes next: pure functions of its state."""

from typing import Literal

from langgraph.runtime import Runtime
from langgraph.types import Send

from workflows.state import Finding, RunContext, SectionTask, State, write_order
from workflows.text.words import last_paragraph

MAX_REWRITES = 2


def next_sections(state: State, runtime: Runtime[RunContext]) -> list[Send] | Literal["safety_check"]:
    """One task a section. In sequence each section sees how the one before ended; in parallel all
    that are left start together, and the run's `max_concurrency` says how many write at once."""
    missing = [index for index in write_order(state["outline"]) if index not in state.get("sections", {})]
    if not missing:
        return "safety_check"
    now = missing if _parallel(runtime) > 1 else missing[:1]
    return [Send("generate_content", section_task(state, index)) for index in now]


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
    return sorted(asked & set(state["sections"]))


def _parallel(runtime: Runtime[RunContext]) -> int:
    # LangGraph Studio may start a graph with no context at all.
    return runtime.context.parallel if runtime.context else 1


def section_task(state: State, index: int) -> SectionTask:
    """What is needed to write this section, first or anew."""
    before = state.get("sections", {}).get(index - 1)
    return SectionTask(
        input=state["input"],
        outline=state["outline"],
        notes=state.get("notes", {}),
        index=index,
        last_paragraph=last_paragraph(before["text"]) if before else "",
    )
