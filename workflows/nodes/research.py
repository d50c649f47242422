"""Notes for later sections, made while the first one is written."""

import asyncio
from typing import Any

from typing_extensions import TypedDict

from workflows.formats.capabilities import Researches
from workflows.messages.messages import SafetyChecked
from workflows.safety.untrusted_content import report, strip_injections
from workflows.sections.node_context import NodeContext


class ResearchTask(TypedDict):
    """What the task is given: the format's own input, as JSON."""

    input: dict[str, Any]


async def research(context: NodeContext, state: ResearchTask) -> dict[str, Any]:
    """The format's notes. They are in no message: only prompts have them, and those hold no orders of strangers."""
    model = await context.open_model(shares=True)
    inputs = await context.inputs(state["input"])
    assert isinstance(context.format, Researches)  # else the graph has no such node
    found = dict(await context.format.research(inputs, model) or {})
    notes, quotes = await asyncio.to_thread(strip_injections, found)
    if quotes:
        verdict = report(quotes, context.policy(inputs).label)
        context.publish(SafetyChecked.model_validate(verdict))
    return {"research": notes}
