"""Validation of a plan edited by a person. Pure."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from workflows.errors import InvalidInput
from workflows.formats.base import invalid_input
from workflows.messages.messages import OutlinePlanned
from workflows.text.json_values import NUL_REFUSED, holds_too_many, paths_of_nul, with_whole_numbers

_SECTIONS = 50
_TITLE, _SUMMARY = 200, 1000  # characters
_NUMBERED = f"1 to {_SECTIONS} sections, numbered 0, 1, 2, … in order"
_FEWEST_WORDS, _MOST_WORDS = 10, 5000


def check_outline(outline: Mapping[str, Any]) -> OutlinePlanned:
    """The edited plan. Raises InvalidInput that names the field."""
    try:
        given = outline.get("sections")
        if holds_too_many(outline) or (isinstance(given, list) and len(given) > _SECTIONS):
            _demand(False, "sections", _NUMBERED)  # before anything is done for each
        if nul := next(paths_of_nul(outline, "outline"), None):
            raise InvalidInput.of(nul, NUL_REFUSED)
        edited = OutlinePlanned.model_validate(with_whole_numbers(dict(outline)), strict=True)
    except ValidationError as error:
        raise invalid_input(error, "outline") from None
    sections = edited.sections
    numbered = [section["index"] for section in sections] == list(range(len(sections)))
    _demand(
        1 <= len(sections) <= _SECTIONS and numbered,
        "sections",
        _NUMBERED,
    )
    _demand(1 <= len(edited.title) <= _TITLE, "title", "1 to 200 characters")
    for section in sections:
        field = f"sections.{section['index']}"
        _demand(1 <= len(section["title"]) <= _TITLE, f"{field}.title", "1 to 200 characters")
        _demand(len(section["summary"]) <= _SUMMARY, f"{field}.summary", "at most 1000 characters")
        _demand(
            _FEWEST_WORDS <= section["target_words"] <= _MOST_WORDS,
            f"{field}.target_words",
            "10 to 5000 words",
        )
    return edited


def _demand(holds: bool, field: str, accepted: str) -> None:
    if not holds:
        raise InvalidInput.of(f"outline.{field}", accepted)
