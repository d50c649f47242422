"""One section, streamed while it is written."""

from contextlib import aclosing
from typing import Any

from langgraph.runtime import Runtime

from workflows.nodes.dependencies import Dependencies
from workflows.nodes.judge_section import judge_section
from workflows.page import Page
from workflows.state import RunContext, SectionTask


async def generate_content(
    deps: Dependencies, state: SectionTask, runtime: Runtime[RunContext]
) -> dict[str, Any]:
    """Writes the section `state["index"]`. A failure leaves no trace in the state: it is written again."""
    model = await deps.open_model(runtime, section=state["index"])
    with Page(state["index"], runtime.stream_writer) as page:
        async with aclosing(deps.format.write(await deps.task(state, runtime), model)) as prose:
            async for chunk in prose:
                page.write(chunk)
        section = page.finish()
    return {"sections": {state["index"]: section}, **await judge_section(deps, state, section, runtime)}
