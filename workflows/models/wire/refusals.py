"""Requests adapted to a server that refuses an unknown field: sent again without it. Pure.

A refused request has cost nothing. What was learned holds for all later calls of the model.
"""

import re

from workflows.models.wire.errors import Json
from workflows.models.wire.traits import LimitField, ServerTraits

_UNKNOWN_FIELD = re.compile(
    r"unsupported|not supported|does ?n[o']t support|unrecogni[sz]ed|unknown|unexpected|extra[_ ]|forbidden|"
    r"not (?:permitted|allowed|accepted|valid)|invalid (?:parameter|argument|field|key|property)|additional propert",
    re.IGNORECASE,
)
_OTHER: dict[str, LimitField] = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_DISPENSABLE = ("stream_options",)
_LONGEST = 10_000
REFUSALS = frozenset({400, 422})
MOST_ATTEMPTS = 1 + len(_OTHER) // 2 + len(_DISPENSABLE)


def adapt_request(request: Json, traits: ServerTraits) -> Json:
    """A chat request in the server's dialect."""
    adapted = {name: value for name, value in request.items() if name not in traits.without}
    for name in _OTHER:
        if name in adapted and name != traits.limit_field:
            adapted[traits.limit_field] = adapted.pop(name)
    return adapted


def learn_from_refusal(request: Json, reply: str, traits: ServerTraits) -> bool:
    """Whether `reply` refuses a field of `request` that can be renamed, or left out."""
    reply = reply[:_LONGEST]
    if not _UNKNOWN_FIELD.search(reply):
        return False
    for name, other in _OTHER.items():
        if name in request and re.search(rf"\b{name}\b", reply) and traits.limit_field == name:
            traits.limit_field = other
            return True
    for name in _DISPENSABLE:
        if name in request and re.search(rf"\b{name}\b", reply):
            traits.without.add(name)
            return True
    return False
