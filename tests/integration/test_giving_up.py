"""A run whose process died goes on in another, but not for ever."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from backend.store.owner import Owner
from backend.store.runs.runs import Run, RunRepository
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import CALLS, STORY, LiveService, serve, settings_for
from tests.unit.stored_runs import add_run


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that takes runs up when the test says so, twice."""
    async with serve(settings_for(provider, tmp_path, resume_on_start=False, max_resumes=2)) as running:
        yield running


async def _orphan(service: LiveService, **values: Any) -> Run:
    """A run whose process is dead."""
    given = {"owner": "local", "model": "openai:gpt-test", "input": STORY, "process": str(ULID()), **values}
    return await add_run(_runs(service), **given)


def _runs(service: LiveService) -> RunRepository:
    return RunRepository(service.resources.database)


async def _crash_count(service: LiveService, run_id: str) -> int:
    run = await _runs(service).find(Owner("local"), run_id)
    assert run is not None
    return run.crash_count


async def test_run_that_kills_its_processes_ends_with_a_sentence_and_goes_on_by_hand(
    service: LiveService, provider: FakeProvider
) -> None:
    run = await _orphan(service, crash_count=2)
    assert await service.resources.recovery.recover() == 0
    told = await service.client.read(run.id)
    assert told.ending is not None and not provider.generations
    assert (told.ending["code"], told.ending["resumable"]) == ("INTERNAL", True)
    assert "died 3 times in a row" in told.ending["message"]
    assert (await service.client.run(run.id))["status"] == "failed"
    assert await service.resources.recovery.recover() == 0

    await service.client.http.post(f"/api/v1/runs/{run.id}/resume")
    assert await _crash_count(service, run.id) == 0
    told.ending = None
    await service.client.read(run.id, told)
    assert told.ending is not None and told.text == told.ending["story_content"]
    assert len(provider.generations) == CALLS


async def test_section_that_is_finished_starts_the_count_anew(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script((Rule(Reply(fault=Fault("drop", after=3)), structured=False, nth=1, times=1),))
    stuck = await _orphan(service, crash_count=1)
    assert await service.resources.recovery.recover() == 1
    await service.client.read(stuck.id)  # broke in its first section
    assert await _crash_count(service, stuck.id) == 2

    getting_on = await _orphan(service, crash_count=1)
    assert await service.resources.recovery.recover() == 1
    told = await service.client.read(getting_on.id)
    assert told.ending is not None and told.ending["type"] == "complete"
    assert await _crash_count(service, getting_on.id) == 0


async def test_run_of_a_process_that_was_stopped_is_taken_up_however_often(service: LiveService) -> None:
    run = await _orphan(service, process=None, crash_count=2)
    assert await service.resources.recovery.recover() == 1
    told = await service.client.read(run.id)
    assert told.ending is not None and told.ending["type"] == "complete"
