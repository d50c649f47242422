"""No ending is cut: whatever a reply ends with stands at the end of its section, or the landing's does."""

from dataclasses import replace
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig

from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from tests.endings import INPUTS, RESOLUTION, SCALES, STORY, continued_script, script_of
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.models import settings_of
from workflows.errors import ModelBadOutput
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import configured, room_of
from workflows.formats.registry import list_formats
from workflows.graph import build_graph
from workflows.models.clients.catalog import ModelCatalog
from workflows.state import RunContext, State
from workflows.text.words import count_words

CONFIG: RunnableConfig = {"configurable": {"thread_id": "1"}}


async def write(format: AnyFormat, inputs: dict[str, Any], provider: FakeProvider, script: Script) -> State:
    provider.script = script
    catalog = ModelCatalog(settings_of(provider.root_url, model="openai:gpt-test", judge="off"))
    graph = build_graph(format, catalog, MemoryCheckpoints())
    try:
        state: Any = await graph.ainvoke({"input": inputs}, CONFIG, context=RunContext())
    finally:
        await catalog.close()
    return state  # type: ignore[no-any-return]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", sorted(INPUTS))
async def test_sections_end_as_they_were_meant_to_at_their_length_whatever_the_model_makes_of_it(
    provider: FakeProvider, name: str, scale: float
) -> None:
    format = configured(list_formats()[name])
    inputs = INPUTS[name] or dict(format.example)
    state = await write(format, inputs, provider, script_of(name, inputs, scale))
    for index, section in state["sections"].items():
        assert section["text"].endswith(RESOLUTION), (index, section["text"][-200:])
    for index, length in state["lengths"].items():
        words, room = count_words(state["sections"][index]["text"]), room_of(format, length["target_words"])
        assert room.least <= words <= room.most, (index, words, length)
        assert len(length["corrections"]) <= 1, (index, length)
    if name == "podcast":
        assert abs(state["metadata"]["deviation"]) <= 0.03


@pytest.mark.parametrize("continued", [1.0, 1.8])
@pytest.mark.parametrize(
    "name", sorted(INPUTS.keys() - {"education_audio"})
)  # its example comes at its length
async def test_continuation_that_comes_out_longer_than_the_first_reply_ends_as_it_was_meant_to(
    provider: FakeProvider, name: str, continued: float
) -> None:
    format = configured(list_formats()[name])
    inputs = INPUTS[name] or dict(format.example)
    state = await write(format, inputs, provider, continued_script(name, inputs, 0.6, continued))
    corrections = [length["corrections"] for length in state["lengths"].values()]
    assert ["continued"] in corrections and all(len(made) <= 1 for made in corrections)
    for index, section in state["sections"].items():
        assert section["text"].endswith(RESOLUTION), (index, section["text"][-200:])
        room = room_of(format, state["lengths"][index]["target_words"])
        least_written = 0.6 * room.target
        most = least_written + continued * (room.most - least_written) + 2 * count_words(RESOLUTION)
        assert room.least <= count_words(section["text"]) <= most
    if name == "podcast":
        assert abs(state["metadata"]["deviation"]) <= 0.03


@pytest.mark.parametrize(
    ("name", "first", "continued", "corrections", "over"),
    [
        ("podcast", 0.8, 1.8, ["continued"], 1.3),
        ("podcast", 0.6, 1.6, ["continued"], 1.45),
        ("story", 0.6, 1.8, ["continued"], 1.45),
        ("story", 0.6, 6.0, ["continued", "landed"], 1.25),
        ("discovery_report", 0.6, 3.0, ["continued", "landed"], 1.15),
    ],
)
async def test_continuation_ends_as_it_was_meant_to_whatever_its_length(
    provider: FakeProvider, name: str, first: float, continued: float, corrections: list[str], over: float
) -> None:
    format = configured(list_formats()[name])
    inputs = INPUTS[name] or dict(format.example)
    state = await write(format, inputs, provider, continued_script(name, inputs, first, continued))
    assert state["lengths"][0]["corrections"] == corrections
    for index, section in state["sections"].items():
        assert section["text"].endswith(RESOLUTION), (index, section["text"][-200:])
        words, room = count_words(section["text"]), room_of(format, state["lengths"][index]["target_words"])
        assert room.least <= words <= max(room.most, over * room.target), (index, words, room)


async def test_landing_much_longer_than_it_was_asked_for_keeps_its_end(provider: FakeProvider) -> None:
    script = script_of("story", STORY, 1.8)
    long = Reply(scale=3.5, last_sentence=RESOLUTION)
    landing = Rule(long, structured=False, contains="Bring it home in about")
    script = replace(script, rules=(landing, *script.rules))
    state = await write(configured(list_formats()["story"]), STORY, provider, script)
    assert state["lengths"][0]["corrections"] == ["landed"]
    assert all(section["text"].endswith(RESOLUTION) for section in state["sections"].values())


@pytest.mark.parametrize("name", ["story", "education_audio"])
async def test_text_below_notes_in_the_wrong_place_keeps_its_ending(
    provider: FakeProvider, name: str
) -> None:
    notes = "=== NOTES ===\nThe key is with Mia. She promised to bring it back."
    lower = f"{write_prose('lower', 110)} {RESOLUTION}"
    text = f"{write_prose('above', 140)}\n\n{notes}\n\n{lower}"
    script = Script(rules=(Rule(Reply(text=text), structured=False),), default=Reply(tokens_per_chunk=50))
    format = configured(list_formats()[name])
    state = await write(format, INPUTS[name] or dict(format.example), provider, script)
    for section in state["sections"].values():
        assert section["text"].count(RESOLUTION) == 1 and "The key" not in section["text"]


@pytest.mark.parametrize("name", ["story", "discovery_report"])
async def test_landing_that_never_ends_is_bounded(provider: FakeProvider, name: str) -> None:
    format = configured(list_formats()[name])
    inputs = INPUTS[name] or dict(format.example)
    state = await write(
        format,
        inputs,
        provider,
        Script(rules=(Rule(Reply(words=3000), structured=False),), default=Reply(tokens_per_chunk=5)),
    )
    for index, length in state["lengths"].items():
        words, room = count_words(state["sections"][index]["text"]), room_of(format, length["target_words"])
        assert words <= room.most
        assert length["corrections"] == ["landed", "trimmed"]
        assert state["sections"][index]["text"].rstrip()[-1] in ".!?…”"


async def test_landing_without_a_word_is_no_ending(provider: FakeProvider) -> None:
    script = script_of("story", STORY, 1.8)
    notes = Rule(Reply(text="=== NOTES ===\n- Mia."), structured=False, contains="not one sentence more")
    with pytest.raises(ModelBadOutput, match="didn't bring section 1 to its end"):
        await write(
            configured(list_formats()["story"]),
            STORY,
            provider,
            replace(script, rules=(notes, *script.rules)),
        )


async def test_landing_is_asked_for_with_the_text_so_far_and_what_must_still_happen(
    provider: FakeProvider,
) -> None:
    script = script_of("story", STORY, 1.5)
    state = await write(configured(list_formats()["story"]), STORY, provider, script)
    landing = next(call for call in provider.generations if "Bring it home" in call.prompt_text)
    first = state["sections"][0]["text"]
    assert first[:100] in landing.prompt_text
    assert state["outline"]["sections"][0]["summary"] in landing.prompt_text


async def test_rewrite_that_runs_over_is_landed_too(provider: FakeProvider) -> None:
    script = script_of("story", STORY, 1.0)
    unsafe = f"They went to kill the king with a gun. {write_prose('unsafe', 250)}"
    long = Rule(Reply(scale=1.6, last_sentence=RESOLUTION), contains="The editor's notes", structured=False)
    script = replace(script, rules=(Rule(Reply(text=unsafe), structured=False, nth=1), long, *script.rules))
    state = await write(configured(list_formats()["story"]), STORY, provider, script)
    assert all(section["text"].endswith(RESOLUTION) for section in state["sections"].values())
    assert "landed" in state["lengths"][0]["corrections"]


@pytest.mark.parametrize(
    ("continued", "corrections"),
    [(0.8, ["continued"]), (1.0, ["continued"]), (3.0, ["continued", "landed"])],
)
async def test_rewrite_that_comes_out_short_is_continued_and_stays_within_its_room(
    provider: FakeProvider, continued: float, corrections: list[str]
) -> None:
    format = configured(list_formats()["story"])
    script = continued_script("story", STORY, 1.0, continued)
    unsafe = f"They went to kill the king with a gun. {write_prose('unsafe', 250)}"
    short = Rule(Reply(scale=0.5, last_sentence=RESOLUTION), contains="The editor's notes", structured=False)
    first = Rule(Reply(text=unsafe), structured=False, nth=1)
    state = await write(
        format, STORY, provider, replace(script, rules=(first, *script.rules[:-1], short, *script.rules[-1:]))
    )
    length, words = state["lengths"][0], count_words(state["sections"][0]["text"])
    room = room_of(format, length["target_words"])
    assert length["corrections"] == corrections
    assert room.least <= words <= room.most
    assert state["sections"][0]["text"].endswith(RESOLUTION)
