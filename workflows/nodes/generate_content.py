"""Node that writes one section, streamed."""

from typing import Any

from workflows.formats.defaults import variant_for
from workflows.models.calls.content import UnmarkedThoughts
from workflows.sections.judge_section import judge_section
from workflows.sections.node_context import NodeContext
from workflows.sections.section_faults import find_faults
from workflows.sections.write_section import write_section
from workflows.state import SectionTask


async def generate_content(context: NodeContext, state: SectionTask) -> dict[str, Any]:
    """Writes the section `state["index"]`. A failure leaves no trace in the state: it is written again."""
    await context.await_durable()
    state = await context.whole(state)
    index = state["index"]
    model = await context.open_model(section=index)
    task = await context.task(state)
    format = variant_for(context.format, model)
    try:
        written = await write_section(context, task, format.write(task, model), model)
    except UnmarkedThoughts as error:
        # The text shown so far was a thought; the content came after it, and is paid for.
        prose = format.write(task, model.with_reply(error.rest))
        written = await write_section(context, task, prose, model, instead_of="restart")
    update: dict[str, Any] = {"sections": {index: written.section}}
    if written.length is not None:
        update["lengths"] = {index: written.length}
    if written.notes:
        update["section_notes"] = {index: written.notes}
    if written.facts is not None:
        update["facts"] = written.facts
    judged = await judge_section(context, state, written.section)
    return {**update, **judged, **await find_faults(context, task, written.section, judged)}
