"""One section's verdict, where a policy wants it before readers see a word of the section."""

from collections.abc import Mapping
from typing import Any

from langgraph.runtime import Runtime

from workflows.nodes.dependencies import Dependencies
from workflows.page import Judgement
from workflows.state import RunContext, Section


async def judge_section(
    deps: Dependencies, state: Mapping[str, Any], section: Section, runtime: Runtime[RunContext]
) -> dict[str, Any]:
    """What the state learns: the verdict on a section of a policy with `gate = "section"`, else nothing.

    Raises a ModelError when a check gives no answer: the section stays held back, and is written again
    when the run is resumed.
    """
    policy = deps.policy(deps.format.parse(state["input"]))
    if policy.gate != "section":
        return {}
    pipeline = await deps.open_pipeline(runtime, section["index"])
    verdict = await pipeline.check(policy, {section["index"]: section}, "section")
    verdict["section"] = section["index"]
    runtime.stream_writer(Judgement(kind="judgement", verdict=verdict))
    return {"judged": {section["index"]: verdict}}
