"""Fields of a model's structured answers: what is a little too much is cut rather than bought again. Pure."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

LINE = 400
"""Characters of a line."""


def clip(text: Any, most: int = LINE) -> Any:
    """The text, cut after its last whole word within `most` characters; what is no text passes as it is."""
    if not isinstance(text, str) or len(text.strip()) <= most:
        return text
    kept = text.strip()[: most - 1]
    return f"{kept.rpartition(' ')[0] or kept}…"


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
