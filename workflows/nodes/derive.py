"""What a format makes of the finished text: a story's choices, an episode's short forms."""

from typing import Any

from langgraph.runtime import Runtime

from workflows.formats.capabilities import Derives
from workflows.formats.defaults import variant_for
from workflows.messages.messages import NodeChanged
from workflows.models.clients.catalog import Model
from workflows.safety.check import find_issues
from workflows.sections.dependencies import Dependencies
from workflows.sections.write_pieces import write_pieces
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
    format = variant_for(deps.format, model)
    if not isinstance(format, Derives):
        return {"results": {}}
    for _ in range(_TRIES):
        results = normalise_all(await format.derive(given, state, model))
        if not find_issues(deps.policy(given), results):
            return {"results": results}
    message = "What was made of the text was not fit for its readers, so it is left out."
    runtime.stream_writer(NodeChanged(node="derive", status="started", message=message))
    return {"results": {}}
