"""Fields of a model's structured answers: what is a little too much is cut rather than bought again. Pure."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

LINE = 400
"""Characters of a line."""
_MOST_PLACES = 100
_BETWEEN = re.compile(r"[\s,;&+#\[\](){}]+|(?:sources?|refs?|and)\b", re.IGNORECASE)
"""What stands between places, and before them."""
_PLACE = re.compile(r"s?(\d{1,4})(?:[-–—](\d{1,4}))?", re.IGNORECASE)


def clip(text: Any, most: int = LINE) -> Any:
    """The text, cut after its last whole word within `most` characters; what is no text passes as it is."""
    if not isinstance(text, str) or len(text.strip()) <= most:
        return text
    kept = text.strip()[: most - 1]
    return f"{kept.rpartition(' ')[0] or kept}…"


def as_text(value: Any) -> Any:
    """A number as the text that it would be in a sentence."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number and math.isfinite(value) else value


def as_line(value: Any) -> Any:
    """One text, also where it comes as a number, or as texts in a list or an object."""
    if isinstance(value, dict):
        value = list(value.values())
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
    """Places in the list of sources, whether they come as numbers, as "[1], [3]", "1-3", or one alone."""
    items = value if isinstance(value, list) else [value]
    return list(islice((place for item in items for place in _places_in(item) if place), _MOST_PLACES))


def _places_in(item: Any) -> Iterator[int]:
    """None where it says anything else: the numbers of an address or a date are no places."""
    if isinstance(item, bool) or not isinstance(item, int | float | str):
        return
    text = f"{item:.0f}" if isinstance(item, float) and item.is_integer() else str(item)
    found = [_PLACE.fullmatch(part) for part in _BETWEEN.split(text.rstrip(".")) if part]
    if not all(found):
        return
    for match in filter(None, found):
        yield from range(int(match[1]), int(match[2] or match[1]) + 1)


def _is_blank(item: Any) -> bool:
    return item is None or (isinstance(item, str) and not item.strip())


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
