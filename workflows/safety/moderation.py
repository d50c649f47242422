"""Moderation by a provider: OpenAI's endpoint, through its SDK."""

from collections.abc import Mapping, Sequence
from typing import Any

from workflows.errors import ModelBadOutput
from workflows.messages.messages import SafetyIssue
from workflows.models.calls.patience import limit
from workflows.models.clients.catalog import Model
from workflows.safety.policy import Policy
from workflows.state import Section

_MODEL = "omni-moderation-latest"


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
    if len(reply.results) != len(texts):
        raise ModelBadOutput("The provider's moderation did not answer for every section.")
    return [
        issue
        for place, result in zip(places, reply.results, strict=True)
        for issue in _issues(policy, place, result)
    ]


def _issues(policy: Policy, place: int | str, result: Any) -> list[SafetyIssue]:
    scores: dict[str, float | None] = result.category_scores.model_dump(by_alias=True)
    known = {name: score for name, score in scores.items() if score is not None}
    if not known:
        raise ModelBadOutput("The provider's moderation answered without scores.")
    rules = policy.moderation
    return [
        _issue(place, name, score)
        for name, score in sorted(known.items())
        if score >= rules.categories.get(name, rules.threshold)
    ]


def _issue(place: int | str, category: str, score: float) -> SafetyIssue:
    advice = f"The provider's moderation scored it {score:.2f}; leave this out."
    if isinstance(place, int):
        return SafetyIssue(category=category, severity="high", section=place, advice=advice)
    return SafetyIssue(category=category, severity="high", advice=f"{place}: {advice}")
