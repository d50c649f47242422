"""What was deleted is in no file of the data folder any more, while the service goes on."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.service import STORY, LiveService, serve, settings_for

MARK = "the-secret-of-the-lighthouse"


def _files_with(mark: str, folder: Path) -> list[str]:
    # Also as it is compressed it would have to be found: nothing is packed in the time of these tests.
    found = (path for path in folder.rglob("*") if path.is_file() and mark.encode() in path.read_bytes())
    return sorted(path.name for path in found)


async def _post(service: LiveService, path: str, id: str, **kwargs: Any) -> str:
    reply = await service.client.http.post(path, **kwargs)
    assert reply.status_code == 201, reply.text
    return str(reply.json()[id])


@pytest.mark.parametrize("ended", ["completed", "running"])
async def test_deleted_run_is_in_no_file(provider: FakeProvider, tmp_path: Path, ended: str) -> None:
    text = f"Once there was {MARK} {{i}}. "
    hold_after = None if ended == "completed" else 40
    provider.script = Script(
        rules=(Rule(Reply(text=text, words=200, hold_after=hold_after), structured=False),)
    )
    async with serve(settings_for(provider, tmp_path, record_dir=tmp_path / "recordings")) as service:
        for _ in range(3):
            run_id = await service.client.start(input={**STORY, "theme": f"{MARK} on the moon"})
            if ended == "completed":
                told = await service.client.read(run_id)
                assert MARK in told.text
            else:
                await provider.wait_for_held()
            assert "storywire.db" in " ".join(_files_with(MARK, tmp_path))
            assert (await service.client.http.delete(f"/api/v1/runs/{run_id}")).status_code == 204
            assert _files_with(MARK, tmp_path) == []


async def test_deleted_child_and_document_are_in_no_file(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        http = service.client.http
        child = await _post(service, "/api/v1/children", "child_id", json={"name": MARK, "age": 7})
        document = await _post(
            service,
            "/api/v1/documents",
            "id",
            files={"file": ("a.txt", f"We saw {MARK}. ".encode() * 2000, "text/plain")},
        )
        for path in (f"/api/v1/children/{child}", f"/api/v1/documents/{document}"):
            assert _files_with(MARK, tmp_path) != []
            assert (await http.delete(path)).status_code in (200, 204)
        assert _files_with(MARK, tmp_path) == []
