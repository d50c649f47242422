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
    return {"metadata": {**metrics, **_compliance(metrics, state), "safety": _safety(state)}}


def _compliance(metrics: dict[str, Any], state: State) -> dict[str, Any]:
    """What the last review still finds, with what the format's own metrics say of its rules."""
    findings, revisions = state.get("findings", []), state.get("revisions", 0)
    if not (findings or revisions or "compliance" in metrics):
        return {}
    told = {"passed": not findings, "findings": findings, "revisions": revisions}
    return {"compliance": {**told, **metrics.get("compliance", {})}}


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
