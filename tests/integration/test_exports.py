"""A finished run as a file, over HTTP and by the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from tests.fakes.provider import FakeProvider
from tests.service import serve, settings_for


async def test_run_exported_is_its_text_with_the_title_as_the_files_name(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        client = service.client
        run_id = await client.start()
        told = await client.read(run_id)
        assert told.ending is not None
        text = await client.http.get(f"/api/v1/runs/{run_id}/export", params={"as": "txt"})
        assert text.text == told.text + "\n"
        assert text.headers["content-type"] == "text/plain; charset=utf-8"
        assert f"filename={run_id}.txt;" in text.headers["content-disposition"]

        markdown = await client.http.get(f"/api/v1/runs/{run_id}/export", params={"as": "md"})
        lines = markdown.text.splitlines()
        assert lines[0] == f"# {told.ending['title']}"
        titles = [f"## {section['title']}" for section in told.ending["sections"]]
        assert [line for line in lines if line.startswith("## ")] == titles

        unknown = await client.http.get(f"/api/v1/runs/{run_id}/export", params={"as": "stone tablet"})
        assert unknown.status_code == 422
        assert unknown.json()["errors"][0]["field"] == "as"
        assert "md, txt" in unknown.json()["detail"]


async def test_run_that_waits_has_nothing_to_export_yet(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        run_id = await service.client.start(review_outline=True)
        async for frame in service.client.frames(run_id):
            if frame.message.type == "input_required":
                break
        reply = await service.client.http.get(f"/api/v1/runs/{run_id}/export", params={"as": "md"})
        assert (reply.status_code, reply.json()["code"]) == (409, "CONFLICT")


def test_command_runs_export_of_a_run_that_is_not_there_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYWIRE_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["runs", "export", "01ARZ3NDEKTSV4RRFFQ69G5FAV"])
    assert result.exit_code != 0
    assert "There is no run" in result.output
