"""What is measured has consequences: one rewrite of what is at fault, with the figures; what stays is shown."""

from collections.abc import Mapping
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig

from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.fakes.recording import Call
from tests.fakes.script import Reply, Rule, Script
from tests.models import settings_of
from tests.podcasts import EPISODE, MARK, first_reply
from workflows.formats.base import AnyFormat
from workflows.formats.podcast.format import PodcastFormat
from workflows.formats.story.format import StoryFormat
from workflows.graph import build_graph
from workflows.models.clients.catalog import ModelCatalog
from workflows.state import RunContext, State
from workflows.text.words import count_words

STORY = {"theme": "a lighthouse", "reader": {"name": "Maya", "age": 7, "reading_level": "beginner"}}
_LONG = [
    *(
        "Notwithstanding",
        "considerable",
        "meteorological",
        "uncertainty",
        "administration",
        "representatives",
    ),
    *("enthusiastically", "recommended", "comprehensive", "infrastructural", "investigations", "throughout"),
    *("neighbouring", "municipalities"),
]
HARD = " ".join(" ".join(_LONG[start:] + _LONG[:start]) + "." for start in range(6))
NOTES = "The editor's notes"


async def write(
    format: AnyFormat, provider: FakeProvider, script: Script, given: Mapping[str, Any], parallel: int = 1
) -> tuple[State, list[Call]]:
    provider.script = script
    catalog = ModelCatalog(settings_of(provider.root_url, model="openai:gpt-test", judge="off"))
    graph = build_graph(format, catalog, MemoryCheckpoints())
    config: RunnableConfig = {"configurable": {"thread_id": "1"}, "max_concurrency": parallel}
    try:
        state: Any = await graph.ainvoke(
            {"input": dict(given)}, config, context=RunContext(parallel=parallel)
        )
    finally:
        await catalog.close()
    return state, [call for call in provider.generations if not call.body.get("response_format")]


def scene(number: int, text: str) -> Rule:
    return Rule(Reply(text=text), contains=f"Write scene {number}", structured=False)


@pytest.mark.parametrize("parallel", [1, 4])
async def test_scene_too_hard_for_its_reader_is_written_again_once_with_the_figures(
    provider: FakeProvider, parallel: int
) -> None:
    script = Script(rules=(scene(2, HARD),), default=Reply(tokens_per_chunk=20))
    state, calls = await write(StoryFormat(), provider, script, STORY, parallel)
    [rewrite] = [call for call in calls if NOTES in call.prompt_text]
    assert "It reads at school grade 16.0; the reader is at 1.0." in rewrite.prompt_text
    assert "sentences longer than 13 words, up to 14." in rewrite.prompt_text
    assert calls.index(rewrite) == (2 if parallel == 1 else 4)
    planned = state["outline"]["sections"][1]["target_words"]
    assert abs(count_words(state["sections"][1]["text"]) - planned) <= max(30, 0.25 * planned)
    assert state["metadata"]["compliance"]["findings"] == []
    assert state["metadata"]["compliance"]["revisions"] == 1


async def test_what_a_rewrite_does_not_mend_is_told_and_not_bought_again(provider: FakeProvider) -> None:
    hard = Rule(Reply(text=HARD), contains=NOTES, structured=False)
    script = Script(rules=(hard, scene(2, HARD)), default=Reply(tokens_per_chunk=20))
    state, calls = await write(StoryFormat(), provider, script, STORY)
    assert sum(NOTES in call.prompt_text for call in calls) == 1
    compliance = state["metadata"]["compliance"]
    assert not compliance["passed"]
    assert {(one["rule"], one["section"]) for one in compliance["findings"]} == {
        ("reading_grade", 1),
        ("sentence_length", 1),
    }


async def test_scene_that_says_an_earlier_one_again_is_written_again(provider: FakeProvider) -> None:
    said = write_prose("sentences of about 7 words, none over 13, no harder than school grade 1", 90)
    script = Script(rules=(scene(1, said), scene(3, said)), default=Reply(tokens_per_chunk=20))
    state, calls = await write(StoryFormat(), provider, script, STORY)
    [rewrite] = [call for call in calls if NOTES in call.prompt_text]
    assert "was said in an earlier section, word for word" in rewrite.prompt_text
    assert state["sections"][2]["text"] != said


async def test_words_that_the_story_does_not_have_are_not_offered(provider: FakeProvider) -> None:
    state, _ = await write(StoryFormat(), provider, Script(default=Reply(tokens_per_chunk=20)), STORY)
    planned = [one["word"] for one in state["notes"]["vocabulary_words"]]
    text = " ".join(section["text"] for section in state["sections"].values()).casefold()
    offered = [one["word"] for one in state["results"]["vocabulary_words"]]
    assert offered == [word for word in planned if word.casefold() in text]


async def test_lecture_and_unknown_number_of_an_episode_are_written_again_once(
    provider: FakeProvider,
) -> None:
    lecture = " ".join(write_prose("lecture", 150).split())
    rest = " ".join(write_prose("rest", 110).split())
    numbers = f"Ada: {lecture}\n\nBen: They sold 31.7 million tickets.\n\nAda: {rest}"
    script = Script(
        rules=(
            Rule(Reply(text=first_reply()), contains=MARK),
            Rule(Reply(text=f"Ada: {lecture}\n\nBen: They sold many.\n\nAda: {rest}"), contains=NOTES),
            Rule(Reply(text=numbers), contains='"Why It Matters"'),
        ),
        default=Reply(tokens_per_chunk=20),
    )
    given = {**EPISODE, "pieces": False}
    state, calls = await write(PodcastFormat(), provider, script, given)
    [rewrite] = [call for call in calls if NOTES in call.prompt_text]
    assert "The sources don't have 31.7 million." in rewrite.prompt_text
    assert "1 turn longer than 120 words, up to 1" in rewrite.prompt_text
    # Of the lecture that the rewrite brings, one sentence is said by the other host, in the words it has.
    text = state["sections"][2]["text"]
    assert text.replace("\n\nBen: ", " ").replace("\n\nAda: ", " ").startswith(f"Ada: {lecture} They sold")
    assert state["metadata"]["long_turns"] == 0
