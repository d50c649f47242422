"""The format's own review of the finished sections."""

from typing import Any

from typing_extensions import TypedDict

from workflows.formats.capabilities import Reviews
from workflows.routing import sections_to_revise
from workflows.sections.node_context import NodeContext
from workflows.state import State
from workflows.verdicts import Reviewed, ReviewFinding


class Review(TypedDict):
    """State update of a review: the findings, and the sections to be rewritten."""

    findings: list[ReviewFinding]
    revising: list[int]
    reviewed: dict[str, Any]


async def review_text(context: NodeContext, state: State) -> Review:
    """The format's review of the present text. A format without rules of its own buys nothing here."""
    if not isinstance(context.format, Reviews):
        return Review(findings=[], revising=sections_to_revise(state, [], context.max_revisions), reviewed={})
    inputs = await context.inputs(state["input"])
    found = await context.format.review(inputs, state, await context.open_reviewer())
    return Review(
        findings=[*found],
        revising=sections_to_revise(state, found, context.max_revisions),
        reviewed=found.measured if isinstance(found, Reviewed) else {},
    )
