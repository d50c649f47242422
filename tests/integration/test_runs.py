"""A run over HTTP, from start to end: what every front end relies on."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.service import STORY, Frame, LiveService, Told, serve, settings_for
from workflows.messages.messages import NodeChanged, ProgressReported, SafetyChecked, TextAppended

GENERATE = "/api/v1/stories/generate/stream"


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that writes with the fake provider."""
    async with serve(settings_for(provider, tmp_path)) as running:
        yield running


async def test_run_read_live_ends_with_the_very_text_that_is_stored(service: LiveService) -> None:
    run_id = await service.client.start()
    told = await service.client.read(run_id)
    stored = (await service.client.run(run_id))["result"]

    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.text == told.ending["story_content"] == stored["story_content"]
    assert hashlib.sha256(told.text.encode()).hexdigest() == told.ending["sha256"]
    assert [section["text"] for section in told.ending["sections"]] == list(told.sections.values())
    assert told.ending["metadata"]["word_count"] > 100
    assert 2 <= len(told.ending["choices"]) <= 4
    assert told.ending["usage"]["output_tokens"] > 0


async def test_run_tells_its_plan_its_nodes_its_verdict_and_its_progress_in_order(
    service: LiveService,
) -> None:
    frames = [frame async for frame in service.client.frames(await service.client.start())]
    types = [frame.message.type for frame in frames]
    nodes = [
        (event.node, event.status, event.section)
        for frame in frames
        if isinstance(event := frame.message, NodeChanged)
    ]
    percents = [frame.message.percent for frame in frames if isinstance(frame.message, ProgressReported)]

    verdicts = [(f.message.stage, i) for i, f in enumerate(frames) if isinstance(f.message, SafetyChecked)]

    assert [stage for stage, _ in verdicts] == ["input", "final"]
    places = [verdicts[0][1], types.index("outline"), types.index("content"), verdicts[1][1]]
    assert [*places, types.index("metadata")] == sorted([*places, types.index("metadata")])
    assert types[-1] == "complete"
    assert nodes[0][:2] == ("workflow", "started") and nodes[-1][:2] == ("workflow", "completed")
    for index in range(4):
        written = [
            i
            for i, f in enumerate(frames)
            if isinstance(f.message, TextAppended) and f.message.section == index
        ]
        began = frames.index(_node(frames, "generate_content", "started", index))
        ended = frames.index(_node(frames, "generate_content", "completed", index))
        assert began < written[0] and written[-1] < ended
    assert percents == sorted(percents) and percents[-1] == 100 and percents.count(100) == 1


def _node(frames: list[Frame], node: str, status: str, section: int) -> Frame:
    for frame in frames:
        if isinstance(frame.message, NodeChanged):
            data = frame.message
            if (data.node, data.status, data.section) == (node, status, section):
                return frame
    raise AssertionError(f"no {node} {status} {section}")


async def test_content_holds_nothing_but_the_story(service: LiveService, provider: FakeProvider) -> None:
    told = await service.client.read(await service.client.start())
    bought = [call.text_sent.strip() for call in provider.generations if not call.text_sent.startswith("{")]

    assert [text.split() for text in told.sections.values()] == [text.split() for text in bought]


async def test_stream_has_the_headers_and_the_frames_of_the_protocol(service: LiveService) -> None:
    run_id = await service.client.start()
    async with service.client.http.stream("GET", f"/api/v1/runs/{run_id}/stream") as reply:
        body = (await reply.aread()).decode()

    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["cache-control"] == "no-store, no-transform"
    assert reply.headers["x-accel-buffering"] == "no"
    assert reply.headers["x-run-id"] == run_id
    first, *others = body.rstrip("\n").split("\n\n")
    assert first.split("\n")[:3] == ["retry: 2000", f"id: {run_id}:1", "event: story_chunk"]
    for frame in others:
        lines = frame.split("\n")
        assert len(lines) == 3 and lines[0].startswith(f"id: {run_id}:") and lines[2].startswith("data: {")


async def test_heartbeat_comes_by_timer_while_the_model_is_silent(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(default=Reply(hold_after=3))
    async with serve(settings_for(provider, tmp_path, ping_seconds=0.05)) as service:
        run_id = await service.client.start()
        async with service.client.http.stream("GET", f"/api/v1/runs/{run_id}/stream") as reply:
            pings = 0
            async for line in reply.aiter_lines():
                pings += line == ": ping"
                if pings == 3:
                    break
        await service.client.http.post(f"/api/v1/runs/{run_id}/cancel")


async def test_post_that_accepts_an_event_stream_is_the_stream(service: LiveService) -> None:
    told = Told()
    async for frame in service.client.stream(
        "POST", "/api/v1/runs", json={"format": "story", "input": STORY}
    ):
        told.take(frame)

    assert told.ending is not None and told.text == told.ending["story_content"]


async def test_post_that_waits_returns_the_finished_run(service: LiveService) -> None:
    reply = await service.client.http.post("/api/v1/runs?wait=true", json={"format": "story", "input": STORY})

    assert reply.status_code == 201
    run = reply.json()
    assert run["status"] == "completed"
    assert run["text"] == run["result"]["story_content"]
    assert reply.headers["location"] == f"/api/v1/runs/{run['run_id']}"


async def test_get_that_starts_a_run_goes_on_with_it_when_an_event_source_comes_back(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=60), structured=False, nth=2),))
    params: dict[str, Any] = {"theme": "space", "name": "Maya", "age": "7", "interests": "cats,stars"}
    told = Told()
    stream = service.client.stream("GET", GENERATE, params=params)
    async for frame in stream:
        told.take(frame)
        if 1 in told.sections:
            break
    await stream.aclose()
    await provider.wait_for_held()
    provider.release()
    run_id = frame.id.partition(":")[0]
    async for rest in service.client.stream("GET", GENERATE, params=params, last_id=frame.id):
        told.take(rest)
        assert rest.id.startswith(run_id)

    assert told.ending is not None and told.text == told.ending["story_content"]
    assert len((await service.client.http.get("/api/v1/runs")).json()["runs"]) == 1


async def test_get_with_a_request_id_starts_one_run_however_often_it_is_tried(
    service: LiveService, provider: FakeProvider
) -> None:
    params = {"theme": "space", "request_id": "abc"}

    async def read() -> str:
        return [frame async for frame in service.client.stream("GET", GENERATE, params=params)][-1].id

    assert len(set(await asyncio.gather(*(read() for _ in range(5))))) == 1
    assert len(provider.generations) == 7  # a plan, four scenes, the verdict, the choices: bought once


async def test_reconnect_after_the_last_message_is_told_to_stop(service: LiveService) -> None:
    run_id = await service.client.start()
    told = await service.client.read(run_id)
    headers = {"Last-Event-ID": f"{run_id}:{told.last_seq}"}

    assert (
        await service.client.http.get(f"/api/v1/runs/{run_id}/stream", headers=headers)
    ).status_code == 204
    assert (
        await service.client.http.get(GENERATE, params={"theme": "x y"}, headers=headers)
    ).status_code == 204


async def test_brief_stream_ends_without_the_text_and_with_all_else(service: LiveService) -> None:
    run_id = await service.client.start()
    told = await service.client.read(run_id)
    url = f"/api/v1/runs/{run_id}/stream"
    replies = [await service.client.http.get(url, params={"complete": how}) for how in ("full", "brief")]
    full, brief = [
        [line for line in reply.text.split("\n") if line.startswith(("id: ", "data: "))] for reply in replies
    ]
    assert brief[:-1] == full[:-1]
    ending = json.loads(brief[-1].removeprefix("data: "))["data"]
    assert ending["sha256"] == hashlib.sha256(told.text.encode()).hexdigest()
    assert "story_content" not in ending and all("text" not in section for section in ending["sections"])
    refused = await service.client.http.get(url, params={"complete": "short"})
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "complete"


async def test_list_is_newest_first_and_pages(service: LiveService) -> None:
    started = [await service.client.start() for _ in range(3)]
    first = (await service.client.http.get("/api/v1/runs", params={"limit": 2})).json()
    second = (
        await service.client.http.get("/api/v1/runs", params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()

    assert [run["run_id"] for run in first["runs"] + second["runs"]] == started[::-1]
    assert second["next_cursor"] is None
    for run_id in started:
        await service.client.read(run_id)


async def test_deleted_run_is_gone_with_its_text_log_and_checkpoints(service: LiveService) -> None:
    run_id = await service.client.start()
    await service.client.read(run_id)

    assert (await service.client.http.delete(f"/api/v1/runs/{run_id}")).status_code == 204
    assert (await service.client.http.get(f"/api/v1/runs/{run_id}")).status_code == 404
    assert (await service.client.http.get(f"/api/v1/runs/{run_id}/stream")).status_code == 404


async def test_run_whose_last_message_was_read_is_complete_in_the_list_too(service: LiveService) -> None:
    for _ in range(3):
        run_id = await service.client.start()
        async for frame in service.client.frames(run_id):
            if frame.message.type == "complete":
                listed = (await service.client.http.get("/api/v1/runs?limit=1")).json()["runs"][0]
                assert (listed["run_id"], listed["status"]) == (run_id, "completed")


async def test_run_that_is_going_on_can_be_deleted(service: LiveService, provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(hold_after=3))
    run_id = await service.client.start()
    await provider.wait_for_held()

    assert (await service.client.http.delete(f"/api/v1/runs/{run_id}")).status_code == 204
    assert (await service.client.http.get("/api/v1/runs")).json()["runs"] == []


async def test_formats_models_schema_page_and_health_answer(service: LiveService) -> None:
    http = service.client.http
    listed = (await http.get("/api/v1/formats")).json()["formats"]
    formats = {format["name"]: format for format in listed}
    models = (await http.get("/api/v1/models")).json()
    schema = (await http.get("/api/v1/schema/story_chunk.json")).json()

    assert {"story", "podcast", "education_audio", "creator_script", "discovery_report"} == set(formats)
    assert formats["story"]["input_schema"]["properties"]["theme"]
    assert models["default"] == "openai:gpt-test" and models["models"][0]["usable"]
    assert "story_chunk" not in schema and len(schema["oneOf"]) == 12
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    assert (await http.get("/readyz")).json()["status"] == "ready"
    page = await http.get("/")
    assert page.status_code == 200 and "default-src 'none'" in page.headers["content-security-policy"]
