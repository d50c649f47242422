"""A section that was found fault with is written again before the next one begins, so nothing goes on from it."""

from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig

from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.fakes.recording import Call
from tests.fakes.script import Reply, Rule, Script
from tests.models import settings_of
from workflows.errors import SafetyRejected
from workflows.faults import sections_at_fault
from workflows.formats.base import AnyFormat
from workflows.formats.story.format import StoryFormat
from workflows.formats.story.input import StoryInput
from workflows.graph import build_graph
from workflows.models.clients.catalog import Model, ModelCatalog
from workflows.state import RunContext, State
from workflows.verdicts import ReviewFinding

STORY = {"theme": "a lighthouse", "reader": {"name": "Maya", "age": 9, "reading_level": "intermediate"}}
UNSAFE = "They went to kill the king with a gun."
NOTES = "The editor's notes"
AGAIN = write_prose("again", 150)


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


def unsafe_rewrite(times: int | None = None) -> Rule:
    return Rule(Reply(text=f"{UNSAFE} {AGAIN}"), contains=NOTES, structured=False, times=times)


def order_of(calls: Sequence[Call]) -> list[str]:
    return ["rewrite" if NOTES in call.prompt_text else "scene" for call in calls]


async def test_unsafe_scene_is_written_again_before_the_next_one_which_goes_on_from_the_new_text(
    provider: FakeProvider,
) -> None:
    state, calls = await write(StoryFormat(), provider, [unsafe_scene(2)])
    assert order_of(calls) == ["scene", "scene", "rewrite", "scene", "scene"]
    rewritten = state["sections"][1]["text"]
    assert UNSAFE not in rewritten and rewritten in calls[3].prompt_text
    assert all(UNSAFE not in call.prompt_text for call in calls[3:])
    assert state["metadata"]["safety"]["rewrites"] == 1 and state["rewrites"] == 0
    assert state["rewritten_in_order"] == [1] and not sections_at_fault(state)


async def test_scene_that_a_review_of_its_own_found_fault_with_is_written_again_once(
    provider: FakeProvider,
) -> None:
    state, calls = await write(Picky(), provider, [])
    assert order_of(calls) == ["scene", "rewrite"] * 4
    assert all("A cat, please." in call.prompt_text for call in calls[1::2])
    assert state["metadata"]["compliance"]["revisions"] == 1


async def test_sections_that_are_written_at_once_are_rewritten_after_the_check_of_the_whole(
    provider: FakeProvider,
) -> None:
    state, calls = await write(StoryFormat(), provider, [unsafe_scene(2)], parallel=4)
    assert order_of(calls) == ["scene"] * 4 + ["rewrite"]
    assert state["rewrites"] == 1 and not state["rewritten_in_order"]


async def test_scene_that_stays_unsafe_after_a_rewrite_is_written_again_before_the_next_one(
    provider: FakeProvider,
) -> None:
    state, calls = await write(StoryFormat(), provider, [unsafe_rewrite(times=1), unsafe_scene(2)])
    assert order_of(calls) == ["scene", "scene", "rewrite", "rewrite", "scene", "scene"]
    assert UNSAFE not in state["sections"][1]["text"] and not state["faults"]
    assert state["sections"][1]["text"] in calls[4].prompt_text
    assert all(UNSAFE not in call.prompt_text for call in calls[4:])
    assert state["metadata"]["safety"]["rewrites"] == 2 and state["rewrites"] == 0
    assert state["rewritten_in_order"] == [1, 1] and not sections_at_fault(state)


@pytest.mark.parametrize("context_words", [4000, 60])
async def test_scene_that_stays_unsafe_to_the_last_rewrite_is_seen_by_no_later_one(
    provider: FakeProvider, context_words: int
) -> None:
    with pytest.raises(SafetyRejected):
        await write(StoryFormat(), provider, [unsafe_rewrite(), unsafe_scene(2)], context_words=context_words)
    calls = [call for call in provider.generations if not call.body.get("response_format")]
    assert order_of(calls) == ["scene", "scene", "rewrite", "rewrite", "scene", "scene"]
    for call in calls[4:]:
        assert UNSAFE not in call.prompt_text and AGAIN not in call.prompt_text
        assert "Left out here, because its text doesn't stand" in call.prompt_text
    assert "written by somebody else at this moment" in calls[4].prompt_text
    assert "Go on right where the text stops" in calls[5].prompt_text


async def test_scene_whose_safe_rewrite_a_review_finds_fault_with_is_revised_before_the_next_one(
    provider: FakeProvider,
) -> None:
    cat = Rule(Reply(text=f"The cat came. {write_prose('cat', 150)}"), contains="A cat, please.", times=9)
    safe = Rule(Reply(text=AGAIN), contains=UNSAFE, structured=False)
    rules = [safe, cat, unsafe_scene(2)]
    state, calls = await write(Picky(), provider, rules)
    assert order_of(calls)[2:6] == ["scene", "rewrite", "rewrite", "scene"]
    assert state["rewritten_in_order"] == [1] and state["revised_in_order"] == [0, 1, 2, 3]
    assert "The cat came." in state["sections"][1]["text"] and not state["faults"]


async def test_last_scene_whose_safe_rewrite_a_review_finds_fault_with_is_revised_before_the_whole_is_checked(
    provider: FakeProvider,
) -> None:
    cat = Rule(Reply(text=f"The cat came. {write_prose('cat', 150)}"), contains="A cat, please.", times=9)
    safe = Rule(Reply(text=AGAIN), contains=UNSAFE, structured=False)
    state, calls = await write(Picky(), provider, [safe, cat, unsafe_scene(4)])
    assert order_of(calls)[-4:] == ["rewrite", "scene", "rewrite", "rewrite"]
    assert state["rewritten_in_order"] == [3] and "The cat came." in state["sections"][3]["text"]
    assert state["rewrites"] == 0 and not state["faults"]


async def test_scene_that_is_written_again_at_the_end_sees_none_that_is_thrown_away(
    provider: FakeProvider,
) -> None:
    rules = [unsafe_scene(2), unsafe_scene(4)]
    state, calls = await write(StoryFormat(), provider, rules, parallel=4)
    for call in [call for call in calls if NOTES in call.prompt_text]:
        assert call.prompt_text.count(UNSAFE) == 1  # its own
    assert state["rewrites"] == 1


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
    assert order_of(calls) == ["scene", "scene", "scene", "rewrite", "scene"]
    assert "was said in an earlier section" in calls[3].prompt_text and state["revised_in_order"] == [2]
