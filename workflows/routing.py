"""Where a graph goes next: pure functions of its state."""

from typing import Literal

from langgraph.runtime import Runtime, get_runtime
from langgraph.types import Send

from workflows.state import RunContext, SectionTask, State, write_order
from workflows.text.words import last_paragraph

MAX_REWRITES = 2


def hand_out(state: State) -> list[Send] | Literal["safety_check"]:
    """`next_sections` for this run. Asks for its context itself: who edits a state (a fork) brings none,
    and LangGraph refuses a parameter that it can't give."""
    return next_sections(state, get_runtime(RunContext))


def next_sections(state: State, runtime: Runtime[RunContext] | None) -> list[Send] | Literal["safety_check"]:
    """One task a section. In sequence each section sees how the one before ended; in parallel all
    that are left start together, and the run's `max_concurrency` says how many write at once."""
    missing = [index for index in write_order(state["outline"]) if index not in state.get("sections", {})]
    if not missing:
        return "safety_check"
    now = missing if _parallel(runtime) > 1 else missing[:1]
    return [Send("generate_content", section_task(state, index)) for index in now]


def after_safety_check(state: State) -> Literal["enhance_content", "derive"]:
    """Rewrite what is at fault, at most `MAX_REWRITES` times; the check itself ends a hopeless run."""
    return "derive" if state["safety"]["approved"] else "enhance_content"


def _parallel(runtime: Runtime[RunContext] | None) -> int:
    # LangGraph Studio may start a graph with no context at all.
    return runtime.context.parallel if runtime and runtime.context else 1


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
