"""One section, streamed while it is written."""

from typing import Any

from langgraph.runtime import Runtime

from workflows.formats.defaults import variant_for
from workflows.models.calls.content import UnmarkedThoughts
from workflows.sections.dependencies import Dependencies
from workflows.sections.judge_section import judge_section
from workflows.sections.write_section import write_section
from workflows.state import RunContext, SectionTask


async def generate_content(
    deps: Dependencies, state: SectionTask, runtime: Runtime[RunContext]
) -> dict[str, Any]:
    """Writes the section `state["index"]`. A failure leaves no trace in the state: it is written again."""
    await deps.turn(runtime)
    index = state["index"]
    model = await deps.open_model(runtime, section=index)
    task = await deps.task(state, runtime)
    format = variant_for(deps.format, model)
    try:
        written = await write_section(deps, task, format.write(task, model), model, runtime)
    except UnmarkedThoughts as error:
        # What was shown was none of the text; that came after it, and is paid for.
        prose = format.write(task, model.with_reply(error.rest))
        written = await write_section(deps, task, prose, model, runtime, instead_of="restart")
    update: dict[str, Any] = {"sections": {index: written.section}}
    if written.length is not None:
        update["lengths"] = {index: written.length}
    if written.facts is not None:
        update["facts"] = written.facts
    return {**update, **await judge_section(deps, state, written.section, runtime)}
