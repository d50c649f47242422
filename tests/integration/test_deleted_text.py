"""What is deleted is nowhere: not in what other runs were made of it, nor in their checkpoints."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig

from tests.acceptance.test_deletion import files_with, tables_with
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import LiveService, serve, settings_for

RUNS, DOCUMENTS = "/api/v1/runs", "/api/v1/documents"
MARK = "zyxlighthousekeeper"
EASY = "supper; sentences of about 8 words, none over 16, no harder than school grade 1"
MARKED = f"The {MARK} made supper. {write_prose(EASY, 90)} Then all was still."
OTHER = f"A cat came by to eat. {write_prose(EASY, 90)} Then all was still."
LEAFLET = "\n\n".join(
    f"Warning {number}: never take the {MARK} tablet with grapefruit juice on day {number}. It is a white tablet. "
    "Swallow it whole with water at the same time each morning, with or without food, and never chew it."
    for number in range(1, 13)
)


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that records its runs."""
    async with serve(settings_for(provider, tmp_path, record_dir=tmp_path / "recordings")) as running:
        yield running


async def ended(service: LiveService, run_id: str) -> dict[str, Any]:
    """The run at its end."""
    await service.client.read(run_id)
    return await service.client.run(run_id)


async def start(service: LiveService, path: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = await service.client.http.post(path, json=body)
    assert reply.status_code == 201, reply.text
    return await ended(service, reply.json()["run_id"])


def places_of(mark: str, folder: Path) -> list[str]:
    """The tables and files that hold the mark."""
    return [*tables_with(folder, mark.encode()), *files_with(folder, mark.encode())]


@pytest.mark.parametrize("outcome", ["completed", "failed"])
async def test_deleted_run_leaves_no_text_in_a_version_that_was_made_of_it(
    service: LiveService, provider: FakeProvider, tmp_path: Path, outcome: str
) -> None:
    provider.script = Script(rules=(Rule(Reply(text=MARKED), structured=False, nth=1),))
    first = await start(service, RUNS, {"format": "story", "input": {"theme": "a lighthouse on the moon"}})
    assert MARK in first["text"]
    fault = Fault("drop", after=4) if outcome == "failed" else None
    provider.script = Script(rules=(Rule(Reply(text=OTHER, fault=fault), structured=False),))
    change = {"section": 0, "feedback": "A cat."}
    version = await start(service, f"{RUNS}/{first['run_id']}/versions", change)
    assert (version["status"], MARK in version["text"]) == (outcome, False)
    assert {"checkpoints.db: checkpoint_blobs", "storywire.db: runs"} <= set(places_of(MARK, tmp_path))

    assert (await service.client.http.delete(f"{RUNS}/{first['run_id']}")).status_code == 204

    assert places_of(MARK, tmp_path) == []
    kept = await service.client.run(version["run_id"])
    assert (kept["status"], kept["text"]) == (outcome, version["text"])
    resumed = await service.client.http.post(f"{RUNS}/{version['run_id']}/resume")
    assert (resumed.status_code, resumed.json()["code"]) == (409, "CONFLICT")
    assert (await service.client.run(version["run_id"]))["text"] == version["text"]


async def test_version_that_is_written_while_its_run_is_deleted_ends_and_keeps_nothing_else(
    service: LiveService, provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(text=MARKED), structured=False, nth=1),))
    first = await start(service, RUNS, {"format": "story", "input": {"theme": "a lighthouse on the moon"}})
    provider.script = Script(rules=(Rule(Reply(text=OTHER, hold_after=4), structured=False, nth=1),))
    change = {"section": 0, "feedback": "A cat."}
    reply = await service.client.http.post(f"{RUNS}/{first['run_id']}/versions", json=change)
    run_id = reply.json()["run_id"]
    while not provider.calls[-1].prompt_text.count("A cat."):
        await service.client.http.get("/healthz")
    assert (await service.client.http.delete(f"{RUNS}/{first['run_id']}")).status_code == 204
    await service.client.http.post(f"{RUNS}/{run_id}/cancel")
    assert (await ended(service, run_id))["status"] == "cancelled"
    while service.resources.engine.active:
        await service.client.http.get("/healthz")
    assert places_of(MARK, tmp_path) == []


async def test_deleted_document_leaves_no_text_beside_that_of_the_runs_written_from_it(
    service: LiveService, provider: FakeProvider, tmp_path: Path
) -> None:
    turn = "DOCTOR: Take it every morning with water, and never chew it.\n\nPATIENT: Thank you."
    provider.script = Script(
        rules=(
            Rule(Reply(fault=Fault("drop", after=4)), structured=False, contains="Write section 3"),
            Rule(Reply(text=turn), structured=False),
        )
    )
    added = await service.client.http.post(DOCUMENTS, json={"text": LEAFLET, "title": "Leaflet"})
    document = added.json()["id"]
    lesson = {"format": "education_audio", "input": {"knowledge_id": document, "target_minutes": 6}}
    run = await start(service, RUNS, {**lesson, "options": {"keep_length": False}})
    assert (run["status"], MARK in run["text"]) == ("failed", False)
    place = RunnableConfig(configurable={"thread_id": run["run_id"], "checkpoint_ns": ""})
    checkpoints = service.resources.housekeeping._checkpoints
    assert await checkpoints.aget_tuple(place) is not None
    # Another's address, or a word of an input, deletes nothing.
    assert (await service.client.http.delete(f"{DOCUMENTS}/education_audio")).status_code == 404
    assert await checkpoints.aget_tuple(place) is not None

    assert (await service.client.http.delete(f"{DOCUMENTS}/{document}")).status_code == 204

    assert places_of(MARK, tmp_path) == []
    assert await checkpoints.aget_tuple(place) is None
    resumed = await service.client.http.post(f"{RUNS}/{run['run_id']}/resume")
    assert (resumed.status_code, "deleted" in resumed.json()["detail"]) == (409, True)
    assert (await service.client.run(run["run_id"]))["text"] == run["text"] != ""


@pytest.mark.parametrize("outcome", ["completed", "failed"])
async def test_deleted_chapter_leaves_no_recap_in_what_was_written_after_it(
    service: LiveService, provider: FakeProvider, tmp_path: Path, outcome: str
) -> None:
    http = service.client.http
    first = await start(service, RUNS, {"format": "story", "input": {"theme": "a lighthouse on the moon"}})
    titled = await http.patch(f"{RUNS}/{first['run_id']}", json={"title": f"The {MARK}"})
    assert titled.status_code == 200
    session = (await http.post("/api/v1/stories/sessions", json={"run_id": first["run_id"]})).json()
    fault = Fault("drop", after=4) if outcome == "failed" else None
    provider.script = Script(rules=(Rule(Reply(fault=fault), structured=False, nth=2),))
    path = f"/api/v1/stories/sessions/{session['session_id']}/choices"
    second = await start(service, path, {"choice_index": 0})
    assert second["status"] == outcome and second["input"]["earlier"][0]["title"] == f"The {MARK}"
    assert f"{second['run_id']}.jsonl" in places_of(MARK, tmp_path)

    assert (await http.delete(f"{RUNS}/{first['run_id']}")).status_code == 204

    assert places_of(MARK, tmp_path) == []
    kept = await service.client.run(second["run_id"])
    assert (kept["status"], kept["text"], kept["input"]["earlier"]) == (outcome, second["text"], [])
    if outcome == "failed":
        resumed = await http.post(f"{RUNS}/{second['run_id']}/resume")
        assert resumed.status_code == 202
        while (kept := await service.client.run(second["run_id"]))["status"] == "running":
            pass
        assert kept["status"] == "completed" and kept["text"]
