"""Video scripts over HTTP: the assistant, a script that needs one revision, subtitles."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.service import LiveService, Told, serve, settings_for
from workflows.messages.messages import TextRetracted

POINT = "Bees see ultraviolet light"
WISH: dict[str, Any] = {
    "topic": "How bees find flowers",
    "duration_minutes": 2,
    "key_points": [{"text": POINT, "priority": "must"}],
}
SAYS = "Where you see plain yellow, bees see ultraviolet light, painted like arrow {i} on a runway. "


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that writes with the fake provider."""
    async with serve(settings_for(provider, tmp_path)) as running:
        yield running


async def test_script_that_misses_a_point_is_revised_once_and_says_where_it_is_said(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(
        rules=(Rule(Reply(text=SAYS, words=190), structured=False, contains="The editor's notes"),)
    )
    told, retracted = Told(), []
    frames = service.client.stream(
        "POST", "/api/v1/creator-scripts/generate/stream", json={**WISH, "options": {}}
    )
    async for frame in frames:
        told.take(frame)
        if isinstance(frame.message, TextRetracted):
            retracted.append((frame.message.section, frame.message.reason))
    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    run_id = told.ending["run_id"]
    exported = await service.client.http.get(f"/api/v1/runs/{run_id}/export", params={"as": "srt"})

    assert retracted == [(1, "revision")]
    assert told.text == told.ending["story_content"]
    assert told.sections[0].startswith("[00:00–00:18] HOOK\n\n")
    assert told.sections[1].startswith(f"[00:18–01:49] CONTENT: {POINT}\n\nWhere you see")
    compliance = told.ending["metadata"]["compliance"]
    assert compliance["passed"] and compliance["revisions"] == 1 and compliance["findings"] == []
    assert compliance["points"][0]["quote"].startswith("Where you see plain yellow, bees see")
    # The outline, three sections, one of them twice, where the points are said in both versions, and one verdict.
    assert len(provider.calls) == 8
    assert exported.headers["content-type"].startswith("application/x-subrip")
    assert exported.text.startswith("1\n00:00:00,000 --> 00:00:0")


async def test_assistant_gives_tips_and_the_plan_without_a_call(
    service: LiveService, provider: FakeProvider
) -> None:
    async def check(wish: Any) -> dict[str, Any]:
        reply = await service.client.http.post("/api/v1/creator-scripts/check", json=wish)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    good = await check({**WISH, "target_audience": "gardeners"})
    assert good["ok"] and [tip["code"] for tip in good["tips"]] == ["short_for_template"]
    assert [section["range"] for section in good["plan"]] == ["00:00–00:18", "00:18–01:49", "01:49–02:00"]
    vague = await check({"topic": "Life", "tone": "sarcastic"})
    assert {tip["code"] for tip in vague["tips"]} >= {"vague_topic", "tone_against_style"}
    wrong = await check({"duration_minutes": 90})
    assert not wrong["ok"] and wrong["plan"] == []
    assert {tip["field"] for tip in wrong["tips"]} == {"topic", "duration_minutes"}
    assert "Topic: This is needed" in {tip["message"] for tip in wrong["tips"]}
    unknown = await check({**WISH, "template": "opera"})
    assert unknown["tips"][0]["field"] == "template" and "there is explainer" in unknown["tips"][0]["message"]
    listed = (await service.client.http.get("/api/v1/creator-scripts/templates")).json()["templates"]
    assert len(listed) == 6 and listed[0]["beats"]
    assert provider.calls == []


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"template": "opera"}, 422, "input.template"),
        ({"key_points": [POINT, f"must: {POINT}"]}, 422, "input.key_points.1.text"),
        ({"duration_minutes": 61}, 422, "input.duration_minutes"),
    ],
)
async def test_wish_that_can_not_be_written_is_refused_by_its_field_and_nothing_is_stored(
    service: LiveService, change: dict[str, Any], status: int, field: str
) -> None:
    reply = await service.client.http.post(
        "/api/v1/runs", json={"format": "creator_script", "input": {**WISH, **change}}
    )
    assert reply.status_code == status and [error["field"] for error in reply.json()["errors"]] == [field]
    assert (await service.client.http.get("/api/v1/runs")).json()["runs"] == []
