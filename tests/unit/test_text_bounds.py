"""No text that somebody sends is without a bound: every string of a request says how long it may be."""

from collections.abc import Iterator
from typing import Any

import pytest

from backend.app import create_app
from backend.settings import Settings
from workflows.formats.registry import list_formats

BOUNDS = {"maxLength", "enum", "const", "format", "pattern"}


def unbounded(schema: Any, root: dict[str, Any], path: str, seen: set[str] | None = None) -> Iterator[str]:
    """The strings inside of a JSON Schema that may be of any length, by their path. `seen`: what was looked into."""
    seen = set() if seen is None else seen
    if not isinstance(schema, dict):
        return
    reference = schema.get("$ref")
    if reference is not None and reference not in seen:
        seen.add(reference)
        yield from unbounded(resolve(reference, root), root, path, seen)
    if schema.get("type") == "string" and not BOUNDS & set(schema):
        yield path
    for name, inner in schema.get("properties", {}).items():
        yield from unbounded(inner, root, f"{path}.{name}", seen)
    for inner in _parts(schema):
        yield from unbounded(inner, root, path, seen)


def _parts(schema: dict[str, Any]) -> list[Any]:
    """The schemas of what a value holds, or may be."""
    choices = [part for key in ("anyOf", "oneOf", "allOf", "prefixItems") for part in schema.get(key, [])]
    return [*choices, schema.get("items"), schema.get("additionalProperties")]


def resolve(reference: str, root: dict[str, Any]) -> Any:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


@pytest.mark.parametrize("name", sorted(list_formats()))
def test_every_text_of_a_formats_input_has_a_bound(name: str) -> None:
    schema = list_formats()[name].Input.model_json_schema()
    assert list(unbounded(schema, schema, name)) == []


def test_every_text_of_a_request_has_a_bound() -> None:
    document = create_app(Settings(_env_file=None)).openapi()
    found: list[str] = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            place = f"{method} {path}"
            for parameter in operation.get("parameters", []):
                found += unbounded(parameter["schema"], document, f"{place} ?{parameter['name']}")
            for content in operation.get("requestBody", {}).get("content", {}).values():
                found += unbounded(content.get("schema"), document, place)
    assert found == []
