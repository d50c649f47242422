"""The plan: what the text will be, before a word of it is written."""

from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from workflows.nodes.dependencies import Dependencies
from workflows.state import Outline, RunContext, State


async def outline(deps: Dependencies, state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Asks the format for its plan. Raises InvalidInput when the input isn't what the format takes."""
    given = deps.format.parse(state["input"])
    plan = await deps.format.plan(given, await deps.open_model(runtime.context))
    return {"outline": plan.outline, "notes": plan.notes, "sections": {}, "rewrites": 0}


async def review_outline(state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Waits for a person to edit the plan, if the run asked for that; else goes on at once.

    A node of its own: LangGraph runs the interrupted node again from its start when the answer
    comes, and a plan must not be bought twice.
    """
    if not (runtime.context and runtime.context.review_outline):
        return {}
    edited: Outline = interrupt({"kind": "outline", "payload": state["outline"]})
    return {"outline": edited}
