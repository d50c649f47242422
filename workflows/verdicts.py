"""Verdicts of safety checks and findings of reviews, as the state of a graph has them: plain data."""

from collections.abc import Iterable
from typing import Any, Literal, NotRequired

# Pydantic, which makes Studio's forms, wants this one below Python 3.12.
from typing_extensions import TypedDict

from workflows.messages.messages import CheckStage, SafetyIssue


class Verdict(TypedDict):
    """The verdict of a safety check: `score` 0 (unsafe) to 1, `approved` decides.

    `section` or `piece` where it is about one; `layers` are the checks that ran, `scores` (0–1) are a judge's.
    `marked`: not approved, and kept all the same, with its faults shown wherever the text is.
    """

    stage: CheckStage
    approved: bool
    score: float
    issues: list[SafetyIssue]
    section: NotRequired[int]
    piece: NotRequired[str]
    policy: NotRequired[str]
    layers: NotRequired[list[str]]
    scores: NotRequired[dict[str, float]]
    marked: NotRequired[bool]


class ReviewFinding(TypedDict):
    """A finding of a format's own review: the broken rule, and the advice.

    `rewrite` asks for the section to be written again. Without a `section` nothing can be: it is only
    reported; so it is of a `piece`. `quote` is the passage. `unsafe`: with it in the text, the text isn't called safe.
    """

    rule: str
    advice: str
    rewrite: bool
    section: NotRequired[int]
    piece: NotRequired[str]
    quote: NotRequired[str]
    unsafe: NotRequired[bool]


class Reviewed(list[ReviewFinding]):
    """Findings of a review, and what it `measured` (JSON): kept for the format's metrics, and for its next review."""

    def __init__(self, findings: Iterable[ReviewFinding], measured: dict[str, Any]) -> None:
        super().__init__(findings)
        self.measured = measured


class SectionFaults(TypedDict):
    """Reason for which a section is written again before the next one begins, with `notes` for its writer."""

    reason: Literal["safety", "revision"]
    notes: list[SafetyIssue]


FEEDBACK = "feedback"
"""The rule of a finding that a person made. It counts as no revision of the format's own."""


def stands(verdict: Verdict) -> bool:
    """Whether nothing is written again because of it: the text is approved, or marked for what is wrong with it."""
    return verdict["approved"] or verdict.get("marked", False)


def note_on(finding: ReviewFinding, section: int) -> SafetyIssue:
    """A finding as the writer of the section is told of it."""
    note = SafetyIssue(category=finding["rule"], severity="medium", section=section, advice=finding["advice"])
    return SafetyIssue(**note, quote=finding["quote"]) if "quote" in finding else note
