"""A query string → a format's input."""

from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from backend.api.dependencies import is_event_id_name
from backend.api.runs.query import read_query, typed
from workflows.errors import InvalidInput
from workflows.formats.story.input import StoryInput, StoryReader

_TEXT = st.text(st.characters(categories=["L", "Nd"]), min_size=2, max_size=12)
inputs = st.builds(
    StoryInput,
    theme=_TEXT,
    reader=st.builds(
        StoryReader,
        name=_TEXT,
        age=st.integers(3, 14),
        reading_level=st.sampled_from(["beginner", "intermediate", "advanced"]),
        language=st.sampled_from(["en", "he"]),
        interests=st.lists(_TEXT, max_size=4),
        vocabulary_level=st.integers(0, 100),
    ),
    chapter_number=st.integers(1, 200),
    title=st.none() | _TEXT,
    custom_user_input=st.none() | _TEXT,
)


def test_read_query_puts_flat_names_at_their_places() -> None:
    params = {"theme": ["space"], "age": ["7"], "name": ["Maya"], "interests": ["cats, stars", "tea"]}
    assert read_query(params, StoryInput) == {
        "theme": "space",
        "reader": {"age": "7", "name": "Maya", "interests": ["cats", "stars", "tea"]},
    }


@given(inputs, st.booleans())
def test_read_query_of_any_input_written_flat_gives_that_input(given: StoryInput, repeated: bool) -> None:
    flat: dict[str, Any] = given.model_dump(exclude_none=True, exclude={"earlier"})
    flat |= flat.pop("reader")
    interests = flat.pop("interests")
    pairs = [*flat.items(), *(("interests", i) for i in (interests if repeated else [",".join(interests)]))]
    params = parse_qs(urlencode(pairs), keep_blank_values=True)
    assert StoryInput.model_validate(typed(read_query(params, StoryInput), StoryInput)) == given


@pytest.mark.parametrize("wrong", ["old", "7.5", "", "7 7", "9" * 40, "true"])
def test_number_in_a_query_that_is_none_names_its_field(wrong: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        typed({"theme": "sea", "reader": {"age": wrong}}, StoryInput)
    assert [error.field for error in refused.value.errors] == ["input.reader.age"]


def test_read_query_of_nothing_is_nothing() -> None:
    assert read_query({}, StoryInput) == {}


def test_read_query_of_a_name_given_twice_takes_the_last() -> None:
    assert read_query({"theme": ["sea", "sky"]}, StoryInput) == {"theme": "sky"}


def test_read_query_of_an_empty_list_is_empty() -> None:
    assert read_query({"interests": ["", " , "]}, StoryInput) == {"reader": {"interests": []}}


@pytest.mark.parametrize("name", ["them", "reader", "reader.age", "earlier", "model_config", "", "Theme"])
def test_read_query_of_an_unknown_name_names_it_and_what_there_is(name: str) -> None:
    with pytest.raises(InvalidInput, match="there is no such parameter") as refused:
        read_query({"theme": ["sea"], name: ["x"], "nope": ["y"]}, StoryInput)
    assert [error.field for error in refused.value.errors] == [name, "nope"]
    assert "age" in refused.value.message


class _Inner(BaseModel):
    name: str
    tags: list[str] | None = None


class _Outer(BaseModel):
    inner: _Inner | None = None
    name: str = ""


def test_read_query_of_an_unknown_name_names_what_is_read_beside_the_input_too() -> None:
    with pytest.raises(InvalidInput, match=r"; there is .*theme.*; and beside the input model, parallel$"):
        read_query({"nonsense": ["1"]}, StoryInput, ["parallel", "model", "theme"])


def test_read_query_of_a_name_that_is_there_twice_takes_the_one_further_out() -> None:
    assert read_query({"name": ["x"], "tags": ["a,b"]}, _Outer) == {
        "name": "x",
        "inner": {"tags": ["a", "b"]},
    }


@pytest.mark.parametrize(
    "name",
    ["last_event_id", "lastEventId", "Last-Event-ID", "last-event-id", "lastEventID", "evs_last_event_id"],
)
def test_last_event_id_of_a_query_is_known_by_every_name_that_polyfills_give_it(name: str) -> None:
    assert is_event_id_name(name)


@pytest.mark.parametrize("name", ["event_id", "last_id", "lastEvent", "theme"])
def test_other_parameter_is_no_last_event_id(name: str) -> None:
    assert not is_event_id_name(name)
