"""Faults of a section that has just been written: nothing is written after one that is thrown away."""

import asyncio
from collections.abc import Mapping
from typing import Any

from workflows.errors import BudgetExceeded, ModelError, SafetyRejected
from workflows.formats.capabilities import ReviewsSections
from workflows.messages.messages import NodeChanged, SafetyChecked, SafetyIssue
from workflows.models.clients.catalog import Model
from workflows.safety.check import check_sections
from workflows.safety.moderation import moderation_issues
from workflows.sections.node_context import NodeContext
from workflows.sections.write_section import Written
from workflows.state import Section, SectionTask
from workflows.verdicts import Reviewed, ReviewFinding, SectionFaults, Verdict, note_on


async def find_faults(
    context: NodeContext,
    task: SectionTask,
    written: Written,
    judged: Mapping[str, Any],
    *,
    is_revised: bool = False,
) -> dict[str, Any]:
    """What the state learns: why the section is written again before the next one begins (no `notes` where it isn't),
    and what its review measured; nothing where it isn't reviewed.

    Only with one section at a time: beside others it would hold nobody up. `judged` is what `judge_section` said. One
    that `is_revised` isn't revised again, so only its safety is checked.
    """
    if context.run.parallel != 1:
        return {}
    section = written.section
    index = section["index"]
    verdict = judged.get("judged", {}).get(index) or await _check(context, task, section)
    notes = [] if verdict["approved"] else [_on(issue, index) for issue in verdict["issues"]]
    notes += moderation_issues([section])
    faults = SectionFaults(reason="safety" if notes else "revision", notes=notes)
    found = [] if is_revised else await _review(context, task, written)
    faults["notes"] += [note_on(finding, index) for finding in found if finding["rewrite"]]
    measured = {"reviewed": found.measured} if isinstance(found, Reviewed) else {}
    return {**measured, "faults": {index: faults}}


async def _review(context: NodeContext, task: SectionTask, written: Written) -> list[ReviewFinding]:
    """The format's review of the section. Where a model gives no answer there are no findings: the section is paid
    for and stays, and the review of the whole asks again."""
    if not (context.max_revisions and isinstance(context.format, ReviewsSections)):
        return []
    index = written.section["index"]
    model: Model = await context.open_reviewer()
    inputs = context.format.parse(task["input"])
    state = context.state_with(task, written.section, written.length)
    try:
        return await context.format.review_section(inputs, state, index, model)
    except (ModelError, BudgetExceeded, SafetyRejected) as error:
        message = f"Section {index + 1} is reviewed with the whole text: {error.message}"
        context.publish(NodeChanged(node="generate_content", status="started", message=message))
        return []


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
