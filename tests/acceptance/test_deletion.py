"""Deletion that goes on: the service is killed in the middle of it, and nothing of the account is left in any table or
file."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.killable import KillableService
from tests.fakes.process import spawn_provider
from tests.people import PASSWORD, PRICES

MARK = "zyxlighthousekeeper"
MAIL = f"{MARK}@example.org"
FIRST, OTHER = "/api/v1/runs", "the neighbour's own text"


async def register(service: KillableService, email: str) -> dict[str, str]:
    """An account, and the headers of its log-in."""
    body = {"email": email, "password": PASSWORD}
    http = service.client.http
    assert (await http.post("/api/v1/auth/register", json=body)).status_code == 202
    tokens = await http.post("/api/v1/auth/token", json=body)
    return {"Authorization": f"Bearer {tokens.json()['access_token']}"}


async def fill(service: KillableService, auth: dict[str, str]) -> None:
    """One of everything, each with the mark."""
    http = service.client.http

    async def post(path: str, **body: Any) -> Any:
        reply = await http.post(f"/api/v1/{path}", json=body, headers=auth)
        assert reply.status_code < 300, reply.text
        return reply.json() if reply.content else None

    await post("documents", text=f"{MARK} keeps a lighthouse.", title=MARK)
    await post("personas", kind="audience", name=MARK, description=MARK, wants=[MARK])
    child = (await post("children", name="Maya", age=7, interests=[MARK], consent=True))["child_id"]
    run = (await post("runs?wait=true", format="story", input={"theme": MARK, "child_id": child}))["run_id"]
    session = (await post("stories/sessions", run_id=run))["session_id"]
    await post(f"stories/sessions/{session}/choices", choice_index=0)
    await post(f"runs/{run}/versions", feedback=f"more {MARK}")
    await post(f"runs/{run}/share")
    await post("runs", format="story", input={"theme": f"{MARK} again", "reader": {"name": "Noa", "age": 8}})


def tables_with(folder: Path, mark: bytes) -> list[str]:
    """The tables of all databases in which a value holds the mark."""
    found = []
    for file in folder.rglob("*.db"):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (name,) in names:
                for row in connection.execute(f'SELECT * FROM "{name}"'):
                    if any(
                        mark in (value if isinstance(value, bytes) else str(value).encode()) for value in row
                    ):
                        found.append(f"{file.name}: {name}")
                        break
    return found


def files_with(folder: Path, mark: bytes) -> list[str]:
    """The files that hold the mark, write-ahead logs among them."""
    return [file.name for file in folder.rglob("*") if file.is_file() and mark in file.read_bytes()]


@pytest.mark.timeout(300)
async def test_deletion_goes_on_after_kills_and_leaves_nothing_in_any_table_or_file(tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text(PRICES)
    data = tmp_path / "data"
    async with spawn_provider() as provider:
        settings = {
            "auth": "accounts",
            "registration": "open",
            "prices": str(tmp_path / "prices.toml"),
            "record_dir": str(data / "recordings"),
            "account_runs": 10,
        }
        async with KillableService(provider.openai_url, data, **settings) as service:
            auth, neighbour = await register(service, MAIL), await register(service, "ben@example.org")
            http = service.client.http
            await http.post("/api/v1/documents", json={"text": OTHER, "title": "B"}, headers=neighbour)
            await fill(service, auth)
            assert len(tables_with(data, MARK.encode())) >= 8
            reply = await http.post("/api/v1/account/deletion", json={"password": PASSWORD}, headers=auth)
            assert reply.status_code == 202
            await service.kill()
            assert tables_with(data, MARK.encode()), "the kill came too late to be one in the middle"
            for _ in range(3):  # and again, each a little further on
                await service.start()
                await service.kill()
            await service.start()
            assert (await http.get(FIRST, headers=auth)).status_code == 401
            while tables_with(data, MARK.encode()):
                await http.get("/healthz")
            assert len((await http.get("/api/v1/documents", headers=neighbour)).json()["documents"]) == 1
            await service.terminate()
    assert files_with(data, MARK.encode()) == []
    assert files_with(data, OTHER.encode()) != []
