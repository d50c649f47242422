"""A recorded run, played back: the same text, byte for byte, with no model behind it."""

import hashlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.architecture.tree import ROOT
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import STORY, LiveService, Told, serve, settings_for
from workflows.models.cassettes.cassette import Cassette

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXAMPLE = ROOT / "docs" / "examples" / "a-lighthouse-on-the-moon.jsonl"
NOBODY = "http://127.0.0.1:9/v1"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveService]:
    """A service that plays the example, and has it in its folder of cassettes."""
    folder = tmp_path_factory.mktemp("replay")
    shutil.copy(EXAMPLE, folder / "example.jsonl")
    settings = settings_for(
        NOBODY,
        folder / "data",
        model=f"replay:{EXAMPLE}?speed=0&match=exact",
        OPENAI_API_KEY=None,
        OPENAI_BASE_URL=None,
        replay_dir=folder,
    )
    async with serve(settings) as running:
        yield running


def _expected() -> str:
    ending = Cassette.read(EXAMPLE).ending
    assert ending is not None and ending.sha256 is not None
    return ending.sha256


def _sha256(told: Told) -> str:
    return hashlib.sha256(told.text.encode()).hexdigest()


def _pausing(cassette: str, section: int) -> str:
    """The cassette with a pause of 60,000 seconds in the middle of that section."""
    lines = [json.loads(line) for line in cassette.splitlines()]
    for line in lines:
        if line.get("call", {}).get("section") == section:
            chunks = line["call"]["chunks"]
            middle = len(chunks) // 2
            line["call"]["chunks"] = chunks[:middle] + [
                [at + 60_000_000, text] for at, text in chunks[middle:]
            ]
    return "".join(json.dumps(line) + "\n" for line in lines)


async def test_example_plays_back_byte_for_byte_with_what_goes_with_it(service: LiveService) -> None:
    told = await service.client.read(await service.client.start())

    assert told.ending is not None and told.ending["type"] == "complete"
    assert _sha256(told) == told.ending["sha256"] == _expected()
    assert len(told.ending["choices"]) == 3 and told.ending["usage"]["output_tokens"] > 300


async def test_example_plays_back_the_same_when_sections_are_written_at_once(service: LiveService) -> None:
    told = await service.client.read(await service.client.start(parallel=4))

    assert _sha256(told) == _expected()


async def test_example_plays_back_the_same_when_a_section_is_stopped_and_resumed(
    service: LiveService,
) -> None:
    held = service.resources.settings.replay_dir / "held.jsonl"  # type: ignore[operator]
    held.write_text(_pausing(EXAMPLE.read_text(), section=2))
    run_id = await service.client.start(model="replay:held.jsonl?speed=1000&match=exact")
    told = Told()
    async for frame in service.client.frames(run_id):
        told.take(frame)
        if len(told.sections.get(2, "").split()) > 20:
            break
    await service.client.http.post(f"/api/v1/runs/{run_id}/cancel")
    partial = await service.client.run(run_id)
    shutil.copy(EXAMPLE, held)
    await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    await service.client.read(run_id, told)

    assert partial["status"] == "cancelled"
    assert _sha256(told) == _expected()


async def test_another_theme_still_plays_unless_it_must_be_exact(service: LiveService) -> None:
    inputs = {**STORY, "theme": "dragons"}
    lenient = await service.client.read(
        await service.client.start(input=inputs, model="replay:example.jsonl?speed=0")
    )
    exact = await service.client.read(await service.client.start(input=inputs))

    assert lenient.ending is not None and lenient.ending["type"] == "complete"
    assert _sha256(lenient) == _expected()
    assert exact.ending is not None and exact.ending["code"] == "MODEL_NOT_CONFIGURED"
    assert "no reply for outline:outline" in exact.ending["message"]


@pytest.mark.parametrize("name", ["/etc/passwd", "../data/storywire.db", "missing.jsonl", str(EXAMPLE)])
async def test_caller_opens_no_file_by_a_models_name(service: LiveService, name: str) -> None:
    before = (await service.client.http.get("/api/v1/runs?limit=100")).json()["runs"]
    reply = await service.client.http.post(
        "/api/v1/runs", json={"format": "story", "input": STORY, "options": {"model": f"replay:{name}"}}
    )
    after = (await service.client.http.get("/api/v1/runs?limit=100")).json()["runs"]

    assert (reply.status_code, reply.json()["code"]) == (503, "MODEL_NOT_CONFIGURED")
    assert reply.json()["detail"] == f"There is no cassette {name}."
    assert len(before) == len(after)


async def test_cassettes_are_offered_to_choose_from(service: LiveService) -> None:
    listed = (await service.client.http.get("/api/v1/models")).json()

    assert listed["default"] == f"replay:{EXAMPLE}?speed=0&match=exact"
    assert {model["id"] for model in listed["models"] if model["usable"]} >= {"replay:example.jsonl"}


async def test_service_records_each_run_and_a_resumed_one_plays_back_whole(tmp_path: Path) -> None:
    async with FakeProvider() as provider:
        provider.script = Script(
            rules=(Rule(Reply(fault=Fault("drop", after=9, times=1)), structured=False, nth=2),)
        )
        folder = tmp_path / "cassettes"
        async with serve(settings_for(provider, tmp_path / "data", record_dir=folder)) as service:
            run_id = await service.client.start()
            told = await service.client.read(run_id)
            assert told.ending is not None and told.ending["code"] == "MODEL_UNAVAILABLE"
            told.ending = None
            await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
            await service.client.read(run_id, told)
            other = await service.client.start()
            await service.client.read(other)
            other_was_recorded = (folder / f"{other}.jsonl").exists()
            await service.client.http.delete(f"/api/v1/runs/{other}")
        bought = len(provider.generations)
        path = folder / f"{run_id}.jsonl"
        settings = settings_for(
            provider,
            tmp_path / "again",
            model=f"replay:{path}?speed=0&match=exact",
            outline_model="openai:other",
            derived_model="openai:other",
            judge_model="openai:other",
            fallback_model="openai:other",
        )
        async with serve(settings) as service:
            again = await service.client.read(await service.client.start())
        cassette = Cassette.read(path)

        assert len(provider.generations) == bought  # a replay calls nobody, whoever has a role besides
    assert told.ending is not None and again.ending is not None
    assert again.text == told.text and again.ending["sha256"] == told.ending["sha256"]
    assert again.ending["choices"] == told.ending["choices"]
    assert [call.attempt for call in cassette.calls if call.broke] == [1]
    assert {call.purpose for call in cassette.replies} == {
        "outline:outline",
        "generate_content:writing",
        "safety_check:judge",
        "derive:derived",
    }
    assert "sk-test" not in path.read_text() and "Bearer" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert other_was_recorded and list(folder.iterdir()) == [path]
