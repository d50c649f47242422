"""Forms are made of schemas, on the page and in Studio: so every field that may be filled in says what it is for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.app import create_app
from backend.settings import load_settings
from backend.store.schema.run_values import RunOptions
from workflows.formats.registry import list_formats

_INSIDE = ("items", "anyOf", "allOf", "oneOf", "additionalProperties")


def fields(schema: Any, root: dict[str, Any], known: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a schema and of all that it refers to, by a name to find it by."""
    if isinstance(schema, list):
        for part in schema:
            yield from fields(part, root, known)
    if not isinstance(schema, dict):
        return
    if (reference := schema.get("$ref")) is not None:
        if reference not in known:
            known.add(reference)
            yield from fields(_find(reference, root), root, known)
        return
    for name, field in schema.get("properties", {}).items():
        yield f"{schema.get('title', '')}.{name}", field
        yield from fields(field, root, known)
    for part in _INSIDE:
        yield from fields(schema.get(part), root, known)


def _find(reference: str, root: dict[str, Any]) -> Any:
    found: Any = root
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def is_described(field: dict[str, Any]) -> bool:
    """By itself, or as the one kind of value that isn't null. What it refers to describes a kind, not this field."""
    kinds = [field, *(kind for kind in field.get("anyOf", ()) if kind.get("type") != "null")]
    return any(kind.get("description") for kind in kinds)


def undescribed(schema: dict[str, Any], root: dict[str, Any] | None = None) -> list[str]:
    return [name for name, field in fields(schema, root or schema, set()) if not is_described(field)]


@pytest.mark.parametrize("name", sorted(list_formats()))
def test_every_field_of_every_format_says_what_it_is_for(name: str) -> None:
    schema = list_formats()[name].Input.model_json_schema()
    assert len(list(fields(schema, schema, set()))) > 3
    assert undescribed(schema) == []


def test_every_option_of_a_run_says_what_it_is_for() -> None:
    assert undescribed(RunOptions.model_json_schema()) == []


def test_every_field_of_every_body_that_the_service_takes_says_what_it_is_for(tmp_path: Path) -> None:
    root = create_app(load_settings(data_dir=tmp_path, _env_file=None)).openapi()
    bodies = [
        content["schema"]
        for operations in root["paths"].values()
        for operation in operations.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    assert len(bodies) > 8
    assert undescribed({"anyOf": bodies}, root) == []
