"""Edges of the graph: pure functions of its state."""

from dataclasses import dataclass
from typing import Literal

from langgraph.runtime import Runtime, get_runtime
from langgraph.types import Send

from workflows.context import CONTEXT_WORDS
from workflows.errors import SafetyRejected
from workflows.faults import has_rewrites_left, is_safe, sections_to_rewrite_in_order
from workflows.section_tasks import (
    in_order_rewrite_task,
    rewrite_tasks,
    section_task,
    shorten_tasks,
)
from workflows.state import RunContext, State, write_order
from workflows.verdicts import ReviewFinding


@dataclass(frozen=True, slots=True)
class SectionOrder:
    """Order of a format's sections, and the words up to which each is shown the whole text before it.

    The section that brings the facts comes first and alone. Where the format `researches`, so does the first section,
    with the research beside it: the others need what it finds.
    """

    facts_section: int | None = None
    researches: bool = False
    context_words: int = CONTEXT_WORDS


_READING_ORDER = SectionOrder()


def route_sections(state: State, order: SectionOrder) -> list[Send] | Literal["safety_check"]:
    """`next_sections` for this run. Asks for its context itself: who edits a state (a fork) brings none,
    and LangGraph refuses a parameter that it can't give."""
    found = next_sections(state, get_runtime(RunContext), order)
    return found if isinstance(found, str) else shorten_tasks(found)


def after_outline(
    state: State, order: SectionOrder
) -> list[Send] | Literal["review_outline", "safety_check"]:
    """The sections at once, unless somebody may have to review the plan: who edits a state brings no context."""
    runtime: Runtime[RunContext] | None = get_runtime(RunContext)
    if runtime is None or runtime.context is None or runtime.context.review_outline:
        return "review_outline"
    return route_sections(state, order)


def after_section(state: State, order: SectionOrder) -> list[Send] | Literal["dispatch", "safety_check"]:
    """The next section at once, where none is written and nothing researched beside this one; else where they join.

    `state` has what this section brought, and nothing of those beside it.
    """
    if _parallel(get_runtime(RunContext)) > 1 or _needs_research(state, order):
        return "dispatch"
    return route_sections(state, order)


def next_sections(
    state: State, runtime: Runtime[RunContext] | None, order: SectionOrder = _READING_ORDER
) -> list[Send] | Literal["safety_check"]:
    """One task a section. In sequence each section sees all that stands before it; in parallel all that are left are
    handed out together, the run's `max_concurrency` says how many write at once, and each looks up what is finished
    when its turn comes (`NodeContext.task`).

    With one section at a time, one that was found fault with is written again before the next one begins; one that
    stays unsafe to the last rewrite is left to the check of the whole, and no later section sees it.
    """
    if _parallel(runtime) == 1 and (faulty := sections_to_rewrite_in_order(state)):
        return [Send("enhance_content", in_order_rewrite_task(state, faulty[0], order.context_words))]
    missing = [index for index in write_order(state["outline"]) if index not in state.get("sections", {})]
    research = [Send("research", {"input": state["input"]})] if _needs_research(state, order) else []
    if not missing and not research:
        return "safety_check"
    if order.facts_section in missing:
        now = [order.facts_section]
    elif research or _parallel(runtime) == 1:
        now = missing[:1]
    else:
        now = missing
    tasks = [section_task(state, index, order.context_words) for index in now]
    return research + [Send("generate_content", task) for task in tasks]


def after_safety_check(state: State, *, context_words: int = CONTEXT_WORDS) -> list[Send] | Literal["derive"]:
    """Rewrite what is at fault, at most `MAX_REWRITES` times; the check itself ends a hopeless run.

    A task a section: if the process dies, the sections that were rewritten by then stay so. Raises SafetyRejected
    when the text is refused and no section of it can be rewritten.
    """
    if tasks := rewrite_tasks(state, context_words):
        return [Send("enhance_content", task) for task in tasks]
    if not is_safe(state):
        raise SafetyRejected(
            "The text is not fit for its readers, and no section of it is named as the cause."
        )
    return "derive"


def route_rewrites(state: State, *, context_words: int = CONTEXT_WORDS) -> list[Send] | Literal["derive"]:
    """`after_safety_check` as the graph hands its tasks out."""
    found = after_safety_check(state, context_words=context_words)
    return found if isinstance(found, str) else shorten_tasks(found)


def after_rewrite(state: State) -> Literal["dispatch", "safety_check"]:
    """On with the next section, or with the check of the whole.

    What was found in the last section's rewrite is mended before that check, as in any other: it was paid for.
    """
    missing = set(write_order(state["outline"])) - set(state["sections"])
    is_at_fault = _parallel(get_runtime(RunContext)) == 1 and sections_to_rewrite_in_order(state)
    return "dispatch" if missing or is_at_fault else "safety_check"


def sections_to_revise(state: State, findings: list[ReviewFinding], most: int) -> list[int]:
    """The sections that a review has rewritten now, in reading order; none after `most` revisions.

    None either for which the safety check has no rewrite left: nobody could rewrite what a revision might spoil.
    """
    if state.get("revisions", 0) >= most:
        return []
    requested = {finding["section"] for finding in findings if finding["rewrite"] and "section" in finding}
    revised = {*state.get("inherited", ()), *state.get("revised_in_order", ())}
    found = requested & set(state["sections"]) - revised
    return sorted(index for index in found if has_rewrites_left(state, index))


def _needs_research(state: State, order: SectionOrder) -> bool:
    return order.researches and state.get("research") is None


def _parallel(runtime: Runtime[RunContext] | None) -> int:
    # LangGraph Studio may start a graph with no context at all.
    return runtime.context.parallel if runtime and runtime.context else 1
