"""Notes for later sections, made while the first one is written."""

import asyncio
from typing import Any

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from workflows.formats.capabilities import Researches
from workflows.messages.messages import SafetyChecked
from workflows.safety.brought import report, without_orders
from workflows.sections.dependencies import Dependencies
from workflows.state import RunContext


class ResearchTask(TypedDict):
    """What the task is given: the format's own input, as JSON."""

    input: dict[str, Any]


async def research(deps: Dependencies, state: ResearchTask, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """The format's notes. They are in no message: only prompts have them, and those hold no orders of strangers."""
    model = await deps.open_model(runtime, shares=True)
    given = await deps.given(state["input"], runtime)
    assert isinstance(deps.format, Researches)  # else the graph has no such node
    found = dict(await deps.format.research(given, model) or {})
    notes, quotes = await asyncio.to_thread(without_orders, found)
    if quotes:
        verdict = report(quotes, deps.policy(given).label)
        runtime.stream_writer(SafetyChecked.model_validate(verdict))
    return {"research": notes}
