"""A section that was found fault with is written again before the next one begins, so nothing goes on from it."""

from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig

from backend.store.checkpoints import MemoryCheckpoints
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.fakes.recording import Call
from tests.fakes.script import Reply, Rule, Script
from tests.models import settings_of
from workflows.formats.base import AnyFormat
from workflows.formats.story.format import StoryFormat
from workflows.formats.story.input import StoryInput
from workflows.graph import build_graph
from workflows.models.clients.catalog import Model, ModelCatalog
from workflows.state import RunContext, State, sections_at_fault
from workflows.verdicts import ReviewFinding

STORY = {"theme": "a lighthouse", "reader": {"name": "Maya", "age": 9, "reading_level": "intermediate"}}
UNSAFE = "They went to kill the king with a gun."
NOTES = "The editor's notes"


class Picky(StoryFormat):
    """Wants a cat in every scene."""

    async def review_section(
        self, inputs: StoryInput, state: State, index: int, model: Model
    ) -> list[ReviewFinding]:
        """A finding for a scene without one."""
        del inputs, model
        if "cat" in state["sections"][index]["text"]:
            return []
        return [ReviewFinding(rule="cat", advice="A cat, please.", rewrite=True, section=index)]


async def write(
    format: AnyFormat,
    provider: FakeProvider,
    rules: Sequence[Rule],
    parallel: int = 1,
    context_words: int | None = None,
) -> tuple[State, list[Call]]:
    provider.script = Script(rules=tuple(rules), default=Reply(tokens_per_chunk=20))
    catalog = ModelCatalog(settings_of(provider.root_url, model="openai:gpt-test", judge="off"))
    graph = build_graph(format, catalog, MemoryCheckpoints(), context_words=context_words)
    config: RunnableConfig = {"configurable": {"thread_id": "1"}, "max_concurrency": parallel}
    try:
        state: Any = await graph.ainvoke({"input": STORY}, config, context=RunContext(parallel=parallel))
    finally:
        await catalog.close()
    return state, [call for call in provider.generations if not call.body.get("response_format")]


def unsafe_scene(number: int) -> Rule:
    text = f"{UNSAFE} {write_prose('unsafe', 150)}"
    return Rule(Reply(text=text), contains=f"Write scene {number}", structured=False)


async def test_unsafe_scene_is_written_again_before_the_next_one_which_goes_on_from_the_new_text(
    provider: FakeProvider,
) -> None:
    state, calls = await write(StoryFormat(), provider, [unsafe_scene(2)])
    order = ["rewrite" if NOTES in call.prompt_text else "scene" for call in calls]
    assert order == ["scene", "scene", "rewrite", "scene", "scene"]
    rewritten = state["sections"][1]["text"]
    assert UNSAFE not in rewritten and rewritten in calls[3].prompt_text
    assert all(UNSAFE not in call.prompt_text for call in calls[3:])
    assert state["metadata"]["safety"]["rewrites"] == 1 and state["rewrites"] == 0
    assert state["rewritten_in_order"] == [1] and not sections_at_fault(state)


async def test_scene_that_a_review_of_its_own_found_fault_with_is_written_again_once(
    provider: FakeProvider,
) -> None:
    state, calls = await write(Picky(), provider, [])
    order = ["rewrite" if NOTES in call.prompt_text else "scene" for call in calls]
    assert order == ["scene", "rewrite"] * 4
    assert all("A cat, please." in call.prompt_text for call in calls[1::2])
    assert state["metadata"]["compliance"]["revisions"] == 1


async def test_sections_that_are_written_at_once_are_rewritten_after_the_check_of_the_whole(
    provider: FakeProvider,
) -> None:
    state, calls = await write(StoryFormat(), provider, [unsafe_scene(2)], parallel=4)
    order = ["rewrite" if NOTES in call.prompt_text else "scene" for call in calls]
    assert order == ["scene"] * 4 + ["rewrite"]
    assert state["rewrites"] == 1 and not state["rewritten_in_order"]


async def test_scene_that_stays_unsafe_is_left_to_the_check_of_the_whole(provider: FakeProvider) -> None:
    again = Rule(
        Reply(text=f"{UNSAFE} {write_prose('again', 150)}"), contains=NOTES, structured=False, times=1
    )
    state, calls = await write(StoryFormat(), provider, [again, unsafe_scene(2)])
    order = ["rewrite" if NOTES in call.prompt_text else "scene" for call in calls]
    assert order == ["scene", "scene", "rewrite", "scene", "scene", "rewrite"]
    assert UNSAFE not in state["sections"][1]["text"]
    assert state["metadata"]["safety"]["rewrites"] == 2


@pytest.mark.parametrize("parallel", [1, 2, 3])
async def test_section_is_shown_what_was_finished_when_it_began(
    provider: FakeProvider, parallel: int
) -> None:
    state, calls = await write(StoryFormat(), provider, [], parallel=parallel)
    texts = {index: section["text"] for index, section in state["sections"].items()}
    for call in calls:
        index = next(n for n in range(4) if f"Write scene {n + 1}," in call.prompt_text)
        shown = [other for other, text in texts.items() if text in call.prompt_text]
        assert all(other < index for other in shown)
        # So many are written at once: of those before this one all others had ended.
        assert len(shown) > index - parallel
        assert parallel > 1 or shown == list(range(index))


async def test_scene_that_says_an_earlier_one_again_is_written_again_before_the_next_one(
    provider: FakeProvider,
) -> None:
    things = ("fox", "cat", "dog", "hen", "cow", "pig", "owl", "bee", "hat", "box", "cup", "map", "sea")
    same = " ".join(
        f"The {one} and the {things[n * 5 % 13]} ran past the garden and over to the {things[(n * 3 + 1) % 13]}."
        for n, one in enumerate(things[:12])
    )
    rules = [
        Rule(Reply(text=same), contains=f"Write scene {number}", structured=False, times=1)
        for number in (1, 3)
    ]
    state, calls = await write(StoryFormat(), provider, rules, context_words=60)
    order = ["rewrite" if NOTES in call.prompt_text else "scene" for call in calls]
    assert order == ["scene", "scene", "scene", "rewrite", "scene"]
    assert "was said in an earlier section" in calls[3].prompt_text and state["rewritten_in_order"] == [2]
