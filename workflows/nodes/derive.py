"""What a format makes of the finished text: a story's choices, an episode's short forms."""

from typing import Any

from langgraph.runtime import Runtime

from workflows.models.catalog import Model
from workflows.nodes.dependencies import Dependencies
from workflows.nodes.write_pieces import write_pieces
from workflows.page import Notice
from workflows.safety.check import find_issues, texts_in
from workflows.safety.pipeline import SafetyPipeline
from workflows.safety.policy import Policy
from workflows.state import RunContext, State
from workflows.text.normaliser import normalise_all

_TRIES = 3


async def derive(deps: Dependencies, state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """The format's own results and pieces, checked as the text is. A format without any buys nothing here.

    When no try is fit for the readers, the text stays and the results are left out, which is told.
    """
    given = await deps.given(state["input"], runtime)
    # A model each: once a piece has words, nobody may take over from its model, and the results are no part of it.
    pieces = await write_pieces(deps, given, state, await deps.open_model(runtime, "derived"), runtime)
    results = await _results(deps, given, state, await deps.open_model(runtime, "derived"), runtime)
    return {**results, **pieces}


async def _results(
    deps: Dependencies, given: Any, state: State, model: Model, runtime: Runtime[RunContext]
) -> dict[str, Any]:
    policy = deps.policy(given)
    pipeline = await _pipeline(deps, policy, runtime)
    for _ in range(_TRIES):
        results = normalise_all(await deps.format.derive(given, state, model))
        if not find_issues(policy, results):
            verdict = await pipeline.check(policy, {}, "final", {"results": "\n".join(texts_in(results))})
            if verdict["approved"]:
                return {"results": results}
    message = "What was made of the text was not fit for its readers, so it is left out."
    runtime.stream_writer(Notice(kind="notice", node="derive", message=message))
    return {"results": {}}


async def _pipeline(deps: Dependencies, policy: Policy, runtime: Runtime[RunContext]) -> SafetyPipeline:
    """Moderation where there is one. A judge, who costs a call, where a policy has each text judged before it is
    shown."""
    pipeline = await deps.open_pipeline(runtime)
    return pipeline if policy.gate == "section" else SafetyPipeline(moderator=pipeline.moderator)
