"""Is the text fit for its readers?"""

from typing import Any

from langgraph.config import get_stream_writer
from langgraph.runtime import Runtime

from workflows.errors import SafetyRejected
from workflows.nodes.dependencies import Dependencies
from workflows.page import Judgement, Page
from workflows.routing import MAX_REWRITES
from workflows.safety.check import check_sections
from workflows.state import RunContext, State


async def safety_check(deps: Dependencies, state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """The verdict on the whole text.

    Raises SafetyRejected when it is still unfit after the last rewrite that is allowed; the
    sections at fault are withdrawn first.
    """
    del runtime
    writer = get_stream_writer()
    policy = deps.format.policy(deps.format.parse(state["input"]))
    verdict = check_sections(policy, state["sections"])
    writer(Judgement(kind="judgement", verdict=verdict))
    if not verdict["approved"] and state["rewrites"] >= MAX_REWRITES:
        for index in sorted({issue["section"] for issue in verdict["issues"]}):
            Page(index, writer).retract("safety")
        raise SafetyRejected("The text could not be made safe for its readers, so it was withdrawn.")
    return {"safety": verdict}
