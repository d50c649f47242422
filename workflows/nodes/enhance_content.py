"""Node that rewrites one section at fault by the safety check or the format's review."""

from typing import Any

from workflows.formats.defaults import variant_for
from workflows.sections.judge_section import judge_section
from workflows.sections.node_context import NodeContext
from workflows.sections.section_faults import find_faults
from workflows.sections.write_section import write_section
from workflows.state import RewriteTask
from workflows.verdicts import FEEDBACK, SectionFaults


async def enhance_content(context: NodeContext, state: RewriteTask) -> dict[str, Any]:
    """Retracts the section `state["index"]` and rewrites it by the findings. A failure leaves no trace in the
    state: the section is rewritten again. Before the next section begins it is checked as a new one is."""
    await context.await_durable()
    state = await context.whole(state)
    index, notes = state["index"], state["review_notes"]
    model = await context.open_model(section=index)
    task = await context.task(state)
    written = await write_section(
        context,
        task,
        variant_for(context.format, model).rewrite(task, state["section"], notes, model),
        model,
        instead_of=state["reason"],
        # A person may ask for another length than the plan's.
        at_length=all(note["category"] != FEEDBACK for note in notes),
    )
    update: dict[str, Any] = {
        "sections": {index: written.section},
        _count_of(state): [index],
        "rewrites": state["rewrites"],
        "revisions": state["revisions"],
    }
    if written.length is not None:
        update["lengths"] = {index: written.length}
    if written.notes or task.get("wants_notes"):
        update["section_notes"] = {index: written.notes}  # those on the text that it replaces hold no more
    judged = await judge_section(context, state, written.section)
    if state.get("in_order"):
        found = await find_faults(context, task, written, judged, is_revised=state["reason"] == "revision")
    else:  # what was wrong with the text before is for the check of the whole
        found = {"faults": {index: SectionFaults(reason=state["reason"], notes=[])}}
    return {**update, **judged, **found}


def _count_of(state: RewriteTask) -> str:
    """Where the state counts this rewrite."""
    if not state.get("in_order"):
        return "rewritten"
    return "rewritten_in_order" if state["reason"] == "safety" else "revised_in_order"
