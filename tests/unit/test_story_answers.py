"""What a model may answer when it is asked for a plan or for choices."""

import pytest
from pydantic import ValidationError

from workflows.formats.story.answers import StoryChoices, StoryOutline
from workflows.formats.story.bible import StoryBible, carry_over

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


@pytest.mark.parametrize(("count", "kept"), [(2, 2), (4, 4), (5, 4)])
def test_choices_are_two_to_four(count: int, kept: int) -> None:
    answer = {"question": "What now?", "choices": [CHOICE] * count}
    assert len(StoryChoices.model_validate(answer).choices) == kept


def test_one_choice_is_none() -> None:
    with pytest.raises(ValidationError):
        StoryChoices.model_validate({"question": "What now?", "choices": [CHOICE]})


def test_answer_that_says_too_much_is_cut_and_not_bought_again() -> None:
    long = "word " * 2000
    choices = StoryChoices.model_validate({
        "question": long, "choices": [{"text": long, "description": long}] * 6, "summary": long,
        "open_threads": ["", None, "Who is it?", long], "closed_threads": [f"Thread {one}" for one in range(30)],
    })  # fmt: skip
    assert len(choices.summary) <= 1200 and choices.summary.endswith("word…") and len(choices.question) <= 400
    assert choices.open_threads is not None and choices.open_threads[0] == "Who is it?"
    assert len(choices.open_threads) == 2 and len(choices.closed_threads or ()) == 20


def test_bible_of_a_model_keeps_what_is_sound_of_it() -> None:
    cast = [
        {"name": "Mia", "gender": "girl", "wants": None},
        {"name": "mia", "gender": "boy"},
        {"name": " "},
        {"gender": "boy"},
        {"name": "x" * 200},
        None,
        *({"name": f"Extra {one}"} for one in range(60)),
    ]
    words = [{"word": word, "definition": "evening"} for word in ("dusk", "Dusk", "hull")]
    bible = {"cast": cast, "setting": None, "last_image": "y " * 500, "threads": ["", None, "Who?", "who?"]}
    answer = StoryOutline.model_validate(outline(3, bible=bible, vocabulary_words=words))
    kept = answer.bible
    assert [one.word for one in answer.vocabulary_words] == ["dusk", "hull"]
    assert [(one.name, one.gender) for one in kept.cast[:2]] == [("Mia", "girl"), ("x" * 79 + "…", "")]
    assert len(kept.cast) == 12 and kept.threads == ["Who?"] and len(kept.last_image) <= 400


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        (["Maya", "maya ", "“Maya”"], ["Maya"]),
        (["Captain  Zoë", "captain Zoe"], ["Captain  Zoë"]),
        (["דנה", "דָּנָה"], ["דנה"]),
        (["Maya", "Maya's cat", "🐱"], ["Maya", "Maya's cat", "🐱"]),
    ],
)
def test_two_characters_of_one_name_are_one_however_it_is_spelt(names: list[str], kept: list[str]) -> None:
    bible = StoryBible.model_validate({"cast": [{"name": name} for name in names]})
    assert [one.name for one in bible.cast] == kept


def test_character_of_an_earlier_chapter_keeps_gender_however_a_new_plan_spells_the_name() -> None:
    before = StoryBible.model_validate({"cast": [{"name": "Zoë", "gender": "girl", "wants": "tea"}]})
    planned = StoryBible.model_validate({"cast": [{"name": "ZOE", "gender": "boy", "wants": "cake"}]})
    [zoe] = carry_over(before, planned).cast
    assert (zoe.name, zoe.gender, zoe.wants) == ("Zoë", "girl", "cake")


def test_bible_of_a_model_is_understood_where_its_form_is_another() -> None:
    bible = {
        "cast": {"name": "Mia", "gender": "girl", "wants": ["the bell", "a friend"]},
        "setting": ["a harbour", "", "at dusk"],
        "returning": ["a bell"],
        "threads": "Who rings?",
        "closed": " ",
    }
    kept = StoryOutline.model_validate(outline(3, bible=bible)).bible
    assert [(one.name, one.wants) for one in kept.cast] == [("Mia", "the bell; a friend")]
    assert (kept.setting, kept.returning) == ("a harbour; at dusk", "a bell")
    assert (kept.threads, kept.closed) == (["Who rings?"], [])
