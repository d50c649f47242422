"""What a scene owes its reader is in every prompt for it; who begins a podcast's section is said by name."""

from typing import Any

import pytest

from workflows.formats.podcast import format as podcast
from workflows.formats.podcast import prompt_values
from workflows.formats.podcast.plan import plan_sections
from workflows.formats.story.bible import StoryBible, carry_over, settle_threads
from workflows.formats.story.format import PROMPTS, outline_values, section_values
from workflows.formats.story.input import StoryInput
from workflows.messages.messages import PlannedSection
from workflows.state import Outline, SectionTask, TextSoFar

WISH, IMAGE, INTEREST = "The cat steers the light.", "a wet paw on the map", "kites"
PROMPTS_OF_A_SCENE = ("section", "rewrite", "land", "extend")


def task(inputs: dict[str, Any], index: int, sections: list[PlannedSection], last: str = "") -> SectionTask:
    return SectionTask(
        input=inputs,
        outline=Outline(title="T", sections=sections),
        notes={"bible": StoryBible(last_image=IMAGE).model_dump()},
        index=index,
        last_paragraph=last,
        text_so_far=TextSoFar(notes=[], texts=[last] if last else []),
        target_words=100,
        ask_words=100,
        facts=None,
        research={},
    )


def prompt_of(name: str, index: int, chapter: int = 1) -> str:
    inputs = StoryInput.model_validate({
        "theme": "a lighthouse",
        "reader": {"name": "Maya", "age": 7, "interests": [INTEREST]},
        "custom_user_input": WISH,
        "chapter_number": chapter,
        "chapter_count": 2,
    })  # fmt: skip
    sections = [PlannedSection(index=n, title="S", summary="Sum.", target_words=100) for n in range(3)]
    values = section_values(inputs, task(inputs.model_dump(mode="json"), index, sections))
    messages = PROMPTS.messages(name, **values, text="Once.", words=20, issues=[])
    return "\n".join(str(message.content) for message in messages)


@pytest.mark.parametrize("name", PROMPTS_OF_A_SCENE)
def test_every_prompt_of_a_scene_has_what_was_promised_and_one_interest_at_most(name: str) -> None:
    first, second = prompt_of(name, 0), prompt_of(name, 1)
    assert WISH in first and WISH not in second
    for prompt in (first, second):
        assert INTEREST in prompt and "at most one of these" in prompt
        assert IMAGE not in prompt


@pytest.mark.parametrize("name", PROMPTS_OF_A_SCENE)
def test_every_prompt_of_the_last_scene_has_its_image_and_whether_the_story_ends(name: str) -> None:
    assert IMAGE in prompt_of(name, 2) and "end of the whole story" not in prompt_of(name, 2)
    assert "end of the whole story" in prompt_of(name, 2, chapter=2)


@pytest.mark.parametrize("name", PROMPTS_OF_A_SCENE)
@pytest.mark.parametrize(("number", "closes"), [(2, False), (3, True)])
def test_every_prompt_of_a_scene_has_the_threads_that_its_chapter_closes(
    name: str, number: int, closes: bool
) -> None:
    inputs = StoryInput.model_validate({
        "theme": "a lighthouse",
        "reader": {"name": "Maya", "age": 7},
        "chapter_number": number,
        "chapter_count": 3,
        "earlier": [
            {"number": one, "title": "T", "summary": "S.", "bible": {"threads": ["Who rings?", "Where is Pip?"]}}
            for one in range(1, number)
        ],
    })  # fmt: skip
    sections = [PlannedSection(index=0, title="S", summary="Sum.", target_words=100)]
    asked = task(inputs.model_dump(mode="json"), 0, sections)
    asked["notes"]["bible"] = StoryBible(threads=["Who rings?"]).model_dump()
    messages = PROMPTS.messages(name, **section_values(inputs, asked), text="Once.", words=20, issues=[])
    settled = str(messages[1].content).partition("settles what was open before")[2].partition("</threads-")[0]
    assert "Where is Pip?" in settled and ("Who rings?" in settled) is closes


def test_plan_of_a_last_chapter_asks_for_no_thread_that_stays_open() -> None:
    inputs = StoryInput.model_validate(
        {"theme": "sea", "reader": {"name": "Maya", "age": 7}, "chapter_number": 2, "chapter_count": 2}
    )
    asked = str(PROMPTS.messages("outline", **outline_values(inputs))[1].content)
    assert "no thread stays open" in asked and "threads that stay open" not in asked


def test_threads_that_a_chapter_closes_stay_in_the_bible_of_the_next() -> None:
    before = StoryBible(threads=["Who stole the bell?", "Will Pip come home?"], closed=["The lamp is lit."])
    planned = carry_over(before, StoryBible(threads=["Who rings at night?"]))
    told = settle_threads(before, planned, ["Who rings at night?"], ["Pip came home."])
    assert told.threads == ["Who rings at night?"] and told.closed == ["The lamp is lit.", "Pip came home."]
    untold = settle_threads(before, planned, ["Will Pip come home soon?"], None)
    assert untold.closed == ["The lamp is lit.", "Who stole the bell?"]
    assert carry_over(told, StoryBible()).closed == told.closed


@pytest.mark.parametrize("name", ["section", "rewrite"])
def test_section_of_a_podcast_is_told_which_host_begins(name: str) -> None:
    inputs = podcast.PodcastFormat().parse(podcast.PodcastFormat.example)
    last = "Ada: Well then."
    given = task(inputs.model_dump(mode="json"), 1, plan_sections(inputs), last)
    values = prompt_values.section_values(inputs, given)
    assert (values["ended"], values["begins"]) == ("Ada", "Ben")
    messages = podcast._PROMPTS.messages(name, **values, text=last, issues=[])
    assert "has its first one" in str(messages[1].content)
