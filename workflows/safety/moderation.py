"""Moderation by a provider: OpenAI's endpoint, through its SDK."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from workflows.errors import ModelBadOutput
from workflows.messages.messages import SafetyIssue
from workflows.models.calls.patience import limit
from workflows.models.clients.catalog import Model
from workflows.models.replies.provider_strings import clean_string
from workflows.safety.policies.policy import Policy
from workflows.state import Section

_MODEL = "omni-moderation-latest"
MODERATED_SCORE = 0.4
"""The most that a text gets in which moderation, or a judge, found something."""


async def moderate(
    policy: Policy, sections: Sequence[Section], model: Model, beside: Mapping[str, str] | None = None
) -> list[SafetyIssue]:
    """The issues that stop the text, by section; empty for none. `beside`: other texts, by name.

    Raises a ModelError when there is no answer, or not one for each section: that is no approval.
    """
    client: Any = getattr(model.chat, "root_async_client", None)
    if client is None:
        raise ModelBadOutput(f"{model.spec} offers no moderation.")
    places: list[int | str] = [*(section["index"] for section in sections), *(beside or {})]
    texts = [*(section["text"] for section in sections), *(beside or {}).values()]
    if not texts:
        return []
    reply = await limit(model, client.moderations.create(model=_MODEL, input=texts))
    results = getattr(reply, "results", None)
    if not isinstance(results, list) or len(results) != len(texts):
        raise ModelBadOutput("The provider's moderation did not answer for every section.")
    return [
        issue
        for place, result in zip(places, results, strict=True)
        for issue in _issues(policy, place, result)
    ]


def moderation_issues(sections: Iterable[Section]) -> list[SafetyIssue]:
    """The issues of sections whose sentences were stopped while they were written."""
    return [
        issue for section in sections if "moderation" in section for issue in section["moderation"]["issues"]
    ]


def _issues(policy: Policy, place: int | str, result: Any) -> list[SafetyIssue]:
    rules = policy.moderation
    return [
        _issue(place, name, score)
        for name, score in sorted(_scores(result).items())
        if score >= rules.categories.get(name, rules.threshold)
    ]


def _scores(result: Any) -> dict[str, float]:
    """The scores by category. The SDK doesn't check what a server says: what is no number from 0 on isn't one."""
    given = getattr(result, "category_scores", None)
    known: dict[str, float] = {}
    if isinstance(given, BaseModel):  # not dumped: what the SDK didn't check can't always be
        fields = type(given).model_fields
        names = {name: field.alias or name for name, field in fields.items()}
        known = {names.get(name, name): score for name, score in given if score is not None}
    if not known:
        raise ModelBadOutput("The provider's moderation answered without scores.")
    for score in known.values():
        if isinstance(score, bool) or not isinstance(score, int | float) or not score >= 0:
            raise ModelBadOutput("The provider's moderation answered with scores that are no numbers.")
    return known


def _issue(place: int | str, category: str, score: float) -> SafetyIssue:
    category = clean_string(category)  # a server may have names of its own
    advice = f"The provider's moderation scored it {score:.2f}; leave this out."
    if isinstance(place, int):
        return SafetyIssue(category=category, severity="high", section=place, advice=advice)
    return SafetyIssue(category=category, severity="high", advice=f"{place}: {advice}")
