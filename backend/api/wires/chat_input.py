"""The format's input from what a person has typed into a chat."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pydantic import ConfigDict

from workflows.formats.base import AnyFormat
from workflows.formats.defaults import presentation_of
from workflows.text.json_values import JsonModel

_HASHED = 32


class ClientModel(JsonModel):
    """JSON object of another project's client: what it sends beside what is read here is passed over."""

    model_config = ConfigDict(extra="ignore")


def with_text(format: AnyFormat, given: dict[str, Any], text: str) -> dict[str, Any]:
    """The input with the text in the field that the format takes a chat's text as, such as a story's `theme`; else in
    the first text that the input has to have. What is given counts more. It isn't checked here."""
    place = _text_field(format, given)
    return {**given, place: text.strip()} if place is not None and text.strip() else given


def text_in(format: AnyFormat, given: Mapping[str, Any]) -> str:
    """The text that `with_text` has put into an input; empty where there is none."""
    text = given.get(_text_field(format, {}) or "")
    return text if isinstance(text, str) else ""


def text_of_content(content: object) -> str:
    """The text of a message's content, which may be in parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    return "\n".join(text for text in texts if isinstance(text, str))


def hashed(text: str) -> str:
    """A short name of a client's id, of any length and any characters, for an idempotency key."""
    return sha256(text.encode(errors="replace")).hexdigest()[:_HASHED]


def _text_field(format: AnyFormat, given: dict[str, Any]) -> str | None:
    """The field of the input that a message's text is, unless it is given already."""
    if (own := presentation_of(format).chat_field) is not None:
        return None if own in given else own
    schema = format.Input.model_json_schema()
    required = schema.get("required", [])
    return next(
        (
            name
            for name, field in schema["properties"].items()
            if name in required and name not in given and field.get("type") == "string"
        ),
        None,
    )
