"""Rows and log entries that somebody edited by hand, or a disk damaged: what can be read is read, lists go on, and
everything can be deleted."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.service import STORY, LiveService, serve, settings_for

READS = (
    *("", "/stream", "/stream?granularity=sentence", "/stream?order=reading", "/stream?protocol=ai-sdk"),
    *("/stream?protocol=ai-sdk&v=5", "/stream?protocol=ag-ui", "/export?as=md", "/resume-quote", "/versions"),
    "/ds",
)
ROWS = [
    *(
        ("input", "[]"),
        ("input", "7"),
        ("input", "no JSON"),
        ("options", "no JSON"),
        ("options", '"x"'),
        ("result", "[1]"),
        ("status", "paused"),
    ),
    *(
        ("created_at", 2**63 - 1),
        ("finished_at", -(2**63)),
        ("words", -1),
        ("format", "gone"),
        ("model", "x"),
    ),
]
ENTRIES = [
    (b'"section":0', b'"section":99999999999999999999'),
    (b'"section":0', b'"section":999999999'),
    (b'"section":0', b'"section":"zero"'),
    (None, b"\xff\xfe"),
    (None, b'{"type":'),
    (None, b""),
]


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that writes with the fake provider."""
    async with serve(settings_for(provider, tmp_path)) as running:
        yield running


@pytest.mark.soak
@pytest.mark.parametrize("damages", [ROWS, ENTRIES], ids=["rows", "entries"])
async def test_whatever_a_row_or_a_log_holds_can_be_looked_at_and_deleted(
    service: LiveService, tmp_path: Path, damages: list[Any]
) -> None:
    http, failed = service.client.http, []
    started = {"format": "story", "input": STORY, "options": {"cache": "use"}}
    for damage in damages:
        reply = await http.post("/api/v1/runs?wait=true", json=started)
        run_id = reply.json()["run_id"]
        harm(tmp_path, run_id, damage)
        requests = [("GET", path) for path in READS]
        requests += [("POST", "/cancel"), ("POST", "/resume"), ("DELETE", "")]
        for method, path in requests:
            reply = await http.request(method, f"/api/v1/runs/{run_id}{path}", timeout=30)
            if reply.status_code >= 500:
                failed.append((damage, method + path, reply.status_code, reply.text[:100]))
            if (method, path) == ("GET", ""):
                listed = await http.get("/api/v1/runs")
                if listed.status_code != 200 or run_id not in listed.text:
                    failed.append((damage, "list", listed.status_code, listed.text[:100]))
        assert (await http.get(f"/api/v1/runs/{run_id}")).status_code == 404
    assert failed == []


def harm(folder: Path, run_id: str, damage: Any) -> None:
    """Damages the run's row, or its log."""
    before, after = damage
    with closing(sqlite3.connect(folder / "storywire.db", isolation_level=None)) as other:
        if isinstance(before, str):
            other.execute(f"UPDATE runs SET {before} = ? WHERE id = ?", (after, run_id))
            return
        query = "SELECT seq, data FROM log_entries WHERE run_id = ? AND type = 'content'"
        for seq, data in other.execute(query, (run_id,)).fetchall():
            raw = data.encode() if isinstance(data, str) else data
            new = after if before is None else raw.replace(before, after)
            update = "UPDATE log_entries SET data = ? WHERE run_id = ? AND seq = ?"
            other.execute(update, (new, run_id, seq))
