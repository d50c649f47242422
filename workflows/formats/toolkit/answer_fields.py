"""Fields of a model's structured answers: what is a little too much is cut rather than bought again. Pure."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

LINE = 400
"""Characters of a line."""
_MOST_PLACES = 100
_PLACE = re.compile(r"(?<![\d/.])\d{1,4}(?!\d)")
"""Not the numbers in an address, nor a piece of a longer one."""


def clip(text: Any, most: int = LINE) -> Any:
    """The text, cut after its last whole word within `most` characters; what is no text passes as it is."""
    if not isinstance(text, str) or len(text.strip()) <= most:
        return text
    kept = text.strip()[: most - 1]
    return f"{kept.rpartition(' ')[0] or kept}…"


def as_text(value: Any) -> Any:
    """A number as the text that it would be in a sentence."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def as_line(value: Any) -> Any:
    """One text, also where it comes as a list of texts or as a number."""
    if isinstance(value, list):
        said = [as_text(item) for item in value if not _is_blank(item)]
        return (
            "; ".join(item.strip() for item in said) if all(isinstance(item, str) for item in said) else value
        )
    return as_text(value)


def as_list(value: Any) -> Any:
    """A list without its empty items; one item alone is a list of it."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if item not in ([], {}) and not _is_blank(item)]


def as_places(value: Any) -> list[int]:
    """Places in the list of sources, whether they come as numbers, as "[1], [3]", or one alone."""
    items = value if isinstance(value, list) else [value]
    found = [place for item in items for place in _places(item)]
    return found[:_MOST_PLACES]


def _places(item: Any) -> list[int]:
    if isinstance(item, int):
        return [item] if item > 0 and not isinstance(item, bool) else []
    return [int(place) for place in _PLACE.findall(item)] if isinstance(item, str) else []


def _said(items: Any) -> Any:
    return [item for item in items if not _is_blank(item)] if isinstance(items, list) else items


def _is_blank(item: Any) -> bool:
    return item is None or (isinstance(item, str) and not item.strip())


SAID = BeforeValidator(_said)
"""Without the blank items of a list."""


@dataclass(frozen=True, slots=True)
class First:
    """Annotation of a list: its first items, as many as a model is asked for at most."""

    most: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(lambda items: items[: self.most], handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "maxItems": self.most}


AnswerLine = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    BeforeValidator(clip),
    Field(json_schema_extra={"maxLength": LINE}),
]
"""A text that is there, of at most 400 characters."""
