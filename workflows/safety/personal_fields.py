"""Personal texts of an input: fields that their format marks with `json_schema_extra={"personal": True}`."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

_HEADING_WORDS = 3
_GAP = re.compile(r"\n\s*\n")


class Figure(str):
    """A personal number with a word beside it, as prompts and JSON may say it. Alone, both stand everywhere."""


def find_personal(inputs: BaseModel) -> list[str]:
    """All texts in the marked fields, however deep, without duplicates; of a marked list or model, all texts. Numbers
    that are marked themselves are figures.

    A long text is its paragraphs, for prompts hold some of them; its headings, a few words that stand
    everywhere, aren't among them.
    """
    return list(dict.fromkeys(_of_model(inputs)))


def find_given(inputs: BaseModel, root: str) -> str | None:
    """The path below `root` of a marked field that says something else than it does by itself; None without one."""
    for name, info in type(inputs).model_fields.items():
        value, path = getattr(inputs, name), f"{root}.{name}"
        if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("personal"):
            if value != info.get_default(call_default_factory=True):
                return path
            continue
        inside = enumerate(value) if isinstance(value, list) else [(None, value)]
        for place, item in inside:
            within = path if place is None else f"{path}.{place}"
            if isinstance(item, BaseModel) and (found := find_given(item, within)) is not None:
                return found
    return None


def _of_model(inputs: BaseModel) -> Iterator[str]:
    for name, info in type(inputs).model_fields.items():
        extra = info.json_schema_extra
        value = getattr(inputs, name)
        if isinstance(extra, dict) and extra.get("personal"):
            yield from _figures(name, value) if isinstance(value, int) else _texts(value)
        else:
            yield from _inside(value)


def _figures(name: str, value: int) -> Iterator[str]:
    for text in (f"{name} {value}", f"{value} year", f"{value} years", f"aged {value}", f"child of {value}"):
        yield Figure(text)


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
