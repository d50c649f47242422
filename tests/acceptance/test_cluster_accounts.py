"""People on a cluster: what ends in one process ends in all of them, and what may be had once is had once."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.cluster import KillableCluster
from tests.acceptance.test_deletion import register
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.people import BODY, PASSWORD, PRICES
from tests.service import STORY

PATIENCE = 90
ENDS_WITHIN = 5.0
RUNS = "/api/v1/runs"
ALL_HELD = Script(rules=(Rule(Reply(words=90, hold_after=20, tokens_per_chunk=1), structured=False),))
NEW = "another sentence, longer than most"
LEFT = {
    "runs": "id",
    "procrastinate_jobs": "lock",
    "checkpoints": "thread_id",
    **dict.fromkeys(("log_heads", "log_entries", "log_archives"), "run_id"),
}
"""Tables in which a run has rows, and what it is called there."""


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


async def test_what_is_asked_of_both_processes_at_once_is_had_as_often_as_it_may(
    cluster: KillableCluster, provider: FakeProvider
) -> None:
    """Starts beyond the account's runs at once, one key, cancels, a resume against a deletion, answers."""
    https = [api.client.http for api in cluster.apis]
    noa, ben = [
        await register(api, f"{name}@example.org") for api, name in zip(cluster.apis, "nb", strict=True)
    ]

    async def at_once(method: str, path: str, times: int = 6, **values: Any) -> list[httpx.Response]:
        asked = (https[number % 2].request(method, f"{RUNS}{path}", **values) for number in range(times))
        return list(await asyncio.gather(*asked))

    def codes(replies: list[httpx.Response]) -> Counter[str]:
        return Counter(str(reply.json().get("code", reply.status_code)) for reply in replies)

    async with asyncio.timeout(PATIENCE):
        begun = [await https[0].post(RUNS, json=themed(n), headers=noa) for n in range(2)]
        started = await at_once("POST", "", json=themed(2), headers=noa)
        assert codes(started) == {"201": 1, "QUOTA_EXCEEDED": 5}
        same = await at_once("POST", "", json=themed(0), headers={**ben, "Idempotency-Key": "a key"})
        assert codes(same) == {"201": 1, "200": 5} and len({each.json()["run_id"] for each in same}) == 1

        run_ids = [each.json()["run_id"] for each in (*begun, *started) if each.status_code == 201]
        for run_id in run_ids:
            cancelled = await at_once("POST", f"/{run_id}/cancel", headers=noa)
            assert {each.json()["status"] for each in cancelled} == {"cancelled"}
        for run_id in run_ids:  # under way or not, and by whatever process: it is gone with all that it has
            resumed, deleted = await asyncio.gather(
                https[0].post(f"{RUNS}/{run_id}/resume", headers=noa),
                https[1].delete(f"{RUNS}/{run_id}", headers=noa),
            )
            assert deleted.status_code == 204 and resumed.status_code in (202, 404, 409), resumed.text
        for table, column in LEFT.items():
            await cluster.wait_until(
                f"SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {column} = ANY (%s))", run_ids
            )

        provider.script = Script()
        body = {**themed(3), "options": {"review_outline": True}}
        waiting = (await https[0].post(RUNS, json=body, headers=noa)).json()["run_id"]
        await cluster.wait_until("SELECT 1 FROM runs WHERE id = %s AND status = 'waiting'", waiting)
        answer = {"outline": (await https[1].get(f"{RUNS}/{waiting}", headers=noa)).json()["outline"]}
        answered = await at_once("POST", f"/{waiting}/input", json=answer, headers=noa)
        assert codes(answered) == {"202": 1, "CONFLICT": 5}
        await cluster.wait_until("SELECT 1 FROM runs WHERE id = %s AND status = 'completed'", waiting)


def themed(number: int) -> dict[str, Any]:
    """A request like no other."""
    return {**BODY, "input": {**STORY, "theme": f"theme {number}"}}
