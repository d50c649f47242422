"""Personal texts of an input: fields that their format marks with `json_schema_extra={"personal": True}`."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

_HEADING_WORDS = 3
_GAP = re.compile(r"\n\s*\n")


def find_personal(inputs: BaseModel) -> list[str]:
    """All texts in the marked fields, however deep, without duplicates; of a marked list or model, all texts.

    A long text is its paragraphs, for prompts hold some of them; its headings, a few words that stand
    everywhere, aren't among them.
    """
    return list(dict.fromkeys(_of_model(inputs)))


def _of_model(inputs: BaseModel) -> Iterator[str]:
    for name, info in type(inputs).model_fields.items():
        extra = info.json_schema_extra
        value = getattr(inputs, name)
        if isinstance(extra, dict) and extra.get("personal"):
            yield from _texts(value)
        else:
            yield from _inside(value)


def _inside(value: Any) -> Iterator[str]:
    """Marked fields of nested models."""
    match value:
        case BaseModel():
            yield from _of_model(value)
        case dict():
            for item in value.values():
                yield from _inside(item)
        case list() | tuple() | set() | frozenset():
            for item in value:
                yield from _inside(item)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            parts = [part.strip() for part in _GAP.split(value) if part.strip()]
            yield from parts if len(parts) < 2 else filter(_is_said, parts)
        case BaseModel():
            yield from _texts(dict(value))
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list() | tuple() | set() | frozenset():
            for item in value:
                yield from _texts(item)


def _is_said(paragraph: str) -> bool:
    return len(paragraph.split()) > _HEADING_WORDS
