"""Texts that may not be blank."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from workflows.formats.registry import list_formats
from workflows.text.json_values import trimmed

_ONE, _TWO = TypeAdapter(Annotated[str, trimmed(5)]), TypeAdapter(Annotated[str, trimmed(5, shortest=2)])


@pytest.mark.parametrize("kind", [_ONE, _TWO])
@pytest.mark.parametrize(
    "text", ["", " ", "\n\t ", "a", " a", "ab", " a b ", "a\nb", "א ב", "abcdef", "\u00a0\u2003"]
)
def test_text_is_accepted_where_its_json_schema_has_it(kind: TypeAdapter[str], text: str) -> None:
    schema = kind.json_schema()
    in_schema = schema["minLength"] <= len(text) <= schema["maxLength"] and re.search(schema["pattern"], text)
    if in_schema:
        assert kind.validate_python(text) == text.strip()
    else:
        with pytest.raises(ValidationError):
            kind.validate_python(text)


def test_every_text_of_an_input_that_is_of_a_length_says_in_its_schema_that_it_isnt_blank() -> None:
    bare = {
        f"{name}: {path}"
        for name, format in list_formats().items()
        for path, schema in _texts(format.Input.model_json_schema())
        if schema.get("minLength") and "pattern" not in schema
    }
    # Ids of ours, and names in a bible, whose form models are given too: a grammar takes no pattern without ends.
    assert bare == {
        "story: .properties.child_id.anyOf",
        "story: .properties.story_session_id.anyOf",
        "story: .$defs.CastMember.properties.name",
    }


def _texts(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        if schema.get("type") == "string":
            yield path, schema
        for name, inner in schema.items():
            yield from _texts(inner, f"{path}.{name}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from _texts(inner, path)
