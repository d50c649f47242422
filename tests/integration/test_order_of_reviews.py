"""A section that a judge or the format's review found fault with is written again before the next one begins, and what
was judged then isn't paid for again at the end."""

from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig

from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.fakes.recording import Call
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.models import settings_of
from workflows.formats.base import AnyFormat
from workflows.formats.creator_script.format import CreatorScriptFormat
from workflows.formats.education_audio.format import EducationAudioFormat
from workflows.graph import build_graph
from workflows.models.clients.catalog import ModelCatalog
from workflows.state import RunContext, State

NOTES = "The editor's notes"
JUDGED = "You check the script of a spoken lesson"
POINTED = "You check whether a video script says"
BEFORE = "Eat nothing for 8 hours before the test. Water is fine."
AFTER = "Press on the spot for 3 minutes afterwards. Keep the plaster on for one hour."
LESSON = {
    "document": {"title": "Your blood test", "text": f"{BEFORE}\n\n{AFTER}"},
    "speakers": "single",
    "target_minutes": 4,
}
WRONG = "Keep your glass in the cupboard until it is over."
FIRST, SECOND = "Write section 1", "Write section 2"


async def write(
    format: AnyFormat, provider: FakeProvider, given: dict[str, Any], *rules: Rule, parallel: int = 1
) -> tuple[State, list[str]]:
    """The finished state, and what was asked for the text and by its reviewers, in order."""
    provider.script = Script(rules=rules, default=Reply(tokens_per_chunk=20))
    catalog = ModelCatalog(settings_of(provider.root_url, model="openai:gpt-test"))
    graph = build_graph(format, catalog, MemoryCheckpoints())
    config: RunnableConfig = {"configurable": {"thread_id": "1"}, "max_concurrency": parallel}
    context = RunContext(parallel=parallel, keep_length=False)
    try:
        state: Any = await graph.ainvoke({"input": given}, config, context=context)
    finally:
        await catalog.close()
    return state, [call.prompt_text for call in provider.generations if _counts(call)]


def _counts(call: Call) -> bool:
    asks_for_text = not call.body.get("response_format")
    return asks_for_text or JUDGED in call.prompt_text or POINTED in call.prompt_text


def told(prompts: list[str]) -> list[str]:
    """What each call was for."""
    marks = {JUDGED: "judge", POINTED: "points", NOTES: "rewrite", FIRST: "first", SECOND: "second"}
    return [next((name for mark, name in marks.items() if mark in prompt), "section") for prompt in prompts]


def lesson_rules(*rules: Rule) -> list[Rule]:
    """The second sentence is wrong. With one section at a time there are no more than two to answer for."""
    finds = [
        {"number": number, "evidence": "", "borne_out": True, "otherwise": "none", "reason": ""}
        for number in (1, 2, 3, 4)
    ]
    finds[1] |= {"borne_out": False, "otherwise": "contradicted", "reason": "Water is fine."}
    return [
        *rules,
        Rule(Reply(json={"verdicts": finds}), structured=True, contains=WRONG),
        Rule(Reply(text=f"NARRATOR: {BEFORE}"), structured=False, contains=NOTES),
        Rule(
            Reply(text=f"NARRATOR: Eat nothing for 8 hours before the test. {WRONG}"),
            structured=False,
            contains=FIRST,
        ),
        Rule(Reply(text=f"NARRATOR: {AFTER}"), structured=False, contains=SECOND),
    ]


async def test_section_of_a_lesson_that_its_judge_finds_fault_with_is_written_again_before_the_next_one(
    provider: FakeProvider,
) -> None:
    state, prompts = await write(EducationAudioFormat(), provider, LESSON, *lesson_rules())
    assert told(prompts) == ["first", "judge", "rewrite", "second", "judge", "judge"]
    assert "Water is fine. Say it as the document does." in prompts[2]
    assert WRONG not in prompts[3] and BEFORE in prompts[3].replace("\n", " ")
    assert state["revised_in_order"] == [0] and state["metadata"]["compliance"]["revisions"] == 1
    # At the end only what was written again is still to be judged: nothing is paid for twice.
    said = [prompt.partition("The sentences:")[2] for prompt in prompts]
    assert [WRONG in text for text in said] == [False, True, False, False, False, False]
    assert ["Keep the plaster" in text for text in said] == [False, False, False, False, True, False]
    assert ["Water is fine" in text for text in said] == [False, False, False, False, False, True]
    assert state["metadata"]["grounding"]["unsupported"] == []
    assert state["metadata"]["grounding_method"] == "judge" and state["safety"]["approved"]


async def test_sections_of_a_lesson_that_are_written_at_once_are_judged_together_at_the_end(
    provider: FakeProvider,
) -> None:
    state, prompts = await write(EducationAudioFormat(), provider, LESSON, *lesson_rules(), parallel=2)
    assert sorted(told(prompts)[:2]) == ["first", "second"]
    assert told(prompts)[2:] == ["judge", "rewrite", "judge"] and not state["revised_in_order"]


async def test_judge_that_gives_no_answer_on_a_section_is_asked_again_at_the_end_and_the_section_is_kept(
    provider: FakeProvider,
) -> None:
    fails = Rule(Reply(fault=Fault("status")), structured=True, contains=JUDGED, times=1)
    state, prompts = await write(EducationAudioFormat(), provider, LESSON, *lesson_rules(fails))
    assert told(prompts) == ["first", "judge", "second", "judge", "judge", "rewrite", "judge"]
    assert state["sections"][0]["text"] == f"NARRATOR: {BEFORE}" and not state["revised_in_order"]
    assert state["safety"]["approved"]


MUST = {"text": "Bees see ultraviolet light", "priority": "must"}
VIDEO = {"topic": "How bees find flowers", "duration_minutes": 2, "key_points": [MUST]}
IN_OTHER_WORDS = "Their eyes know a colour beyond our violet."


def point_verdict(quote: str, *, covered: bool) -> Rule:
    answer = {"verdicts": [{"number": 1, "quote": quote, "covered": covered}]}
    return Rule(Reply(json=answer), structured=True, contains=POINTED)


async def test_section_of_a_video_that_misses_its_point_is_written_again_before_the_next_one(
    provider: FakeProvider,
) -> None:
    says = f"Where you see yellow, bees see ultraviolet light. {write_prose('bees', 150)}"
    state, prompts = await write(
        CreatorScriptFormat(),
        provider,
        VIDEO,
        point_verdict("", covered=False),
        Rule(Reply(text=says), structured=False, contains=NOTES),
    )
    assert told(prompts)[:5] == ["first", "second", "points", "rewrite", "section"]
    assert f"This has to be said, in words that can't be missed: {MUST['text']}" in prompts[3]
    assert "bees see ultraviolet light" in prompts[4] and state["revised_in_order"] == [1]


async def test_point_that_was_found_in_a_section_in_other_words_is_not_asked_about_again_at_the_end(
    provider: FakeProvider,
) -> None:
    text = f"{write_prose('bees', 150)} {IN_OTHER_WORDS}"
    state, prompts = await write(
        CreatorScriptFormat(),
        provider,
        VIDEO,
        point_verdict(IN_OTHER_WORDS, covered=True),
        Rule(Reply(text=text), structured=False, contains=SECOND),
    )
    assert told(prompts) == ["first", "second", "points", "section"]
    [point] = state["metadata"]["compliance"]["points"]
    assert point == {**MUST, "covered": True, "section": 1, "quote": IN_OTHER_WORDS}


@pytest.mark.parametrize("quote", ["Bees dance in the hive at night", "violet", ""])
async def test_point_that_a_judge_calls_covered_without_words_of_the_section_is_missing(
    provider: FakeProvider, quote: str
) -> None:
    _, prompts = await write(CreatorScriptFormat(), provider, VIDEO, point_verdict(quote, covered=True))
    assert told(prompts)[:4] == ["first", "second", "points", "rewrite"]
