"""Lenient reading of messages, which are strict when written and forgiving when read.

A service of a later version may send types, fields and values that this one doesn't know.
"""

from typing import Any, get_args

import orjson
from pydantic import BaseModel, ValidationError

from workflows.messages.messages import Message, StoryChunk, decode

_MOST_SECTIONS = 10_000
"""More than any text has."""
_KINDS: dict[str, type[BaseModel]] = {kind.type: kind for kind in get_args(Message)}


def read_message(line: bytes | str) -> Message | None:
    """The message, or None for an unknown type. Raises ValueError for JSON that is no message at all."""
    chunk = orjson.loads(line)
    if not isinstance(chunk, dict) or not isinstance(chunk.get("type"), str):
        raise ValueError("a message is an object with a type")
    if chunk["type"] not in _KINDS:
        return None
    try:
        message: Message = StoryChunk.validate_python(chunk, extra="allow").data
        return message
    except ValidationError as error:
        if any(item["type"] != "literal_error" for item in error.errors(include_input=False)):
            raise ValueError(f"a message of the type {chunk['type']} lacks what it must have") from None
    return _take_as_it_is(chunk)


def decode_stored(line: bytes | str) -> Message | None:
    """A message of the service's own log, perhaps from a later version; None for an unreadable or damaged one, such
    as of a section that no text has: what reads on counts up to it."""
    try:
        message: Message | None = decode(line)
    except ValidationError:
        try:
            message = read_message(line)
        except ValueError:
            return None
    section = getattr(message, "section", None)
    return message if section is None or is_section(section) else None


def is_section(value: Any) -> bool:
    """Whether it can be the number of a section."""
    return isinstance(value, int) and 0 <= value <= _MOST_SECTIONS


def _take_as_it_is(chunk: dict[str, Any]) -> Message:
    """Accepts an unknown value, such as another reason for a `retract`: the message counts all the same."""
    message: Any = _KINDS[chunk["type"]].model_construct(**chunk["data"])
    return message  # type: ignore[no-any-return]
