"""A chapter in numbers."""

from typing import Any

import pytest

from workflows.formats.story.input import StoryInput
from workflows.formats.story.metrics import story_metrics
from workflows.messages.messages import PlannedSection
from workflows.nodes.calculate_metrics import shared_metrics
from workflows.state import Outline, Section, State
from workflows.text.metrics.readability import reading_grade
from workflows.text.streams.length import SectionLength

EASY = "The cat sat on the mat. It was a big cat. The cat had a hat. "
HARD = (
    "Notwithstanding considerable atmospheric turbulence, the distinguished astronomers "
    "systematically catalogued extraordinarily luminous constellations throughout the observatory. "
)


def given(**reader: Any) -> StoryInput:
    return StoryInput.model_validate({"theme": "moon", "reader": reader})


def state_of(*texts: str, target: int = 100) -> State:
    return State(
        outline=Outline(
            title="T",
            sections=[
                PlannedSection(index=index, title="t", summary="s", target_words=target)
                for index in range(len(texts))
            ],
        ),
        sections={index: Section(index=index, text=text) for index, text in enumerate(texts)},
    )


def test_metrics_count_the_words_of_all_sections_and_each_against_its_target() -> None:
    metrics = story_metrics(given(), state_of("word " * 50, "word " * 125))
    assert metrics["word_count"] == 175
    assert metrics["sections"] == [
        {"index": 0, "target_words": 100, "words": 50, "deviation": -0.5},
        {"index": 1, "target_words": 100, "words": 125, "deviation": 0.25},
    ]


@pytest.mark.parametrize(
    ("age", "level", "minutes"),
    [
        (7, "intermediate", 2.0),
        (7, "beginner", 2.5),
        (7, "advanced", 1.7),
        (3, "intermediate", 5.0),
        (14, "intermediate", 1.3),
    ],
)
def test_metrics_reading_time_is_the_readers_own(age: int, level: str, minutes: float) -> None:
    metrics = story_metrics(given(age=age, reading_level=level), state_of("word " * 200))
    assert metrics["estimated_reading_time"] == minutes


@pytest.mark.parametrize("age", range(3, 15))
def test_metrics_know_every_age_and_level_that_may_be_asked_for(age: int) -> None:
    for level in ("beginner", "intermediate", "advanced"):
        metrics = story_metrics(given(age=age, reading_level=level, language="he"), state_of("היה פעם."))
        assert metrics["estimated_reading_time"] >= 0


def test_metrics_of_easy_and_hard_text_differ_in_level() -> None:
    easy, hard = (story_metrics(given(), state_of(text * 3)) for text in (EASY, HARD))
    assert (easy["vocabulary_level"], hard["vocabulary_level"]) == ("beginner", "advanced")
    assert 0 <= easy["reading_grade"] < hard["reading_grade"] <= 16


def test_metrics_of_hebrew_claim_no_grade() -> None:
    metrics = story_metrics(given(language="he"), state_of("היה היה פעם ילד קטן."))
    assert (metrics["reading_grade"], metrics["vocabulary_level"], metrics["word_count"]) == (
        None,
        "unrated",
        5,
    )


@pytest.mark.parametrize(
    ("text", "reader", "own", "fit"),
    [
        (EASY, {"age": 7}, 1, "right"),
        (EASY, {"age": 13, "reading_level": "advanced"}, 8, "easy"),
        (HARD, {"age": 7, "reading_level": "beginner"}, 0, "hard"),
        (EASY, {"age": 3}, 0, "right"),
        ("היה היה פעם.", {"age": 9, "language": "he"}, 3, "unrated"),
    ],
)
def test_metrics_hold_the_grade_against_the_readers_own(
    text: str, reader: dict[str, Any], own: int, fit: str
) -> None:
    metrics = story_metrics(given(**reader), state_of(text * 3))
    assert (metrics["reader_grade"], metrics["fits_reader"]) == (own, fit)
    if fit != "unrated":
        assert metrics["grade_difference"] == round(metrics["reading_grade"] - own, 1)


def test_metrics_count_words_a_sentence_in_any_language() -> None:
    assert story_metrics(given(), state_of("One two three. Four five!"))["words_per_sentence"] == 2.5
    assert story_metrics(given(language="he"), state_of("היה היה פעם."))["words_per_sentence"] == 3.0
    assert story_metrics(given(), state_of("…"))["words_per_sentence"] == 0.0


def test_metrics_of_every_format_tell_how_much_is_said_again() -> None:
    assert shared_metrics(state_of(EASY, EASY))["repetition"] > 0.5
    assert shared_metrics(state_of(HARD))["repetition"] == 0


def test_metrics_of_every_format_hold_each_length_against_its_target_as_planned_anew() -> None:
    state = state_of("word " * 50, "word " * 125)
    state["lengths"] = {
        1: SectionLength(target_words=120, asked_words=150, replied_words=130, corrections=["trimmed"])
    }
    assert shared_metrics(state)["lengths"] == [
        {
            "index": 0,
            "planned_words": 100,
            "target_words": 100,
            "asked_words": 100,
            "words": 50,
            "deviation": -0.5,
            "corrections": [],
        },
        {
            "index": 1,
            "planned_words": 100,
            "target_words": 120,
            "asked_words": 150,
            "words": 125,
            "deviation": 0.0417,
            "corrections": ["trimmed"],
        },
    ]


def test_metrics_take_what_can_be_learned_from_the_plan() -> None:
    state = state_of(EASY)
    assert story_metrics(given(), state)["educational_elements"] == []
    state["notes"] = {"educational_elements": ["tides"]}
    assert story_metrics(given(), state)["educational_elements"] == ["tides"]


def test_reading_grade_of_no_words_is_none() -> None:
    assert reading_grade("…") is None
    assert reading_grade("") is None
