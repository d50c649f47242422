"""Node that makes notes for later sections, while the first one is written."""

import asyncio
from typing import Any

from typing_extensions import TypedDict

from workflows.formats.capabilities import Researches
from workflows.messages.messages import SafetyChecked
from workflows.safety.untrusted.untrusted_content import report, strip_injections
from workflows.sections.node_context import NodeContext


class ResearchTask(TypedDict):
    """Input of the task: the format's own input, as JSON."""

    input: dict[str, Any]


async def research(context: NodeContext, state: ResearchTask) -> dict[str, Any]:
    """The format's notes. They are sent in no message: only prompts use them, stripped of injected orders."""
    model = await context.open_model(shares=True)
    inputs = await context.inputs(state["input"])
    assert isinstance(context.format, Researches)  # else the graph has no such node
    found = dict(await context.format.research(inputs, model) or {})
    notes, quotes = await asyncio.to_thread(strip_injections, found)
    if quotes:
        verdict = report(quotes, context.policy(inputs).label)
        context.publish(SafetyChecked.model_validate(verdict))
    return {"research": notes}
