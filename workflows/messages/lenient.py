"""Messages as a reader takes them: ours are strict where they are written and forgiving where they are read.

A service of a later version may send types, fields and values that this one doesn't know.
"""

from typing import Any, get_args

import orjson
from pydantic import BaseModel, ValidationError

from workflows.messages.messages import Message, StoryChunk

_KINDS: dict[str, type[BaseModel]] = {kind.model_fields["type"].default: kind for kind in get_args(Message)}


def read_message(line: bytes | str) -> Message | None:
    """The message, or None for a type that isn't known. Raises ValueError for what is no message at all."""
    data = orjson.loads(line)
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        raise ValueError("a message is an object with a type")
    if data["type"] not in _KINDS:
        return None
    try:
        return StoryChunk.validate_python(data, extra="allow")
    except ValidationError as error:
        if any(item["type"] != "literal_error" for item in error.errors(include_input=False)):
            raise ValueError(f"a message of the type {data['type']} lacks what it must have") from None
    return _take_as_it_is(data)


def _take_as_it_is(data: dict[str, Any]) -> Message:
    """A value that isn't known, such as another reason for a `retract`: the message counts all the same."""
    kind = _KINDS[data["type"]]
    body = kind.model_fields["data"].annotation
    assert isinstance(body, type) and issubclass(body, BaseModel)
    message: Any = kind.model_construct(type=data["type"], data=body.model_construct(**data["data"]))
    return message  # type: ignore[no-any-return]
