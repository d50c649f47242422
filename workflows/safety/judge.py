"""The judge, the most expensive check: a model reads the text as an editor would and fills in a report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints

from workflows.errors import ModelBadOutput
from workflows.messages.messages import SafetyIssue
from workflows.models.calls.calls import ask
from workflows.models.clients.catalog import Model
from workflows.prompts import Prompts
from workflows.safety.policies.policy import Policy
from workflows.state import Section
from workflows.text.streams.normaliser import normalise

_PROMPTS = Prompts(Path(__file__).parent / "prompts")
_ORDER = {"low": 0, "medium": 1, "high": 2}

_LINE, _QUOTE, _MOST_ISSUES = 400, 1000, 40
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    BeforeValidator(lambda text: text[:_LINE] if isinstance(text, str) else text),
]
"""Cut where it is too long: a verdict isn't thrown away for the length of its words."""
Score = Annotated[float, Field(ge=0, le=1)]


class ReportedIssue(BaseModel):
    """An issue that the judge found. `section` is the number of the passage, as the prompt gives it."""

    category: Line
    severity: Literal["low", "medium", "high"]
    section: int
    quote: Annotated[str, AfterValidator(lambda quote: quote[:_QUOTE])]
    advice: Line


def _worst(issues: list[ReportedIssue]) -> list[ReportedIssue]:
    """As many as are kept, the most severe first."""
    return sorted(issues, key=lambda issue: -_ORDER[issue.severity])[:_MOST_ISSUES]


class JudgeReport(BaseModel):
    """The judge's answer. No field has a default: a missing one is not an approval."""

    approved: bool
    issues: Annotated[list[ReportedIssue], AfterValidator(_worst)]
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
    _place_issues(answer.issues, sections, others, model)
    issues = [
        _issue(issue, others)
        for issue in answer.issues
        if not answer.approved or _ORDER[issue.severity] >= _ORDER[policy.judge.blocks]
    ]
    if not answer.approved and not issues:
        raise ModelBadOutput(f"{model.spec} rejected the text and did not say why.")
    issues += _low_scores(policy, sections, scores)
    return issues, scores


def _place_issues(
    issues: list[ReportedIssue],
    sections: Sequence[Section],
    others: Mapping[int, tuple[str, str]],
    model: Model,
) -> None:
    """Gives an issue of a passage that there isn't the number of the one that has its quotation. Raises
    ModelBadOutput where none has it."""
    texts = {section["index"] + 1: section["text"] for section in sections}
    texts |= {number: text for number, (_, text) in others.items()}
    for issue in issues:
        if issue.section in texts:
            continue
        quote = issue.quote.strip()
        found = [number for number, text in texts.items() if quote and quote in text]
        if not found:
            raise ModelBadOutput(f"{model.spec} judged a section that there isn't.")
        issue.section = found[0]


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
