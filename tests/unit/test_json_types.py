"""Requests as JSON Schema reads them: a boolean or a string is no number, and a whole float is an integer."""

import inspect
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from backend.api import safety
from backend.api.documents import TextBody
from backend.api.runs import runs, versions
from backend.runs.admission import plan_edit
from backend.runs.admission.plan_edit import check_outline
from backend.store.schema.run_values import RunOptions
from backend.stories.api.sessions import BookmarkBody, ChangeBody, ChoiceBody, SessionBody
from backend.stories.children import Profile
from workflows.errors import InvalidInput
from workflows.formats import base
from workflows.formats.base import AnyFormat
from workflows.formats.registry import list_formats
from workflows.formats.story.input import StoryReader
from workflows.text.json_values import JsonModel

BODIES: list[type[JsonModel]] = [
    *(
        runs.StartBody,
        runs.ResumeBody,
        runs.AnswerBody,
        runs.RunTitleBody,
        versions.VersionBody,
        safety.CheckBody,
        TextBody,
    ),
    *(SessionBody, BookmarkBody, ChangeBody, ChoiceBody, StoryReader, Profile, RunOptions),
]
FORMATS = [format for _, format in sorted(list_formats().items())]


def numbers_in(
    schema: Any, root: dict[str, Any], path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], str]]:
    """The path and type of each number that an object may hold, those of nested objects too."""
    if not isinstance(schema, dict):
        return []
    if "$ref" in schema:
        return numbers_in(root["$defs"][schema["$ref"].rpartition("/")[2]], root, path)
    if schema.get("type") in ("integer", "number"):
        return [(path, schema["type"])]
    found = [pair for choice in schema.get("anyOf", []) for pair in numbers_in(choice, root, path)]
    for name, inner in schema.get("properties", {}).items():
        found += numbers_in(inner, root, (*path, name))
    return found


def at(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """An object with nothing but this value, there."""
    for name in reversed(path):
        value = {name: value}
    return dict(value)


def numbers_of(model: type[BaseModel]) -> list[tuple[tuple[str, ...], str]]:
    schema = model.model_json_schema()
    return numbers_in(schema, schema)


def faults(model: type[BaseModel], given: dict[str, Any]) -> set[str]:
    try:
        model.model_validate(given)
    except ValidationError as error:
        return {".".join(map(str, item["loc"])) for item in error.errors() if item["type"].endswith("_type")}
    return set()


@pytest.mark.parametrize("wrong", [True, False, "7", "7.0", "true"])
@pytest.mark.parametrize("model", BODIES)
def test_every_number_of_a_body_refuses_what_is_no_number(model: type[JsonModel], wrong: Any) -> None:
    for path, _ in numbers_of(model):
        assert ".".join(path) in faults(model, at(path, wrong))


@pytest.mark.parametrize("model", BODIES)
def test_every_integer_of_a_body_takes_a_whole_float(model: type[JsonModel]) -> None:
    for path, kind in numbers_of(model):
        if kind == "integer":
            assert ".".join(path) not in faults(model, at(path, 7.0))


@pytest.mark.parametrize("wrong", [True, False, "7", "7.0", "true"])
@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_every_number_of_a_formats_input_refuses_what_is_no_number(format: AnyFormat, wrong: Any) -> None:
    for path, _ in numbers_of(format.Input):
        with pytest.raises(InvalidInput) as refused:
            format.parse(at(path, wrong))
        assert ".".join(("input", *path)) in {error.field for error in refused.value.errors}


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_every_integer_of_a_formats_input_takes_a_whole_float(format: AnyFormat) -> None:
    for path, kind in numbers_of(format.Input):
        if kind == "integer":
            with pytest.raises(InvalidInput) as refused:
                format.parse({**at(path, 7.0), "no such field": 1})
            assert not any("valid integer" in error.message for error in refused.value.errors)


@pytest.mark.parametrize("model", BODIES)
def test_every_integer_of_a_body_has_an_end(model: type[JsonModel]) -> None:
    for path, kind in numbers_of(model):
        if kind == "integer":
            with pytest.raises(ValidationError) as refused:
                model.model_validate(at(path, 2**63))
            assert path in {item["loc"] for item in refused.value.errors()}


def test_body_with_very_many_members_is_refused_before_anything_is_done_for_each() -> None:
    with pytest.raises(ValidationError) as refused:
        safety.CheckBody.model_validate({f"k{number}": 1 for number in range(80_000)})
    assert refused.value.error_count() == 1


@pytest.mark.parametrize(
    "wish",
    [
        {f"k{number}": 1 for number in range(80_000)},
        {"reader": {"interests": ["cats"] * 200_000}},
        {"reader": [[{}] * 300] * 300},
    ],
)
def test_input_of_very_many_values_is_refused_before_anything_is_done_for_each(
    wish: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "paths_of_nul", _no_search)
    with pytest.raises(InvalidInput, match="more than 10000 values"):
        list_formats()["story"].parse(wish)


def test_edited_plan_of_very_many_sections_is_refused_before_anything_is_done_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan_edit, "paths_of_nul", _no_search)
    with pytest.raises(InvalidInput, match="1 to 50 sections"):
        check_outline({"title": "Moon", "sections": [{}] * 51})


def _no_search(value: Any, path: str) -> Any:
    raise AssertionError((value, path))


def test_input_that_is_nested_beyond_measure_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"reader": deep}
    with pytest.raises(InvalidInput, match="nested too deeply"):
        list_formats()["story"].parse(deep)


@pytest.mark.parametrize("wrong", [True, "100", 100.5])
def test_edited_plan_refuses_what_is_no_number(wrong: Any) -> None:
    section = {"index": 0, "title": "A", "summary": "", "target_words": wrong}
    with pytest.raises(InvalidInput) as refused:
        check_outline({"title": "Moon", "sections": [section]})
    assert [error.field for error in refused.value.errors] == ["outline.sections.0.target_words"]


def test_edited_plan_refuses_a_nul_and_names_its_place() -> None:
    section = {"index": 0, "title": "A\0", "summary": "", "target_words": 100}
    with pytest.raises(InvalidInput) as refused:
        check_outline({"title": "Moon", "sections": [section]})
    assert [error.field for error in refused.value.errors] == ["outline.sections.0.title"]


def test_every_body_of_the_service_is_in_this_list() -> None:
    modules = [runs, versions, safety]
    defined = {
        found
        for module in modules
        for _, found in inspect.getmembers(module, inspect.isclass)
        if found.__module__ == module.__name__ and found.__name__.endswith("Body")
    }
    assert defined <= set(BODIES)
