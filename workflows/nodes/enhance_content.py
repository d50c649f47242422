"""Rewrites what the safety check or the format's review found fault with, and nothing else."""

from typing import Any

from langgraph.runtime import Runtime

from workflows.nodes.dependencies import Dependencies
from workflows.nodes.judge_section import judge_section
from workflows.nodes.write_section import write_section
from workflows.page import RetractReason
from workflows.routing import section_task
from workflows.state import FEEDBACK, Finding, Issue, RunContext, Section, State, Verdict


async def enhance_content(deps: Dependencies, state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Takes each section at fault back and writes it anew, with the findings at hand.

    A section that both found fault with is written once, for both.
    """
    unsafe, unfinished = _unsafe(state), _unfinished(state)
    rewritten: dict[int, Section] = {}
    judged: dict[int, Verdict] = {}
    for index in sorted({*unsafe, *unfinished}):
        model = await deps.open_model(runtime, section=index)
        notes = unsafe.get(index, []) + unfinished.get(index, [])
        task = await deps.task(section_task(state, index), runtime)
        prose = deps.format.rewrite(task, state["sections"][index], notes, model)
        reason: RetractReason = "safety" if index in unsafe else "revision"
        written = await write_section(deps, task, prose, model, runtime, instead_of=reason)
        rewritten[index] = written.section
        verdicts = await judge_section(deps, state, rewritten[index], runtime)
        judged |= verdicts.get("judged", {})
    return {
        "sections": rewritten,
        "judged": judged,
        "rewrites": state["rewrites"] + (0 if _is_safe(state) else 1),
        "revising": [],
        "revisions": state.get("revisions", 0) + (1 if _is_own(unfinished) else 0),
    }


def _is_safe(state: State) -> bool:
    # A run that begins with a revision has no verdict yet.
    return "safety" not in state or state["safety"]["approved"]


def _unsafe(state: State) -> dict[int, list[Issue]]:
    """By section, why it isn't fit for its readers."""
    found: dict[int, list[Issue]] = {}
    for issue in [] if _is_safe(state) else state["safety"]["issues"]:
        if "section" in issue:
            found.setdefault(issue["section"], []).append(issue)
    return found


def _unfinished(state: State) -> dict[int, list[Issue]]:
    """By section, what the review wants of it."""
    revising = state.get("revising", [])
    found: dict[int, list[Issue]] = {index: [] for index in revising}
    for finding in state.get("findings", []):
        if finding["rewrite"] and finding.get("section") in found:
            found[finding["section"]].append(_note(finding))
    return found


def _is_own(unfinished: dict[int, list[Issue]]) -> bool:
    """Whether the format's review asked for it, and not a person."""
    return any(note["category"] != FEEDBACK for notes in unfinished.values() for note in notes)


def _note(finding: Finding) -> Issue:
    note = Issue(
        category=finding["rule"], severity="medium", section=finding["section"], advice=finding["advice"]
    )
    return Issue(**note, quote=finding["quote"]) if "quote" in finding else note
