"""Rewrites one section that the safety check or the format's review found fault with, and nothing else."""

from typing import Any

from langgraph.runtime import Runtime

from workflows.formats.defaults import variant_for
from workflows.sections.dependencies import Dependencies
from workflows.sections.judge_section import judge_section
from workflows.sections.write_section import write_section
from workflows.state import FEEDBACK, RewriteTask, RunContext


async def enhance_content(
    deps: Dependencies, state: RewriteTask, runtime: Runtime[RunContext]
) -> dict[str, Any]:
    """Takes the section `state["index"]` back and writes it anew, with the findings at hand. A failure leaves no
    trace in the state: it is written again."""
    await deps.turn(runtime)
    index, notes = state["index"], state["notes_on_it"]
    model = await deps.open_model(runtime, section=index)
    task = await deps.task(state, runtime)
    written = await write_section(
        deps,
        task,
        variant_for(deps.format, model).rewrite(task, state["section"], notes, model),
        model,
        runtime,
        instead_of=state["reason"],
        # A person may ask for another length than the plan's.
        at_length=all(note["category"] != FEEDBACK for note in notes),
    )
    update: dict[str, Any] = {
        "sections": {index: written.section},
        "mended": [index],
        "rewrites": state["rewrites"],
        "revisions": state["revisions"],
    }
    if written.length is not None:
        update["lengths"] = {index: written.length}
    return {**update, **await judge_section(deps, state, written.section, runtime)}
