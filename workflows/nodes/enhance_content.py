"""Rewrites what the safety check found fault with, and nothing else."""

from contextlib import aclosing
from typing import Any

from langgraph.runtime import Runtime

from workflows.nodes.dependencies import Dependencies
from workflows.nodes.judge_section import judge_section
from workflows.page import Page
from workflows.routing import section_task
from workflows.state import Issue, RunContext, Section, State, Verdict


async def enhance_content(deps: Dependencies, state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Takes each section at fault back and writes it anew, with the findings at hand."""
    rewritten: dict[int, Section] = {}
    judged: dict[int, Verdict] = {}
    for index, issues in _by_section(state["safety"]["issues"]).items():
        model = await deps.open_model(runtime, section=index)
        task = await deps.task(section_task(state, index), runtime)
        with Page(index, runtime.stream_writer) as page:
            page.retract("safety")
            async with aclosing(deps.format.rewrite(task, state["sections"][index], issues, model)) as prose:
                async for chunk in prose:
                    page.write(chunk)
            rewritten[index] = page.finish()
        verdicts = await judge_section(deps, state, rewritten[index], runtime)
        judged |= verdicts.get("judged", {})
    return {"sections": rewritten, "judged": judged, "rewrites": state["rewrites"] + 1}


def _by_section(issues: list[Issue]) -> dict[int, list[Issue]]:
    found: dict[int, list[Issue]] = {}
    for issue in issues:
        if "section" in issue:
            found.setdefault(issue["section"], []).append(issue)
    return found
