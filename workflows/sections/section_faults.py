"""Faults of a section that has just been written: nothing is written after one that is thrown away."""

import asyncio
from collections.abc import Mapping
from typing import Any

from workflows.formats.capabilities import ReviewsSections
from workflows.messages.messages import SafetyChecked, SafetyIssue
from workflows.models.clients.catalog import Model
from workflows.safety.check import check_sections
from workflows.safety.moderation import moderation_issues
from workflows.sections.node_context import NodeContext
from workflows.state import Section, SectionTask
from workflows.verdicts import SectionFaults, Verdict, note_on


async def find_faults(
    context: NodeContext, task: SectionTask, section: Section, judged: Mapping[str, Any]
) -> dict[str, Any]:
    """What the state learns: why the section is written again before the next one begins; nothing where it isn't.

    Only with one section at a time: beside others it would hold nobody up. `judged` is what `judge_section` said.
    """
    if context.run.parallel != 1:
        return {}
    index = section["index"]
    verdict = judged.get("judged", {}).get(index) or await _check(context, task, section)
    notes = [] if verdict["approved"] else [_on(issue, index) for issue in verdict["issues"]]
    notes += moderation_issues([section])
    faults = SectionFaults(reason="safety" if notes else "revision", notes=notes)
    if context.max_revisions and isinstance(context.format, ReviewsSections):
        model: Model = await context.open_reviewer()
        inputs = context.format.parse(task["input"])
        state = context.state_with(task, section)
        findings = await context.format.review_section(inputs, state, index, model)
        faults["notes"] += [note_on(finding, index) for finding in findings if finding["rewrite"]]
    return {"faults": {index: faults}} if faults["notes"] else {}


async def _check(context: NodeContext, task: SectionTask, section: Section) -> Verdict:
    """The local rules. Readers are told unless a gate tells them of the sentence."""
    policy = context.policy(context.format.parse(task["input"]))
    sections = {section["index"]: section}
    verdict = await asyncio.to_thread(check_sections, policy, sections, "section")
    if not verdict["approved"] and policy.gate == "open":
        payload = {**verdict, "section": section["index"], "policy": policy.label, "layers": ["rules"]}
        context.publish(SafetyChecked.model_validate(payload))
    return verdict


def _on(issue: SafetyIssue, index: int) -> SafetyIssue:
    return SafetyIssue(**{**issue, "section": index})
