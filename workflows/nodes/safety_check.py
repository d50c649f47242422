"""Node that checks the finished text: safety for its readers, and the format's own rules."""

from typing import Any

from langgraph.types import Overwrite
from typing_extensions import TypedDict

from workflows.errors import SafetyRejected
from workflows.faults import MAX_REWRITES, rewrites_in_order
from workflows.formats.capabilities import Reviews
from workflows.messages.messages import SafetyChecked, SafetyIssue
from workflows.routing import sections_to_revise
from workflows.safety.moderation import MODERATED_SCORE, moderation_issues
from workflows.safety.pipeline import SafetyPipeline
from workflows.sections.node_context import NodeContext
from workflows.sections.section_writer import SectionWriter
from workflows.state import State, plan_text
from workflows.verdicts import Reviewed, ReviewFinding, Verdict, stands

_MARKED_SCORE = 0.2
"""The most that a text gets in which something dangerous was left."""


class _Review(TypedDict):
    """State update of a review: the findings, and the sections to be rewritten."""

    findings: list[ReviewFinding]
    revising: list[int]
    reviewed: dict[str, Any]


async def safety_check(context: NodeContext, state: State) -> dict[str, Any]:
    """The format's own review; then the verdict on the whole text by the local rules, and by moderation and a
    judge if configured.

    Raises a ModelError when one of those gives no answer, which is never an approval. Raises
    SafetyRejected when the text is still unfit after the last rewrite that is allowed; the sections at
    fault are withdrawn first.
    """
    writer = context.publish
    review = await _review(context, state)
    policy = context.policy(context.format.parse(state["input"]))
    refused = [verdict for verdict in state.get("judged", {}).values() if not verdict["approved"]]
    stopped = moderation_issues(state["sections"].values())
    # Sections known to be unfit aren't judged again, and sections to be rewritten aren't judged yet.
    known_unfit = refused or stopped or review["revising"]
    pipeline = SafetyPipeline() if known_unfit else await context.open_pipeline()
    verdict = await pipeline.check(policy, state["sections"], "final", {"plan": plan_text(state["outline"])})
    for other in refused:
        verdict["approved"] = False
        verdict["score"] = min(verdict["score"], other["score"])
        verdict["issues"] += [issue for issue in other["issues"] if issue not in verdict["issues"]]
    if stopped:
        add_moderation(verdict, stopped)
    if verdict["approved"] and not review["revising"]:
        mark_unsafe(verdict, review["findings"])
    if not (verdict["approved"] and review["revising"]):  # an approval counts for the text as it stays
        writer(SafetyChecked.model_validate(verdict))
    at_fault = {issue["section"] for issue in verdict["issues"] if "section" in issue}
    # What was written again before the next section began had some of its rewrites then.
    if not stands(verdict) and state["rewrites"] + rewrites_in_order(state, at_fault) >= MAX_REWRITES:
        for index in sorted(at_fault):
            SectionWriter(index, writer).retract("safety")
        raise SafetyRejected("The text could not be made safe for its readers, so it was withdrawn.")
    return {"safety": verdict, **review, "rewritten": Overwrite([])}


async def _review(context: NodeContext, state: State) -> _Review:
    """The format's review of the present text. A format without rules of its own buys nothing here."""
    found: list[ReviewFinding] = []
    if isinstance(context.format, Reviews):
        inputs = await context.inputs(state["input"])
        found = await context.format.review(inputs, state, await context.open_reviewer())
    return _Review(
        findings=[*found],
        revising=sections_to_revise(state, found, context.max_revisions),
        reviewed=found.measured if isinstance(found, Reviewed) else {},
    )


def add_moderation(verdict: Verdict, stopped: list[SafetyIssue]) -> None:
    """Adds what moderation found in sentences while they streamed, of sections that weren't written again since."""
    verdict["approved"] = False
    verdict["score"] = min(verdict["score"], MODERATED_SCORE)
    verdict["layers"] = [*verdict.get("layers", []), "moderation"]
    verdict["issues"] = [*verdict["issues"], *stopped]


def mark_unsafe(verdict: Verdict, findings: list[ReviewFinding]) -> None:
    """Takes the approval back where the format's review left what makes the text unsafe: nothing is written again, and
    nothing false is called safe."""
    unsafe = [finding for finding in findings if finding.get("unsafe")]
    if not unsafe:
        return
    verdict["approved"], verdict["marked"] = False, True
    verdict["score"] = min(verdict["score"], _MARKED_SCORE)
    verdict["layers"] = [*verdict.get("layers", []), "review"]
    verdict["issues"] = [*verdict["issues"], *map(_issue, unsafe)]


def _issue(finding: ReviewFinding) -> SafetyIssue:
    issue = SafetyIssue(category=finding["rule"], severity="high", advice=finding["advice"])
    if "section" in finding:
        issue["section"] = finding["section"]
    if "quote" in finding:
        issue["quote"] = finding["quote"]
    return issue
