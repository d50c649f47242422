"""Safety policies, and checks of any text against one of them."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from backend.api.dependencies import ResourcesDep
from backend.api.leaving import in_turn
from workflows.errors import InvalidInput
from workflows.safety.check import check_input, check_text
from workflows.safety.policies.policy import GateMode, Policy
from workflows.text.json_values import JsonModel
from workflows.verdicts import Verdict

router = APIRouter(prefix="/api/v1/safety", tags=["safety"])


class CheckBody(JsonModel):
    """A text and whom it is for."""

    text: str = Field(min_length=1, max_length=200_000, description="What is to be checked")
    policy: str = Field("child", description="GET /api/v1/safety/policies lists them", max_length=64)
    age: int | None = Field(None, ge=0, le=120, description="The reader's age; the strictest band without it")
    kind: Literal["text", "input"] = Field(
        "text", description="input: a request, which is checked for prompt injection and personal data too"
    )


class IssueView(BaseModel):
    """An issue that the check found."""

    category: str
    severity: Literal["low", "medium", "high"]
    quote: str | None = None
    advice: str


class VerdictView(BaseModel):
    """The verdict of a check for these readers; `score` 0 (unsafe) to 1."""

    policy: str
    approved: bool
    score: float
    layers: list[str]
    issues: list[IssueView]


class RuleView(BaseModel):
    """A policy's rule for one category."""

    category: str
    severity: Literal["low", "medium", "high"]
    blocked: bool
    noted_in: list[str]
    advice: str


class PolicyView(BaseModel):
    """A policy, without its word lists."""

    name: str
    audience: str
    readers: str
    gate: GateMode
    bands: list[dict[str, Any]]
    input: dict[str, str]
    rules: list[RuleView]


@router.post("/check")
async def check(body: CheckBody, request: Request, resources: ResourcesDep) -> VerdictView:
    """The verdict of the local rules. No model is called and nothing is stored."""
    try:
        policy = resources.policies.find(body.policy, body.age)
    except LookupError as error:
        raise InvalidInput.of("policy", str(error.args[0])) from None
    if body.kind == "input":
        verdict = await in_turn(request, resources.for_callers, check_input, policy, {"text": body.text})
    else:
        verdict = await in_turn(request, resources.for_callers, check_text, policy, body.text)
    return _view(policy, verdict)


@router.get("/policies")
async def list_policies(resources: ResourcesDep) -> dict[str, list[PolicyView]]:
    """All policies: the audience, blocked and noted categories, and the gate."""
    return {"policies": [_policy_view(policy) for policy in resources.policies.all()]}


def _view(policy: Policy, verdict: Verdict) -> VerdictView:
    return VerdictView(
        policy=policy.label,
        approved=verdict["approved"],
        score=verdict["score"],
        layers=["rules"],
        issues=[IssueView.model_validate(issue) for issue in verdict["issues"]],
    )


def _policy_view(policy: Policy) -> PolicyView:
    return PolicyView(
        name=policy.name,
        audience=policy.audience,
        readers=policy.readers,
        gate=policy.gate,
        bands=[band.model_dump() for band in policy.bands],
        input=policy.input.model_dump(),
        rules=[RuleView.model_validate(rule, from_attributes=True) for rule in policy.rules],
    )
