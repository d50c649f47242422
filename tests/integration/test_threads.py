"""Runs of threads of LangGraph's protocol: what is started, and what is not started twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.api.security.routes_access import access_to
from backend.api.wires.chat_input import hashed
from tests.fakes.provider import FakeProvider
from tests.service import STORY, LiveService, serve, settings_for

THREADS = "/api/v1/langgraph/threads"


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service without accounts."""
    async with serve(settings_for(provider, tmp_path)) as running:
        yield running


def start_of(theme: str, message_id: str | None = None, **params: Any) -> dict[str, Any]:
    message = {"type": "human", "content": theme, **({"id": message_id} if message_id else {})}
    given = {"reader": STORY["reader"], "messages": [message]}
    return {"id": 1, "method": "run.start", "params": {"assistant_id": "story", "input": given, **params}}


async def send(service: LiveService, command: dict[str, Any], thread: str = "t1") -> dict[str, Any]:
    reply = await service.client.http.post(f"{THREADS}/{thread}/commands", json=command)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


async def start(service: LiveService, command: dict[str, Any]) -> str:
    return str((await send(service, command))["result"]["run_id"])


async def test_two_different_starts_at_once_are_one_run_and_a_refusal(service: LiveService) -> None:
    replies = await asyncio.gather(*(send(service, start_of(theme)) for theme in ("owls", "foxes", "bears")))
    refused = [reply for reply in replies if reply["type"] == "error"]
    assert [reply["error"] for reply in refused] == ["invalid_argument"] * 2
    assert len((await service.client.http.get("/api/v1/runs")).json()["runs"]) == 1


async def test_start_sent_again_after_its_run_is_complete_starts_no_other(service: LiveService) -> None:
    first = await start(service, start_of("owls", "m1"))
    await service.client.read(first)
    assert await start(service, start_of("owls", "m1")) == first
    other = await start(service, start_of("owls", "m2"))
    assert other != first
    assert await start(service, start_of("owls", "m1")) == first


async def test_refused_start_leaves_the_run_under_way_alone(service: LiveService) -> None:
    run_id = await start(service, start_of("owls", options=None))
    for refused in (
        start_of("x" * 5000, multitask_strategy="interrupt"),
        start_of(
            "foxes",
            multitask_strategy="interrupt",
            config={"configurable": {"options": {"model": "nobody:nothing"}}},
        ),
    ):
        assert (await send(service, refused))["error"] == "invalid_argument"
    assert (await service.client.read(run_id)).ending is not None
    assert (await service.client.run(run_id))["status"] == "completed"


async def test_idempotency_key_in_the_form_of_a_threads_breaks_no_thread(service: LiveService) -> None:
    http = service.client.http
    for rest in ("x", "a:b:c", "²:0:", "1:2"):
        key = f"thread:{hashed('t1')}:{rest}".encode()
        body = {"format": "story", "input": STORY}
        assert (
            await http.post("/api/v1/runs", json=body, headers={b"Idempotency-Key": key})
        ).status_code == 201
    assert (await http.get(f"{THREADS}/t1/state")).status_code == 404
    assert (await send(service, start_of("owls")))["type"] == "success"


async def test_open_page_reads_the_run_after_the_last_one_was_deleted(service: LiveService) -> None:
    http = service.client.http
    first = await start(service, start_of("owls"))
    await service.client.read(first)
    asked = {"channels": ["lifecycle"]}
    async with http.stream("POST", f"{THREADS}/t1/stream/events", json=asked) as reply:
        lines = reply.aiter_lines()
        await _until(lines, first, "completed")
        assert (await http.delete(f"/api/v1/runs/{first}")).status_code == 204
        second = await start(service, start_of("foxes"))
        await _until(lines, second, "completed")


async def _until(lines: AsyncIterator[str], *words: str) -> None:
    async with asyncio.timeout(20):
        async for line in lines:
            if all(word in line for word in words):
                return
    raise httpx.StreamClosed


def test_export_with_own_wordings_is_a_reading_of_the_text() -> None:
    assert access_to("POST", "/api/v1/runs/01A/export").scope == "runs:read"
