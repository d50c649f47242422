"""What was finished stays bought when sections are written at once and the service ends among them."""

import asyncio
from pathlib import Path

import pytest

from tests.acceptance.killable import KillableService
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.service import CALLS, serve, settings_for


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
        draining = asyncio.create_task(service.resources.engine.drain(60))
        await asyncio.sleep(0)  # now it has been asked to
        provider.release()
        await draining
        bought = len(provider.generations)
    async with serve(settings) as service:
        told = await service.client.read(run_id)

    assert bought == 3
    assert told.ending is not None and told.text == told.ending["story_content"]
    assert len(provider.generations) == CALLS
