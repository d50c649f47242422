"""Requests that meet a file which a frozen process holds: each is answered in time."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.service import STORY, serve, settings_for

_LONGEST = 20.0
"""Five seconds of patience, ten for an attempt that is to be stopped, and what a busy machine takes."""


@pytest.mark.soak
@pytest.mark.parametrize("file", ["storywire.db", "checkpoints.db"])
async def test_every_request_that_meets_a_file_in_others_hands_is_answered_in_time(
    provider: FakeProvider, tmp_path: Path, file: str
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        client, http = service.client, service.client.http
        done = await client.start()
        await client.read(done)
        provider.script = Script((Rule(Reply(hold_after=3), structured=False),))
        live = [await client.start() for _ in range(3)]
        await provider.wait_for_held(len(live))
        start = {"format": "story", "input": STORY}
        waits_for_log = [
            http.post("/api/v1/runs", json=start),
            http.patch(f"/api/v1/runs/{done}", json={"title": "Mine"}),
            http.post("/api/v1/children", json={"name": "Mia", "age": 7}),
        ]
        waits = [
            http.post(f"/api/v1/runs/{live[0]}/cancel"),
            http.delete(f"/api/v1/runs/{live[1]}"),
            http.delete(f"/api/v1/runs/{done}"),
        ]
        with closing(sqlite3.connect(tmp_path / file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(_LONGEST):
                replies = await asyncio.gather(*waits, *waits_for_log)
                read = await http.get(f"/api/v1/runs/{live[2]}")
            other.execute("ROLLBACK")
        # A cancel waits for the row, and for no checkpoint.
        refused = replies if file == "storywire.db" else replies[1 : len(waits)]
        assert replies[0].status_code == (503 if file == "storywire.db" else 200)
        assert {(one.status_code, one.json()["code"]) for one in refused} == {(503, "OVERLOADED")}
        assert read.json()["status"] == "running"
        for run_id in live:
            assert (await http.delete(f"/api/v1/runs/{run_id}")).status_code in (204, 404)
