"""What a model may answer when it is asked for a plan or for choices."""

import pytest
from pydantic import ValidationError

from workflows.formats.story.answers import StoryChoices, StoryOutline
from workflows.formats.story.bible import StoryBible, carry_over, settle_threads, threads_to_close

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


@pytest.mark.parametrize(
    ("cast", "kept"),
    [
        (["Old Tom, a gruff sailor", "Mia"], [("Old Tom", "a gruff sailor"), ("Mia", "")]),
        (["Mia (girl): the keeper", {"name": "mia"}], [("Mia", "(girl): the keeper")]),
        ("נועה – שומרת המגדלור", [("נועה", "שומרת המגדלור")]),
        ({"Tom": "a sailor", "Mia": {"who": ["big"]}, "extras": []}, [("Tom", "a sailor"), ("Mia", "big")]),
        ([{"name": "Mia", "who": {"job": "keeper", "from": "the moon"}}], [("Mia", "keeper; the moon")]),
        ([" ", ", a sailor", 7], []),
        (["None"], []),
    ],
)
def test_member_of_the_cast_is_kept_however_the_cast_is_given(
    cast: object, kept: list[tuple[str, str]]
) -> None:
    bible = StoryOutline.model_validate(outline(3, bible={"cast": cast})).bible
    assert [(one.name, one.who) for one in bible.cast] == kept


@pytest.mark.parametrize(
    ("threads", "kept"),
    [
        ("Who rings?", ["Who rings?"]),
        ({"title": "Who rings?", "status": "open"}, ["Who rings?"]),
        ([{"id": "t1", "thread": "Who rings?"}, {"name": "Fog"}], ["Who rings?", "Fog"]),
        (["None."], []),
        ("none", []),
        ("אין", []),
        ([{"id": 1, "open": True}, True, ["a", {"b": 1}], "Who rings?"], ["Who rings?"]),
    ],
)
def test_threads_are_read_however_they_are_given(threads: object, kept: list[str]) -> None:
    ending = {"question": "What now?", "choices": [CHOICE] * 2, "summary": None}
    choices = StoryChoices.model_validate({**ending, "open_threads": threads, "closed_threads": threads})
    plan = StoryOutline.model_validate(outline(3, bible={"threads": threads}))
    assert choices.open_threads == choices.closed_threads == plan.bible.threads == kept
    assert choices.summary == "" and plan.bible.closed == []


def test_plan_without_a_bible_and_with_one_thing_to_learn_is_a_plan() -> None:
    word = {"word": "dusk", "definition": "evening"}
    given = outline(3, bible=None, educational_elements="tides", vocabulary_words=word)
    answer = StoryOutline.model_validate(given)
    assert answer.bible == StoryBible() and answer.educational_elements == ["tides"]
    assert [one.word for one in answer.vocabulary_words] == ["dusk"]
    assert StoryOutline.model_validate(outline(3, educational_elements=None)).educational_elements == []


def test_thread_in_other_words_is_one_thread_and_another_by_one_word_is_another() -> None:
    before = StoryBible(threads=["Who rings the bell at night?", "Where is the red key?"])
    planned = StoryBible(threads=["Who rings the bell?", "Where is the blue key?"], closed=["Who is Tom?"])
    closing = threads_to_close(before, planned, is_last=True)
    assert closing == [*before.threads, "Where is the blue key?"]
    after = settle_threads(before, planned, [], ["who is Tom", *closing, "who rings that bell"])
    assert after.closed == ["Who is Tom?", *closing]


def test_character_without_a_gender_gets_the_one_that_a_later_plan_names() -> None:
    before = StoryBible.model_validate({"cast": [{"name": "נועה", "who": "השומרת"}]})
    planned = StoryBible.model_validate({"cast": [{"name": "נועה", "gender": "נקבה", "who": "דייגת"}]})
    [noa] = carry_over(before, planned).cast
    assert (noa.gender, noa.who) == ("נקבה", "השומרת")


def test_whoever_is_new_in_a_chapter_has_a_place_in_a_large_cast() -> None:
    before = StoryBible.model_validate(
        {"cast": [{"name": f"Old {one}", "gender": "boy"} for one in range(12)]}
    )
    planned = StoryBible.model_validate({"cast": [{"name": "Zoe"}, {"name": "old 0"}, {"name": "Max"}]})
    names = [one.name for one in carry_over(before, planned).cast]
    assert names == ["Old 0", *(f"Old {one}" for one in range(3, 12)), "Zoe", "Max"]
