"""A service that is asked to stop, while its port is still open: it takes nothing new and says so."""

import asyncio
from pathlib import Path

import httpx

from tests.acceptance.killable import KillableService
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import STORY

BODY = {"format": "story", "input": STORY}
GET = "/api/v1/stories/generate/stream?theme=dragons&name=Noa&age=9"


def _says_come_back(reply: httpx.Response) -> bool:
    return (
        reply.headers["Content-Type"] == "application/problem+json"
        and int(reply.headers["Retry-After"]) > 0
        and reply.json()["code"] == "OVERLOADED"
        and "stopping" in reply.json()["detail"]
    )


async def _ask_to_stop(service: KillableService, provider: FakeProvider) -> tuple[str, str]:
    """While a run's section is held. The run's id, and that of one that broke before."""
    broken = Rule(Reply(fault=Fault("status")), structured=False, nth=1)
    held = Rule(Reply(hold_after=5), structured=False, nth=3)
    provider.script = Script(rules=(broken, held))
    failed = await service.client.start()
    await service.client.read(failed)
    running = await service.client.start()
    await provider.wait_for_held()
    service.ask_to_stop()
    async with asyncio.timeout(30):
        while (await service.client.http.get("/readyz")).status_code == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return running, failed


async def test_service_that_is_stopping_starts_and_resumes_nothing_and_goes_on_with_what_it_has(
    provider: FakeProvider, tmp_path: Path
) -> None:
    service = KillableService(provider.openai_url, tmp_path / "data", shutdown_grace=60, drain_seconds=3600)
    async with service:
        running, failed = await _ask_to_stop(service, provider)
        http = service.client.http
        bought = len(provider.generations)
        refused = [
            await http.post("/api/v1/runs", json=BODY),
            await http.post("/api/v1/runs", json=BODY, headers={"Idempotency-Key": "k"}),
            await http.post("/api/v1/runs?wait=true", json=BODY),
            await http.post("/api/v1/runs", json=BODY, headers={"Accept": "text/event-stream"}),
            await http.get(GET),
            await http.post(f"/api/v1/runs/{failed}/resume"),
        ]
        runs = (await http.get("/api/v1/runs")).json()["runs"]
        ready, alive = await http.get("/readyz"), await http.get("/healthz")
        known = await http.get(f"/api/v1/runs/{running}")
        assert len(provider.generations) == bought
        service.ask_to_stop()  # a second signal ends the wait
        provider.release()
        await service.died()

    async with KillableService(provider.openai_url, tmp_path / "data") as after_it:
        told = await after_it.client.read(running)
        again = await after_it.client.http.post("/api/v1/runs", json=BODY, headers={"Idempotency-Key": "k"})

    assert [reply.status_code for reply in refused] == [503] * len(refused)
    assert all(_says_come_back(reply) for reply in refused)
    assert {run["run_id"]: run["status"] for run in runs} == {running: "running", failed: "failed"}
    assert (ready.status_code, ready.json()["status"]) == (503, "the service is stopping")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert known.status_code == 200 and service.exit_status == 0
    assert told.ending is not None and told.text == told.ending["story_content"]
    assert again.status_code == 201  # the key was not used up by the refusal
