"""The judge, the most expensive check: a model reads the text as an editor would and fills in a report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from workflows.errors import ModelBadOutput
from workflows.messages.messages import SafetyIssue
from workflows.models.calls.calls import ask
from workflows.models.clients.catalog import Model
from workflows.prompts import Prompts
from workflows.safety.policy import Policy
from workflows.state import Section
from workflows.text.normaliser import normalise

_PROMPTS = Prompts(Path(__file__).parent / "prompts")
_ORDER = {"low": 0, "medium": 1, "high": 2}

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
Score = Annotated[float, Field(ge=0, le=1)]


class ReportedIssue(BaseModel):
    """An issue that the judge found. `section` is the number of the passage, as the prompt gives it."""

    category: Line
    severity: Literal["low", "medium", "high"]
    section: int
    quote: str = Field(max_length=1000)
    advice: Line


class JudgeReport(BaseModel):
    """The judge's answer. No field has a default: a missing one is not an approval."""

    approved: bool
    issues: list[ReportedIssue] = Field(max_length=40)
    age_fit: Score
    cultural_sensitivity: Score
    educational_value: Score


async def judge(
    policy: Policy,
    sections: Sequence[Section],
    model: Model,
    beside: Mapping[str, str] | None = None,
) -> tuple[list[SafetyIssue], dict[str, float]]:
    """The issues that stop the text (empty: approved) and the scores, 0 to 1. `beside`: other texts by name, the
    passages behind the sections; their issues have no section.

    Raises a ModelError when there is no answer, or none that makes sense: that is never an approval.
    """
    others = _passages_beside(sections, beside or {})
    prompt = _PROMPTS.messages("judge", policy=policy, sections=sections, others=others)
    answer = await ask(model, JudgeReport, prompt)
    scores = {
        "age_fit": answer.age_fit,
        "cultural_sensitivity": answer.cultural_sensitivity,
        "educational_value": answer.educational_value,
    }
    known = {section["index"] + 1 for section in sections} | set(others)
    if any(issue.section not in known for issue in answer.issues):
        raise ModelBadOutput(f"{model.spec} judged a section that there isn't.")
    issues = [
        _issue(issue, others)
        for issue in answer.issues
        if not answer.approved or _ORDER[issue.severity] >= _ORDER[policy.judge.blocks]
    ]
    if not answer.approved and not issues:
        raise ModelBadOutput(f"{model.spec} rejected the text and did not say why.")
    issues += _low_scores(policy, sections, scores)
    return issues, scores


def _passages_beside(sections: Sequence[Section], beside: Mapping[str, str]) -> dict[int, tuple[str, str]]:
    """Name and text by the number of the passage."""
    first = max((section["index"] for section in sections), default=-1) + 2
    return dict(enumerate(beside.items(), start=first))


def _issue(reported: ReportedIssue, others: Mapping[int, tuple[str, str]]) -> SafetyIssue:
    issue = SafetyIssue(
        category=normalise(reported.category),
        severity=reported.severity,
        quote=normalise(reported.quote)[:200],
        advice=normalise(reported.advice),
    )
    if reported.section in others:
        issue["advice"] = f"{others[reported.section][0]}: {issue['advice']}"
    else:
        issue["section"] = reported.section - 1
    return issue


def _low_scores(policy: Policy, sections: Sequence[Section], scores: dict[str, float]) -> list[SafetyIssue]:
    return [
        SafetyIssue(
            category=name,
            severity="medium",
            section=section["index"],
            advice=f"The text scored {scores[name]:.2f} for {name.replace('_', ' ')}; {least:.2f} is the least.",
        )
        for name, least in policy.judge.least.items()
        if scores[name] < least
        for section in sections
    ]
