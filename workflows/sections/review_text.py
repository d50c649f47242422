"""What the format itself has to say about the finished sections."""

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from workflows.formats.capabilities import Reviews
from workflows.routing import sections_to_revise
from workflows.sections.dependencies import Dependencies
from workflows.state import Finding, RunContext, State


class Review(TypedDict):
    """What the state learns: the findings, and which sections are written again because of them."""

    findings: list[Finding]
    revising: list[int]


async def review_text(deps: Dependencies, state: State, runtime: Runtime[RunContext]) -> Review:
    """The format's review of the text as it is now. A format without rules of its own buys nothing here."""
    if not isinstance(deps.format, Reviews):
        return Review(findings=[], revising=sections_to_revise(state, [], deps.max_revisions))
    given = await deps.given(state["input"], runtime)
    findings = await deps.format.review(given, state, await deps.open_reviewer(runtime))
    return Review(findings=findings, revising=sections_to_revise(state, findings, deps.max_revisions))
