"""Notes for later sections, made while the first one is written."""

from typing import Any

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from workflows.nodes.dependencies import Dependencies
from workflows.state import RunContext


class ResearchTask(TypedDict):
    """What the task is given: the format's own input, as JSON."""

    input: dict[str, Any]


async def research(deps: Dependencies, state: ResearchTask, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """The format's notes. They are in no message: only prompts have them."""
    model = await deps.open_model(runtime, shares=True)
    notes = await deps.format.research(await deps.given(state["input"], runtime), model)
    return {"research": dict(notes or {})}
