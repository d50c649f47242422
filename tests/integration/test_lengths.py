"""Sections keep to their length over HTTP, with a provider whose replies run short or long."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import CALLS, STORY, LiveService, serve, settings_for
from workflows.text.words import count_words

INPUT = {**STORY, "reader": {"name": "Maya", "age": 12, "reading_level": "advanced"}}


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    async with serve(settings_for(provider, tmp_path)) as live:
        yield live


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.3])
async def test_scenes_are_within_a_quarter_whatever_the_model_makes_of_the_length_asked_for(
    service: LiveService, provider: FakeProvider, scale: float
) -> None:
    provider.script = Script(rules=(Rule(Reply(scale=scale), structured=False),))
    run_id = await service.client.start(input=INPUT)
    told = await service.client.read(run_id)
    assert told.ending is not None and told.text == told.ending["story_content"]
    lengths = told.ending["metadata"]["lengths"]
    for length in lengths:
        assert length["words"] == count_words(told.sections[length["index"]])
        assert abs(length["deviation"]) <= 0.25
        assert abs(length["words"] / length["planned_words"] - 1) <= 0.25
        assert len(length["corrections"]) <= 1
    corrected = {length["index"]: length["corrections"] for length in lengths if length["corrections"]}
    # From then on more is asked for, or less.
    assert corrected == {0.7: {0: ["continued"]}, 1.0: {}, 1.3: {0: ["landed"]}}[scale]
    assert len(provider.generations) == CALLS + len(corrected)


async def test_text_that_runs_over_is_not_bought_to_its_end(
    service: LiveService, provider: FakeProvider
) -> None:
    # 260 words are asked for. What comes after a thousand tokens comes only if the service doesn't leave by itself.
    provider.script = Script(rules=(Rule(Reply(words=3000, hold_after=1000), structured=False, nth=1),))
    told = await service.client.read(await service.client.start(input=INPUT))
    first = provider.generations[1]
    await provider.wait_for_disconnect(first)
    assert first.tokens_sent <= 1000 < len(first.tokens)
    assert told.ending is not None
    assert told.ending["metadata"]["lengths"][0]["corrections"] == ["landed"]


async def test_run_that_goes_on_knows_what_its_model_makes_of_a_length(
    service: LiveService, provider: FakeProvider
) -> None:
    broken = Rule(Reply(scale=0.7, fault=Fault("drop", after=9, times=1)), structured=False, nth=3)
    provider.script = Script(rules=(broken, Rule(Reply(scale=0.7), structured=False)))
    run_id = await service.client.start(input=INPUT)
    await service.client.read(run_id)
    await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    told = await service.client.read(run_id)
    assert told.ending is not None and told.ending["type"] == "complete"
    asked = [length["asked_words"] for length in told.ending["metadata"]["lengths"]]
    assert asked[0] == 260 and all(350 < words < 390 for words in asked[1:])


async def test_run_that_takes_what_the_model_writes_corrects_nothing(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(rules=(Rule(Reply(scale=0.5), structured=False),))
    told = await service.client.read(await service.client.start(input=INPUT, keep_length=False))
    assert told.ending is not None
    assert [length["words"] for length in told.ending["metadata"]["lengths"]] == pytest.approx(
        [130] * 4, abs=2
    )
    assert len(provider.generations) == CALLS


@pytest.mark.parametrize("scale", [0.8, 1.2])
async def test_sections_written_two_at_once_make_up_for_those_that_were_finished_before_them(
    service: LiveService, provider: FakeProvider, scale: float
) -> None:
    provider.script = Script(rules=(Rule(Reply(scale=scale), structured=False),))
    told = await service.client.read(await service.client.start(input=INPUT, parallel=2))
    assert told.ending is not None
    lengths = told.ending["metadata"]["lengths"]
    assert [length["asked_words"] for length in lengths[:2]] == [260, 260]
    # The model's own measure is known by then, and what is over or short is shared.
    for length in lengths[2:]:
        assert (length["asked_words"] < 260) == (scale > 1) and length["asked_words"] != 260
    planned, written = (sum(length[name] for length in lengths) for name in ("planned_words", "words"))
    assert abs(written / planned - 1) <= 0.1
