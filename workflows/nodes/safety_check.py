"""Is the text fit for its readers?"""

from typing import Any

from langgraph.runtime import Runtime

from workflows.errors import SafetyRejected
from workflows.nodes.dependencies import Dependencies
from workflows.page import Judgement, Page
from workflows.routing import MAX_REWRITES
from workflows.safety.layers import Layers
from workflows.state import RunContext, State


async def safety_check(deps: Dependencies, state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """The verdict on the whole text: the local rules, then moderation and a judge where asked for.

    Raises a ModelError when one of those gives no answer, which is never an approval. Raises
    SafetyRejected when the text is still unfit after the last rewrite that is allowed; the sections at
    fault are withdrawn first.
    """
    writer = runtime.stream_writer
    policy = deps.policy(deps.format.parse(state["input"]))
    refused = [verdict for verdict in state.get("judged", {}).values() if not verdict["approved"]]
    # What is known to be unfit already isn't judged a second time.
    layers = Layers() if refused else await deps.open_layers(runtime)
    verdict = await layers.check(policy, state["sections"], "final")
    for other in refused:
        verdict["approved"] = False
        verdict["score"] = min(verdict["score"], other["score"])
        verdict["issues"] += [issue for issue in other["issues"] if issue not in verdict["issues"]]
    writer(Judgement(kind="judgement", verdict=verdict))
    if not verdict["approved"] and state["rewrites"] >= MAX_REWRITES:
        for index in sorted({issue["section"] for issue in verdict["issues"] if "section" in issue}):
            Page(index, writer).retract("safety")
        raise SafetyRejected("The text could not be made safe for its readers, so it was withdrawn.")
    return {"safety": verdict}
