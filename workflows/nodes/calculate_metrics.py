"""The finished text in numbers."""

import asyncio
from typing import Any

from langgraph.runtime import Runtime

from workflows.nodes.dependencies import Dependencies
from workflows.state import RunContext, State


async def calculate_metrics(deps: Dependencies, state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Off the loop: counting a long text takes longer than other readers should wait for a token."""
    del runtime
    given = deps.format.parse(state["input"])
    return {"metadata": await asyncio.to_thread(deps.format.metrics, given, state)}
