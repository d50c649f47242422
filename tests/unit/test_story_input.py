"""What a story may be asked for with, and what a caller is told otherwise."""

from typing import Any

import pytest

from workflows.errors import InvalidInput
from workflows.formats.story.format import StoryFormat
from workflows.formats.story.input import StoryInput
from workflows.models.spec import ModelSpec

STORY = StoryFormat()


def test_story_input_of_a_theme_alone_has_sensible_defaults() -> None:
    inputs = STORY.parse({"theme": "  a lighthouse on the moon  "})
    assert inputs.theme == "a lighthouse on the moon"
    assert (inputs.reader.name, inputs.reader.age, inputs.reader.language) == ("Alex", 7, "en")
    assert (inputs.chapter_number, inputs.title, inputs.custom_user_input) == (1, None, None)


def test_story_input_example_is_valid_and_comes_back_from_json() -> None:
    inputs = STORY.parse(STORY.example)
    assert STORY.parse(inputs.model_dump(mode="json")) == inputs


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "input.theme"),
        ({"theme": ""}, "input.theme"),
        ({"theme": " x "}, "input.theme"),
        ({"theme": "x" * 121}, "input.theme"),
        ({"theme": 7}, "input.theme"),
        ({"theme": None}, "input.theme"),
        ({"theme": "half \ud800"}, "input.theme"),
        ({"theme": "sea", "chapter_number": 4, "chapter_count": 3}, "input.chapter_count"),
        ({"theme": "sea", "reader": {"age": 2}}, "input.reader.age"),
        ({"theme": "sea", "reader": {"age": 15}}, "input.reader.age"),
        ({"theme": "sea", "reader": {"age": "old"}}, "input.reader.age"),
        ({"theme": "sea", "reader": {"age": 7.5}}, "input.reader.age"),
        ({"theme": "sea", "reader": {"age": True}}, "input.reader.age"),
        ({"theme": "sea", "reader": {"age": "7"}}, "input.reader.age"),
        ({"theme": "sea", "chapter_number": True}, "input.chapter_number"),
        ({"theme": "sea", "earlier": [{"number": "1", "title": "A"}]}, "input.earlier.0.number"),
        ({"theme": "sea", "reader": {"name": "   "}}, "input.reader.name"),
        ({"theme": "sea", "reader": {"reading_level": "expert"}}, "input.reader.reading_level"),
        ({"theme": "sea", "reader": {"language": "fr"}}, "input.reader.language"),
        ({"theme": "sea", "reader": {"interests": ["cats"] * 11}}, "input.reader.interests"),
        ({"theme": "sea", "reader": {"interests": ["cats", ""]}}, "input.reader.interests.1"),
        ({"theme": "sea", "reader": {"interests": "cats"}}, "input.reader.interests"),
        ({"theme": "sea", "reader": {"vocabulary_level": 101}}, "input.reader.vocabulary_level"),
        ({"theme": "sea", "reader": {"shoe_size": 30}}, "input.reader.shoe_size"),
        ({"theme": "sea", "reader": []}, "input.reader"),
        ({"theme": "sea", "chapter_number": 0}, "input.chapter_number"),
        ({"theme": "sea", "chapter_number": 10**30}, "input.chapter_number"),
        ({"theme": "sea", "title": ""}, "input.title"),
        ({"theme": "sea", "custom_user_input": "x" * 1001}, "input.custom_user_input"),
        ({"theme": "sea", "theem": "sea"}, "input.theem"),
    ],
)
def test_story_input_with_a_wrong_field_names_it(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        STORY.parse(wrong)
    assert [error.field for error in refused.value.errors] == [field]
    assert refused.value.message.startswith(f"{field}: ")


def test_story_input_with_several_wrong_fields_names_them_all_and_echoes_none() -> None:
    with pytest.raises(InvalidInput) as refused:
        STORY.parse({"theme": "q" * 500, "reader": {"age": 99}, "chapter_number": -1})
    assert [error.field for error in refused.value.errors] == [
        "input.theme",
        "input.reader.age",
        "input.chapter_number",
    ]
    assert "qqq" not in refused.value.message


def test_story_in_hebrew_is_refused_by_the_embedded_model_only() -> None:
    hebrew = StoryInput.model_validate({"theme": "ירח", "reader": {"language": "he"}})
    english = StoryInput.model_validate({"theme": "moon"})
    STORY.check_model(hebrew, ModelSpec("openai", "gpt-5-mini"))
    STORY.check_model(english, ModelSpec("embedded", "smollm2"))
    with pytest.raises(InvalidInput, match="STORYWIRE_MODEL") as refused:
        STORY.check_model(hebrew, ModelSpec("embedded", "smollm2"))
    assert [error.field for error in refused.value.errors] == ["input.reader.language"]


def test_story_is_checked_by_the_childrens_policy() -> None:
    assert STORY.policy(StoryInput(theme="moon")).name == "child"


@pytest.mark.parametrize(
    ("stored", "left"),
    [
        (
            {"theme": "sea", "earlier": [{"number": 1}, {"number": 2, "title": "B"}]},
            [{"number": 2, "title": "B"}],
        ),
        ({"earlier": [{"number": 1, "of": "an earlier release"}, {"title": "B"}]}, [{"title": "B"}]),
        ({"earlier": [{"number": 2}, 1, None, "1"]}, [{"number": 2}, 1, None, "1"]),
        ({"about": "another format's", "earlier": "that day"}, "that day"),
        ({"about": "another format's"}, None),
    ],
)
def test_recap_of_a_chapter_is_taken_from_whatever_was_stored(stored: dict[str, Any], left: Any) -> None:
    expected = stored if left is None else {**stored, "earlier": left}
    assert STORY.without_part(stored, 1) == expected
