"""The finished text in numbers."""

import asyncio
from typing import Any

from langgraph.runtime import Runtime

from workflows.nodes.dependencies import Dependencies
from workflows.state import RunContext, State


async def calculate_metrics(deps: Dependencies, state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Off the loop: counting a long text takes longer than other readers should wait for a token."""
    given = await deps.given(state["input"], runtime)
    metrics = await asyncio.to_thread(deps.format.metrics, given, state)
    return {"metadata": {**metrics, "safety": _safety(state)}}


def _safety(state: State) -> dict[str, Any]:
    """The final verdict in short: the policy, the layers that ran, the judge's scores where one ran."""
    verdict = state["safety"]
    told: dict[str, Any] = {
        "policy": verdict.get("policy", ""),
        "layers": verdict.get("layers", []),
        "score": verdict["score"],
        "rewrites": state["rewrites"],
    }
    return {**told, "scores": verdict["scores"]} if "scores" in verdict else told
