"""The dearest check: a model reads the text as an editor would and says what it finds, in a form."""

from collections.abc import Sequence
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


class JudgeIssue(BaseModel):
    """What the judge found fault with. `section` is the number of the passage, as the prompt gives it."""

    category: Line
    severity: Literal["low", "medium", "high"]
    section: int
    quote: str = Field(max_length=1000)
    advice: Line


class Judgement(BaseModel):
    """The judge's answer. Nothing in it has a default: what isn't said is not an approval."""

    approved: bool
    issues: list[JudgeIssue] = Field(max_length=40)
    age_fit: Score
    cultural_sensitivity: Score
    educational_value: Score


async def judge(
    policy: Policy, sections: Sequence[Section], model: Model
) -> tuple[list[SafetyIssue], dict[str, float]]:
    """What stops the text (empty: approved) and the scores, 0 to 1.

    Raises a ModelError when there is no answer, or none that makes sense: that is never an approval.
    """
    answer = await ask(model, Judgement, _PROMPTS.messages("judge", policy=policy, sections=sections))
    scores = {
        "age_fit": answer.age_fit,
        "cultural_sensitivity": answer.cultural_sensitivity,
        "educational_value": answer.educational_value,
    }
    known = {section["index"] for section in sections}
    if any(issue.section - 1 not in known for issue in answer.issues):
        raise ModelBadOutput(f"{model.spec} judged a section that there isn't.")
    issues = [
        SafetyIssue(
            category=normalise(issue.category),
            severity=issue.severity,
            section=issue.section - 1,
            quote=normalise(issue.quote)[:200],
            advice=normalise(issue.advice),
        )
        for issue in answer.issues
        if not answer.approved or _ORDER[issue.severity] >= _ORDER[policy.judge.blocks]
    ]
    if not answer.approved and not issues:
        raise ModelBadOutput(f"{model.spec} rejected the text and did not say why.")
    issues += _low_scores(policy, sections, scores)
    return issues, scores


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
