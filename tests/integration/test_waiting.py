"""Waiting for a run's end: over HTTP with `?wait=true`, and on the command line for a run that asks again."""

import asyncio
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import STORY, LiveService, serve, settings_for

WAIT = "/api/v1/runs?wait=true"


async def _status(service: LiveService, run_id: str, *wanted: str) -> str:
    async with asyncio.timeout(30):
        while (status := (await service.client.run(run_id))["status"]) not in wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return str(status)


async def test_wait_answers_a_failed_run_as_a_problem_that_leads_to_its_text(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("drop", after=9)), structured=False, nth=2),))
    async with serve(settings_for(provider, tmp_path)) as service:
        body = {"format": "story", "input": STORY}
        headers = {"Idempotency-Key": "the same"}
        reply = await service.client.http.post(WAIT, json=body, headers=headers)
        again = await service.client.http.post(WAIT, json=body, headers=headers)
        run = await service.client.run(reply.json()["run_id"])

    problem = reply.json()
    assert reply.status_code == problem["status"] == 502
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["x-run-id"] == problem["run_id"] == run["run_id"]
    assert problem["code"] == run["error"]["code"] == "MODEL_UNAVAILABLE"
    assert problem["resumable"] and problem["partial"]["sections_completed"] == 1
    assert run["status"] == "failed" and len(run["text"].split()) > 20
    assert (again.status_code, again.json()) == (502, problem)


async def test_wait_answers_a_run_that_was_stopped_as_a_result(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=9), structured=False, nth=1),))
    async with serve(settings_for(provider, tmp_path)) as service:
        waiting = asyncio.create_task(
            service.client.http.post(WAIT, json={"format": "story", "input": STORY})
        )
        await provider.wait_for_held()
        [run] = (await service.client.http.get("/api/v1/runs")).json()["runs"]
        await service.client.http.post(f"/api/v1/runs/{run['run_id']}/cancel")
        reply = await waiting

    assert reply.status_code == 201
    assert (reply.json()["status"], reply.json()["error"]["code"]) == ("cancelled", "CANCELLED")


@pytest.mark.parametrize(("on_disconnect", "status"), [("cancel", "cancelled"), ("continue", "completed")])
async def test_client_who_leaves_while_it_waits_is_a_reader_who_left(
    provider: FakeProvider, tmp_path: Path, on_disconnect: str, status: str
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=9), structured=False, nth=1),))
    body = {"format": "story", "input": STORY, "options": {"on_disconnect": on_disconnect}}
    async with serve(settings_for(provider, tmp_path, disconnect_grace=1)) as service:
        async with httpx.AsyncClient(base_url=service.client.base_url, trust_env=False) as client:
            waiting = asyncio.create_task(client.post(WAIT, json=body, timeout=30))
            [call] = await provider.wait_for_held()
            [run] = (await service.client.http.get("/api/v1/runs")).json()["runs"]
            assert service.resources.queries.readers == 1
            waiting.cancel()
        async with asyncio.timeout(30):
            while service.resources.queries.readers:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        if on_disconnect == "continue":
            provider.release(call)
        assert await _status(service, run["run_id"], "cancelled", "completed", "failed") == status


async def test_resumed_run_that_asks_its_question_again_ends_with_how_to_answer(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve(settings_for(provider, tmp_path / "data")) as service:
        run_id = await service.client.start(review_outline=True)
        await _status(service, run_id, "waiting")
        await service.client.http.post(f"/api/v1/runs/{run_id}/cancel")
    monkeypatch.chdir(tmp_path)
    for name, value in (
        ("STORYWIRE_MODEL", "openai:gpt-test"),
        ("OPENAI_API_KEY", "sk-test"),
        ("OPENAI_BASE_URL", provider.openai_url),
    ):
        monkeypatch.setenv(name, value)
    async with asyncio.timeout(20):
        resumed = await asyncio.to_thread(CliRunner().invoke, app, ["runs", "resume", run_id])
    async with serve(settings_for(provider, tmp_path / "data")) as service:
        after = (await service.client.run(run_id))["status"]

    assert resumed.exit_code == 1, resumed.stderr
    assert "waits for a person" in resumed.stderr and f"POST /api/v1/runs/{run_id}/input" in resumed.stderr
    assert after == "waiting"
