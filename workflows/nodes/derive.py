"""Node that derives results from the finished text: a story's choices, an episode's short forms."""

import asyncio
from typing import Any

from workflows.formats.capabilities import Derives
from workflows.formats.defaults import variant_for
from workflows.messages.messages import NodeChanged
from workflows.models.clients.catalog import Model
from workflows.safety.check import find_issues, texts_in
from workflows.safety.pipeline import SafetyPipeline
from workflows.safety.policies.policy import Policy
from workflows.sections.node_context import NodeContext
from workflows.sections.write_pieces import write_pieces
from workflows.state import State
from workflows.text.streams.normaliser import normalise_all

_TRIES = 3


async def derive(context: NodeContext, state: State) -> dict[str, Any]:
    """The format's own results and pieces, checked as the text is. A format without any buys nothing here.

    When no try is fit for the readers, the text stays and the results are left out, which is reported.
    """
    inputs = await context.inputs(state["input"])
    # A model each: once a piece has words, nobody may take over from its model, and the results are no part of it.
    pieces = await write_pieces(context, inputs, state, await context.open_model("derived"))
    results = await _results(context, inputs, state, await context.open_model("derived"))
    return {**results, **pieces}


async def _results(context: NodeContext, inputs: Any, state: State, model: Model) -> dict[str, Any]:
    format = variant_for(context.format, model)
    if not isinstance(format, Derives):
        return {"results": {}}
    policy = context.policy(inputs)
    pipeline = await _pipeline(context, policy)
    for _ in range(_TRIES):
        results = normalise_all(await format.derive(inputs, state, model))
        if not await asyncio.to_thread(find_issues, policy, results):
            verdict = await pipeline.check(policy, {}, "final", {"results": "\n".join(texts_in(results))})
            if verdict["approved"]:
                return {"results": results}
    message = "What was made of the text was not fit for its readers, so it is left out."
    context.publish(NodeChanged(node="derive", status="started", message=message))
    return {"results": {}}


async def _pipeline(context: NodeContext, policy: Policy) -> SafetyPipeline:
    """Moderation if available, and a judge, at a call's cost, where a policy judges texts before they are
    shown."""
    pipeline = await context.open_pipeline()
    return pipeline if policy.gate == "section" else SafetyPipeline(moderator=pipeline.moderator)
