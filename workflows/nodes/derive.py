"""What a format makes of the finished text: a story's choices, an episode's short forms."""

from typing import Any

from langgraph.runtime import Runtime

from workflows.nodes.dependencies import Dependencies
from workflows.page import Notice
from workflows.safety.check import find_issues
from workflows.state import RunContext, State

_TRIES = 3


async def derive(deps: Dependencies, state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """The format's own results, checked as the text is. A format without any buys nothing here.

    When no try is fit for the readers, the text stays and the results are left out, which is told.
    """
    given = await deps.given(state["input"], runtime)
    model = await deps.open_model(runtime, "derived")
    for _ in range(_TRIES):
        results = await deps.format.derive(given, state, model)
        if not find_issues(deps.policy(given), results):
            return {"results": results}
    message = "What was made of the text was not fit for its readers, so it is left out."
    runtime.stream_writer(Notice(kind="notice", node="derive", message=message))
    return {"results": {}}
