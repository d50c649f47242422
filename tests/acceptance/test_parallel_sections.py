"""What was finished stays bought when sections are written at once and the service ends among them."""

import asyncio
from pathlib import Path

import pytest

from backend.runs.engine.inline import InlineEngine
from tests.acceptance.killable import KillableService
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.service import CALLS, Told, serve, settings_for
from workflows.messages.messages import TextAppended


def _held(*numbers: int) -> Script:
    """The calls for the scenes with these numbers wait at a gate."""
    # A rule counts only what the rules before it left.
    counted = (number - taken for taken, number in enumerate(numbers))
    return Script(rules=tuple(Rule(Reply(hold_after=20), structured=False, nth=nth) for nth in counted))


@pytest.mark.parametrize(
    "held",
    [
        (3, 4),  # two have ended, and the other two are being written
        (1, 4),  # the second and the third were written beside the first, which still goes on
    ],
)
async def test_kill_costs_only_what_was_being_written_whichever_ends_first(
    provider: FakeProvider, tmp_path: Path, held: tuple[int, int]
) -> None:
    provider.script = _held(*held)
    service = KillableService(provider.openai_url, tmp_path / "data")
    await service.start()
    run_id = await service.client.start(parallel=2)
    await provider.wait_for_held(2)
    await service.kill()
    async with service:
        told = await service.client.read(run_id)

    assert told.ending is not None and told.text == told.ending["story_content"]
    assert len(provider.generations) == CALLS + 2  # the two that were being written


async def test_service_that_stops_finishes_the_sections_it_writes_and_begins_no_other(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = _held(1, 2)
    settings = settings_for(provider, tmp_path, shutdown_grace=60)
    async with serve(settings) as service:
        run_id = await service.client.start(parallel=2)
        await provider.wait_for_held(2)
        engine = service.resources.engine
        assert isinstance(engine, InlineEngine)
        draining = asyncio.create_task(engine.drain(60))
        await asyncio.sleep(0)  # now it has been asked to
        provider.release()
        await draining
        bought = len(provider.generations)
    async with serve(settings) as service:
        told = await service.client.read(run_id)

    assert bought == 3
    assert told.ending is not None and told.text == told.ending["story_content"]
    assert len(provider.generations) == CALLS


async def test_kill_shows_nothing_of_a_sentence_that_moderation_stopped(
    provider: FakeProvider, tmp_path: Path
) -> None:
    odd, mild = "A calm day began. A zorbl came by. It slept.", "A calm day began. All was quiet."
    provider.script = Script(
        rules=(
            Rule(Reply(text=mild), api="chat", structured=False, contains="The editor's notes"),
            Rule(Reply(text=odd), api="chat", structured=False, nth=1, times=1),
            Rule(Reply(text=mild, hold_after=2), api="chat", structured=False, nth=1, times=1),
            Rule(Reply(text=mild, hold_after=2), api="chat", structured=False, nth=1, times=1),
            Rule(Reply(text=mild), api="chat", structured=False),
        ),
        flagged={"zorbl": "violence"},
    )
    moderation = {"moderation": "openai", "moderation_sentences": "hold", "judge": "off"}
    service = KillableService(provider.openai_url, tmp_path / "data", **moderation)
    await service.start()
    run_id = await service.client.start(parallel=2, keep_length=False)
    await provider.wait_for_held(2)  # the first scene is finished, and its rewrite has not begun
    await service.kill()
    told, ever = Told(), ""
    async with service:
        async for frame in service.client.frames(run_id):
            told.take(frame)
            if isinstance(frame.message, TextAppended):
                ever += frame.message.chunk

    assert (
        "zorbl" not in ever and ever.count("A calm day") > 4
    )  # the first one's was shown, and is written again
    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.text == told.ending["story_content"]
    assert list(told.sections.values()) == [mild] * 4
