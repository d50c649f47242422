"""People on a cluster: what ends in one process ends in all of them, and what may be had once is had once."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cluster import KillableCluster
from tests.acceptance.test_deletion import register
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.people import BODY, PASSWORD, PRICES

PATIENCE = 90
ENDS_WITHIN = 5.0
RUNS = "/api/v1/runs"
ALL_HELD = Script(rules=(Rule(Reply(words=90, hold_after=20, tokens_per_chunk=1), structured=False),))
NEW = "another sentence, longer than most"


@pytest.fixture
async def cluster(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[KillableCluster]:
    """Two API processes with accounts, and a worker whose runs stop in the middle."""
    (tmp_path / "prices.toml").write_text(PRICES)
    settings: dict[str, Any] = {
        "auth": "accounts",
        "registration": "open",
        "prices": str(tmp_path / "prices.toml"),
        "secrets": secrets.token_urlsafe(32),
        "account_runs": 3,
    }
    provider.script = ALL_HELD
    async with KillableCluster(provider.openai_url, tmp_path, workers=1, **settings) as running:
        yield running


async def test_changed_password_ends_streams_and_waits_in_every_process_within_seconds(
    cluster: KillableCluster,
) -> None:
    here, there = cluster.apis
    auth = await register(here, "noa@example.org")
    async with asyncio.timeout(PATIENCE):
        run_id = (await here.client.http.post(RUNS, json=BODY, headers=auth)).json()["run_id"]
        began = [asyncio.Event() for _ in range(4)]

        async def follow(api: Any, has_begun: asyncio.Event) -> None:
            async with api.client.http.stream("GET", f"{RUNS}/{run_id}/stream", headers=auth) as reply:
                async for line in reply.aiter_lines():
                    if line.startswith("id: "):
                        has_begun.set()

        async def wait(api: Any) -> int:
            body = {**BODY, "input": {"theme": "waits"}}
            reply = await api.client.http.post(f"{RUNS}?wait=true", json=body, headers=auth)
            return int(reply.status_code)

        following = [
            asyncio.create_task(follow(api, event))
            for api, event in zip((here, here, there, there), began, strict=True)
        ]
        waiting = asyncio.create_task(wait(there))
        for event in began:
            await event.wait()
        await cluster.wait_until("SELECT 1 FROM runs HAVING count(*) = 2")
        change = {"old_password": PASSWORD, "new_password": NEW}
        reply = await here.client.http.put("/api/v1/account/password", json=change, headers=auth)
        assert reply.status_code == 200, reply.text
    async with asyncio.timeout(ENDS_WITHIN):
        await asyncio.gather(*following)
        assert await waiting == 401
