"""Progress on the wire, of runs whose plan or facts take a good part of their time."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.podcasts import EPISODE, script
from tests.service import STORY, LiveService, serve, settings_for
from workflows.messages.messages import ProgressReported

_STORY = {"format": "story", "input": STORY, "options": {}}
_EPISODE = {"format": "podcast", "input": {**EPISODE, "search": "off"}, "options": {}}


async def line_of(service: LiveService, request: dict[str, Any]) -> list[tuple[float, int]]:
    """Each percent with the share of the run's time at which it came."""
    begun = time.monotonic()
    reply = await service.client.http.post("/api/v1/runs", json=request)
    assert reply.status_code == 201, reply.text
    seen: list[tuple[float, int]] = []
    async for frame in service.client.frames(reply.json()["run_id"]):
        if isinstance(frame.message, ProgressReported):
            seen.append((time.monotonic() - begun, frame.message.percent))
    whole = time.monotonic() - begun
    return [(at / whole, percent) for at, percent in seen]


def farthest_off(line: Sequence[tuple[float, int]]) -> float:
    """How far the bar was from a straight line, where it moved and where it stood."""
    stood = zip(line[1:], [percent for _, percent in line], strict=False)
    moved = [abs(percent - 100 * at) for at, percent in line if percent < 100]
    return max([*moved, *(abs(before - 100 * at) for (at, _), before in stood)])


@pytest.mark.soak
async def test_bar_is_near_a_straight_line_where_planning_and_facts_take_their_share(
    provider: FakeProvider, tmp_path: Path
) -> None:
    written = script()
    async with serve(settings_for(provider, tmp_path, judge="off")) as service:
        for request, paced in [
            (_STORY, Script(default=Reply(pace=40, tokens_per_chunk=1))),
            (_EPISODE, replace(written, default=replace(written.default, pace=150))),
        ]:
            provider.script = paced
            await line_of(service, request)  # how fast the model is
            line = await line_of(service, request)
            assert farthest_off(line) <= 10, line
