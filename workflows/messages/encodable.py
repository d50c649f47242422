"""Messages in values that JSON can carry. Pure."""

import math
from typing import Any, TypeVar, cast

from workflows.messages.messages import Message
from workflows.text.characters import replace_halves

_MessageT = TypeVar("_MessageT", bound=Message)
_MOST = 2**53 - 1
"""The largest integer that every JSON reader keeps as it is."""


def make_encodable(message: _MessageT) -> _MessageT:
    """The message in values that every reader can parse: U+FFFD for half of a surrogate pair, 2**53 - 1 for a huge
    integer, 0 for NaN.

    What models and providers say gets into messages of all kinds; text of sections was cleaned as it came.
    """
    fields = message.model_dump()
    clean = _encodable(fields)
    return message if clean == fields else cast(_MessageT, type(message).model_validate(clean))


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return replace_halves(value)
        case bool():
            return value
        case int():
            return max(-_MOST, min(_MOST, value))
        case float():
            return value if math.isfinite(value) else 0.0
        case dict():
            return {_encodable(name): _encodable(item) for name, item in value.items()}
        case list() | tuple():
            return [_encodable(item) for item in value]
        case _:
            return value
