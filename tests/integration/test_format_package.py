"""A format in a package of its own, installed beside Storywire: the example of docs/formats.md."""

import re
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.plugins import install, taken_away
from tests.service import LiveService, Told, serve, settings_for

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tests" / "packages" / "letters"
LETTER = {"to": "Grandma", "about": "our first week by the sea"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The package, built and installed into a folder of its own, and that folder on the path."""
    with install(tmp_path_factory.mktemp("letters"), "letters") as target:
        yield target


@pytest.fixture
async def service(installed: Path, provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that has it."""
    assert (installed / "letters.py").is_file()
    async with serve(settings_for(provider, tmp_path)) as running:
        yield running


def test_package_is_the_example_of_the_documents_word_for_word() -> None:
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert shown == {
        path.name: path.read_text(encoding="utf-8") for path in PACKAGE.iterdir() if path.is_file()
    }


async def test_installed_format_is_listed_and_streams_its_text(
    service: LiveService, installed: Path, provider: FakeProvider
) -> None:
    listed = (await service.client.http.get("/api/v1/formats")).json()["formats"]
    [letter] = [format for format in listed if format["name"] == "letter"]
    told = Told()
    async for frame in service.client.stream("GET", "/api/v1/letter/generate/stream", params=LETTER):
        told.take(frame)

    assert Path(sys.modules["letters"].__file__ or "").is_relative_to(installed)
    assert letter["example"] == LETTER and set(letter["input_schema"]["required"]) == {"to", "about"}
    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.text == told.ending["story_content"]
    assert [section["title"] for section in told.ending["sections"]] == ["Greeting", "News", "Farewell"]
    assert sum("of a letter to Grandma" in call.prompt_text for call in provider.generations) == 3
    run_id = told.ending["run_id"]
    text = await service.client.http.get(f"/api/v1/runs/{run_id}/export", params={"as": "txt"})
    assert text.text == told.text + "\n"


async def test_installed_format_has_its_own_field_errors_and_refuses_a_model(service: LiveService) -> None:
    http = service.client.http
    unnamed = await http.post("/api/v1/letter/generate/stream", json={"about": "the sea"})
    models = (await http.get("/api/v1/models")).json()["models"]
    [embedded] = [model["id"] for model in models if model["provider"] == "embedded"]
    body = {"format": "letter", "input": LETTER, "options": {"model": embedded}}
    small = await http.post("/api/v1/runs", json=body)

    assert [error["field"] for error in unnamed.json()["errors"]] == ["input.to"]
    assert small.json()["errors"][0]["field"] == "options.model"


async def test_installed_format_has_its_own_address_and_its_own_monthly_limit(service: LiveService) -> None:
    told = Told()
    async for frame in service.client.stream("GET", "/api/v1/letters/generate/stream", params=LETTER):
        told.take(frame)
    by = {
        path: (await service.client.http.get(f"/api/v1/{path}/usage")).json()
        for path in ("letters", "letter", "stories", "letterz")
    }

    assert told.ending is not None and told.ending["type"] == "complete"
    assert by["letters"] == by["letter"] and by["letterz"]["code"] == "NOT_FOUND"
    assert (by["letters"]["used"], by["letters"]["quota"], by["letters"]["left"]) == (1, 100, 99)
    assert (by["stories"]["used"], by["stories"]["quota"], by["stories"]["left"]) == (0, None, None)


async def test_runs_of_a_format_that_has_gone_can_be_read_and_removed_and_nothing_else(
    installed: Path, provider: FakeProvider, tmp_path: Path
) -> None:
    fault = Rule(Reply(fault=Fault("status", times=1)), structured=False, nth=5)  # of the second letter
    held = Rule(Reply(hold_after=3), structured=False, nth=7)
    provider.script = Script(rules=(fault, held))
    async with serve(settings_for(provider, tmp_path, shutdown_grace=0)) as service:
        written, broken = [await _write(service), await _write(service)]
        running = await _start(service)
        await provider.wait_for_held()
    with taken_away(installed):
        async with serve(settings_for(provider, tmp_path)) as service:
            http = service.client.http
            listed = (await http.get("/api/v1/runs")).json()["runs"]
            texts = [(await service.client.run(run_id))["text"] for run_id in (written, broken)]
            told = await service.client.read(written)
            refused = [
                await http.get(f"/api/v1/runs/{written}/export?as=md"),
                await http.post(f"/api/v1/runs/{written}/versions", json={}),
                await http.post(f"/api/v1/runs/{broken}/resume"),
            ]
            cancelled = await http.post(f"/api/v1/runs/{running}/cancel")
            removed = [(await http.delete(f"/api/v1/runs/{run['run_id']}")).status_code for run in listed]

    assert [run["format"] for run in listed] == ["letter"] * 3
    assert all(texts) and told.text == texts[0]
    assert [(reply.status_code, reply.json()["code"]) for reply in refused] == [(409, "CONFLICT")] * 3
    assert all("letter, which isn't installed any more" in reply.json()["detail"] for reply in refused)
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert removed == [204] * 3


async def _start(service: LiveService) -> str:
    reply = await service.client.http.post("/api/v1/runs", json={"format": "letter", "input": LETTER})
    return str(reply.json()["run_id"])


async def _write(service: LiveService) -> str:
    run_id = await _start(service)
    await service.client.read(run_id)
    return run_id
