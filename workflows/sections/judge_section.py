"""Verdict on one section, where a policy requires it before readers see any of it."""

from collections.abc import Mapping
from typing import Any

from workflows.messages.messages import SafetyChecked
from workflows.sections.node_context import NodeContext
from workflows.state import Section


async def judge_section(context: NodeContext, state: Mapping[str, Any], section: Section) -> dict[str, Any]:
    """The state update: the verdict on a section of a policy with `gate = "section"`, else nothing.

    Raises a ModelError when a check gives no answer: the section stays held back, and is written again
    when the run is resumed.
    """
    policy = context.policy(context.format.parse(state["input"]))
    if policy.gate != "section":
        return {}
    pipeline = await context.open_pipeline(section["index"])
    verdict = await pipeline.check(policy, {section["index"]: section}, "section")
    verdict["section"] = section["index"]
    context.publish(SafetyChecked.model_validate(verdict))
    return {"judged": {section["index"]: verdict}}
