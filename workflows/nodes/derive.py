"""What a format makes of the finished text: a story's choices, an episode's short forms."""

from typing import Any

from langgraph.runtime import Runtime

from workflows.nodes.dependencies import Dependencies
from workflows.state import RunContext, State


async def derive(deps: Dependencies, state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """The format's own results. A format without any buys nothing here."""
    given = deps.format.parse(state["input"])
    return {"results": await deps.format.derive(given, state, await deps.open_model(runtime.context))}
