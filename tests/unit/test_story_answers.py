"""What a model may answer when it is asked for a plan or for choices."""

import pytest
from pydantic import ValidationError

from workflows.formats.story.answers import StoryChoices, StoryOutline

SCENE = {"title": "Dusk", "summary": "The lamp goes out."}
CHOICE = {"text": "Go home", "description": "Tea waits."}


def outline(count: int, **others: object) -> dict[str, object]:
    return {
        "title": " The Lamp ",
        "scenes": [SCENE] * count,
        "educational_elements": ["tides"],
        "vocabulary_words": [{"word": "dusk", "definition": "the end of the day"}],
        **others,
    }


@pytest.mark.parametrize("scenes", [3, 4, 5])
def test_outline_of_three_to_five_scenes_is_a_plan(scenes: int) -> None:
    answer = StoryOutline.model_validate(outline(scenes))
    assert len(answer.scenes) == scenes
    assert answer.title == "The Lamp"


@pytest.mark.parametrize(
    "answer",
    [
        outline(2),
        outline(6),
        outline(3, title=" "),
        outline(3, scenes=[SCENE, SCENE, {"title": "", "summary": "x"}]),
        outline(3, educational_elements=["x"] * 7),
        outline(3, vocabulary_words=[{"word": "dusk"}]),
    ],
)
def test_outline_of_anything_else_is_refused(answer: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        StoryOutline.model_validate(answer)


def test_more_than_three_words_to_learn_are_cut_to_three() -> None:
    words = [{"word": word, "definition": "a word"} for word in ("dusk", "hull", "reef", "tide")]
    kept = StoryOutline.model_validate(outline(3, vocabulary_words=words)).vocabulary_words
    assert [word.word for word in kept] == ["dusk", "hull", "reef"]


@pytest.mark.parametrize(("count", "valid"), [(1, False), (2, True), (4, True), (5, False)])
def test_choices_are_two_to_four(count: int, valid: bool) -> None:
    answer = {"question": "What now?", "choices": [CHOICE] * count}
    if valid:
        assert len(StoryChoices.model_validate(answer).choices) == count
    else:
        with pytest.raises(ValidationError):
            StoryChoices.model_validate(answer)
