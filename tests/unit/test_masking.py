"""What of a traced step leaves the process."""

import json
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from pydantic import BaseModel, Field

from backend.telemetry.masking import HIDDEN, MaskMode, make_mask
from tests.unit.test_linear_time import assert_linear
from workflows.formats.registry import list_formats
from workflows.safety.personal_fields import Figure, find_personal

WISH = "A dragon called Zilpah\nshould bake bread"
PERSONAL = ["Noa", WISH]


def _step(**contents: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "name": "outline",
        "run_type": "llm",
        "extra": {"metadata": {"attempt": 1}},
        **contents,
    }


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Noa ran.", f"{HIDDEN} ran."),
        ("NOA'S dog", f"{HIDDEN}'S dog"),
        ("Noah ran with Genoa", "Noah ran with Genoa"),
        (f"She says: {WISH}!", f"She says: {HIDDEN}!"),
        ("A dragon  called zilpah should bake\nbread", HIDDEN),
        (json.dumps({"wish": WISH}), json.dumps({"wish": HIDDEN})),
    ],
)
def test_personal_texts_are_hidden_wherever_they_occur(text: str, masked: str) -> None:
    step = _step(inputs={"messages": [[{"kwargs": {"content": text}}]]}, error=text)
    found = make_mask("personal", PERSONAL)(step)
    assert found["inputs"] == {"messages": [[{"kwargs": {"content": masked}}]]}
    assert found["error"] == masked
    assert step["error"] == text  # what was traced isn't changed


@pytest.mark.parametrize("text", ["נועה רצה", "לנועה יש כלב", json.dumps("הכלב של נועה")])
def test_hebrew_names_are_hidden_with_a_prefix_and_as_json_escapes(text: str) -> None:
    found = make_mask("personal", ["נועה"])(_step(outputs={"text": text}))
    assert HIDDEN in found["outputs"]["text"]
    assert "נועה" not in found["outputs"]["text"].encode().decode(
        "unicode_escape" if "\\u" in text else "utf-8"
    )


def test_each_word_of_a_name_is_hidden_alone_and_of_a_sentence_it_is_not() -> None:
    mask = make_mask("personal", ["Anna Maria", "the cat sat on the mat"])
    assert mask(_step(inputs={"a": "Maria and the cat"}))["inputs"] == {"a": f"{HIDDEN} and the cat"}


def test_things_that_are_no_texts_keep_their_values_and_messages_are_searched() -> None:
    given = {"n": 3, "b": True, "none": None, "m": HumanMessage("Hi Noa"), "Noa": (1, "Noa")}
    found = make_mask("personal", PERSONAL)(_step(inputs=given))["inputs"]
    assert found["m"]["content"] == f"Hi {HIDDEN}"
    assert {name: found[name] for name in ("n", "b", "none", HIDDEN)} == {
        "n": 3,
        "b": True,
        "none": None,
        HIDDEN: [1, HIDDEN],
    }


@pytest.mark.parametrize(("mode", "personal"), [("all", PERSONAL), ("personal", None)])
def test_contents_are_left_out_when_all_is_hidden_or_nobody_knows_what_is_personal(
    mode: MaskMode, personal: list[str] | None
) -> None:
    step = _step(
        inputs={"theme": "moon"},
        outputs={"text": "Once"},
        events=[{"name": "new_token", "kwargs": {"token": "Once"}}],
        error="ModelUnavailable('of Noa')\nTraceback",
    )
    found = make_mask(mode, personal)(step)
    assert found == _step(inputs={}, outputs={}, error="ModelUnavailable")


def test_nothing_is_hidden_on_request_or_when_nothing_is_personal() -> None:
    step = _step(inputs={"theme": "Noa"})
    assert make_mask("none", PERSONAL)(step) == step
    assert make_mask("personal", [])(step) == step


class _Friend(BaseModel):
    name: str = Field(json_schema_extra={"personal": True})
    age: int = 7


class _Wish(BaseModel):
    theme: str
    friends: list[_Friend] = []
    notes: dict[str, Any] | None = Field(None, json_schema_extra={"personal": True})


def test_personal_texts_of_an_input_are_those_of_the_marked_fields_however_deep() -> None:
    wish = _Wish.model_validate(
        {
            "theme": "moon",
            "friends": [{"name": "Noa"}, {"name": " Ben "}, {"name": "Noa"}],
            "notes": {"school": ["North", 4]},
        }
    )
    assert find_personal(wish) == ["Noa", "Ben", "North"]


def test_long_text_is_hidden_paragraph_by_paragraph_as_prompts_hold_parts_of_it() -> None:
    wish = _Wish(theme="moon", notes={"diary": "My days\n\nOn Monday we went out.\n\nThen Noa fell ill."})
    assert find_personal(wish) == ["On Monday we went out.", "Then Noa fell ill."]


@pytest.mark.parametrize(
    ("name", "given", "personal"),
    [
        (
            "podcast",
            {
                "topic": {"id": "a", "title": "Trains", "description": "Night trains."},
                "hosts": [{"name": "Dana", "bio": "a nurse from Bonn"}, {"name": "Omer", "bio": ""}],
                "reference_text": "Dana said so.",
            },
            ["Dana", "a nurse from Bonn", "Omer", "Dana said so."],
        ),
        (
            "education_audio",
            {"document": {"title": "Letter", "text": "Mrs Levi is ill."}, "custom_prompt": "For my aunt"},
            ["Letter", "Mrs Levi is ill.", "For my aunt"],
        ),
        (
            "creator_script",
            {
                "topic": "Bees",
                "audience_persona": {"name": "Dana, 34", "description": "Lost her job", "wants": ["hope"]},
                "script_persona": {"name": "Uncle Joe", "description": "Talks fast"},
            },
            ["Dana, 34", "Lost her job", "Uncle Joe", "Talks fast"],
        ),
        (
            "discovery_report",
            {**list_formats()["discovery_report"].example, "founder_psychology": {"risk": "afraid of debt"}},
            [list_formats()["discovery_report"].example["experience_summary"], "afraid of debt"],
        ),
    ],
)
def test_formats_mark_what_is_about_persons(name: str, given: dict[str, Any], personal: list[str]) -> None:
    assert find_personal(list_formats()[name].parse(given)) == personal


def test_story_marks_the_childs_name_and_words() -> None:
    inputs = {"theme": "moon", "reader": {"name": "Noa"}, "custom_user_input": WISH}
    found = find_personal(list_formats()["story"].parse(inputs))
    assert [text for text in found if not isinstance(text, Figure)] == ["Noa", WISH]


def test_story_marks_the_childs_age_gender_and_interests() -> None:
    reader = {"name": "Noa", "age": 9, "gender": "girl", "interests": ["beekeeping"]}
    personal = find_personal(list_formats()["story"].parse({"theme": "moon", "reader": reader}))
    said = 'Noa, 9 years old, a girl, a child of 9, likes beekeeping {"age": 9, "number": 9} {\\"age\\": 9} 19 years'
    masked = make_mask("personal", personal)(_step(inputs={"a": said}))["inputs"]["a"]
    h = HIDDEN
    assert masked == f'{h}, {h} old, a {h}, a {h}, likes {h} {{"{h}, "number": 9}} {{\\"{h}}} 19 years'


@pytest.mark.parametrize(
    ("name", "text", "masked"),
    [
        ("J", "J went, a jay said: J!", f"{HIDDEN} went, a jay said: {HIDDEN}!"),
        ("a", "a cat and A cat", f"{HIDDEN} cat and A cat"),
        ("林", "小林 went", f"小{HIDDEN} went"),
        ("林", json.dumps("林 went"), f'"{HIDDEN} went"'),
        ("Я", "Я и яблоко, Яна", f"{HIDDEN} и яблоко, Яна"),
        ("Zoe\u0308", "Zo\u00eb went", f"{HIDDEN} went"),
        ("Zo\u00eb", "Zoe\u0308 went, ZOË too", f"{HIDDEN} went, {HIDDEN} too"),
        ("Zo\u00eb", json.dumps("Zoe\u0308 and ZOË"), f'"{HIDDEN} and {HIDDEN}"'),
        ("Ma\u200bya", "Maya went", f"{HIDDEN} went"),
        ("Maya", "M\u00ada\u200by\u2060a went", f"{HIDDEN} went"),
        ("Maya", json.dumps("Ma\u200bya went"), f'"{HIDDEN} went"'),
        ("O'Neil", "O\u2019Neil and ONeil", f"{HIDDEN} and ONeil"),
        ("O\u2019Neil", "o'neil", HIDDEN),
        ("O'Neil", json.dumps("O\u2019Neil"), f'"{HIDDEN}"'),
        ("Anne-Marie", "Anne and Marie, anne\u2011marie", f"{HIDDEN} and {HIDDEN}, {HIDDEN}"),
        ("Anna B", "a B and Anna", f"a B and {HIDDEN}"),
        ("Noa", "Zoe\u0308 alone", "Zoe\u0308 alone"),
    ],
)
def test_name_is_hidden_however_it_is_written(name: str, text: str, masked: str) -> None:
    assert make_mask("personal", [name])(_step(inputs={"said": text}))["inputs"] == {"said": masked}


@pytest.mark.parametrize(
    "piece", ["Ma\u200b", "Maya\u200bs ", "O'", "Anne  ", "Zoe\u0308", "\\u200b", "age: "]
)
def test_masking_takes_time_that_is_linear_in_the_text(piece: str) -> None:
    mask = make_mask("personal", ["Maya", "O'Neil", "Anne Marie", "Zo\u00eb", "林", Figure("age 7")])
    assert_linear(lambda text: mask(_step(inputs={"said": text})), piece, "masking")
