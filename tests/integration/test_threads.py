"""Runs of threads of LangGraph's protocol: what is started, and what is not started twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.api.security.routes_access import access_to
from backend.api.wires.chat_input import hashed
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.people import add_person, serve_accounts
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


async def test_start_without_a_message_id_that_is_sent_again_is_known_by_its_commands_number(
    service: LiveService,
) -> None:
    first = await start(service, start_of("owls"))
    await service.client.read(first)
    assert await start(service, start_of("owls")) == first
    second = await start(service, {**start_of("owls"), "id": 2})
    await service.client.read(second)
    assert second != first
    assert await start(service, {**start_of("owls"), "id": 2}) == second
    assert await start(service, start_of("owls")) not in (first, second)  # by a client that counts anew


async def test_start_without_a_message_id_is_known_by_its_idempotency_key(service: LiveService) -> None:
    commands, found = f"{THREADS}/t1/commands", []
    for number, key in enumerate(("a", "b", "a")):
        command = {**start_of("owls"), "id": number}
        reply = await service.client.http.post(commands, json=command, headers={"Idempotency-Key": key})
        found.append(reply.json()["result"]["run_id"])
        await service.client.read(found[-1])
    assert found[0] == found[2] != found[1]


async def test_run_is_replaced_within_its_allowance_and_goes_on_where_the_new_one_is_refused(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(default=Reply(hold_after=3))
    async with serve_accounts(provider, tmp_path, account_runs=1, account_runs_day=2) as service:
        http = (await add_person(service, "noa")).http

        async def send_with_interrupt(theme: str) -> dict[str, Any]:
            command = start_of(theme, multitask_strategy="interrupt")
            return dict((await http.post(f"{THREADS}/t1/commands", json=command)).json())

        async def statuses() -> list[str]:
            return [run["status"] for run in (await http.get("/api/v1/runs")).json()["runs"]]

        for theme in ("owls", "foxes"):
            assert (await send_with_interrupt(theme))["type"] == "success"
        assert await statuses() == ["running", "cancelled"]
        refused = await send_with_interrupt("bears")
        assert refused["error"] == "unknown_error" and "a day" in refused["message"]
        assert await statuses() == ["running", "cancelled"]


async def test_idempotency_key_in_the_form_of_a_threads_breaks_no_thread(service: LiveService) -> None:
    http = service.client.http
    digest = hashed("anything")
    planted = (f"{'9' * count}:{digest}:m1" for count in (7, 9, 10, 20))
    for rest in ("x", "a:b:c", "²:0:", "1:2", *planted):
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


async def test_numbers_of_events_are_not_used_again_after_the_last_run_was_deleted(
    service: LiveService,
) -> None:
    http = service.client.http
    state = f"{THREADS}/t1/state"
    first = await start(service, start_of("owls"))
    await service.client.read(first)
    last = await _last_event(service, since=0, run=first)
    checkpoint = (await http.get(state)).json()["metadata"]["step"]
    assert (await http.delete(f"/api/v1/runs/{first}")).status_code == 204
    assert (await http.get(state)).status_code == 404
    second = await start(service, start_of("owls"))
    assert second != first
    assert await _last_event(service, since=last, run=second) > last  # a page that was open all the time
    assert (await http.get(state)).json()["metadata"]["step"] > checkpoint
    too_late = await http.post(
        f"{THREADS}/t1/stream/events", json={"channels": ["values"], "since": 9 * last}
    )
    assert too_late.status_code == 422 and "since" in too_late.text


async def _last_event(service: LiveService, since: int, run: str) -> int:
    """The number of the event with which a run ends."""
    asked = {"channels": ["lifecycle"], "since": since}
    async with (
        asyncio.timeout(20),
        service.client.http.stream("POST", f"{THREADS}/t1/stream/events", json=asked) as reply,
    ):
        async for line in reply.aiter_lines():
            if line.startswith("data:") and "completed" in line and run in line:
                return int(json.loads(line.removeprefix("data:"))["seq"])
    raise httpx.StreamClosed


async def _until(lines: AsyncIterator[str], *words: str) -> None:
    async with asyncio.timeout(20):
        async for line in lines:
            if all(word in line for word in words):
                return
    raise httpx.StreamClosed


def test_export_with_own_wordings_is_a_reading_of_the_text() -> None:
    assert access_to("POST", "/api/v1/runs/01A/export").scope == "runs:read"
