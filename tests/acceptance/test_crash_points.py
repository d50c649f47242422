"""A kill in each gap between the log, the checkpoint and the table, on purpose."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.killable import KillableService
from tests.fakes.answer import split_tokens
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import CALLS, Told
from workflows.messages.messages import ProgressReported

# Where a run of four scenes can break: around what is told, a task's result, a step's checkpoint, and the storing of
# its result; and between its start, which is one transaction, and its execution.
ALL = [
    *(
        f"{where}:{when}:{n}"
        for where in ("log", "task", "checkpoint", "checkpoint_commit")
        for when in ("before", "after")
        for n in range(1, 9)
    ),
    *(f"result:{when}:1" for when in ("before", "after")),
    "start:after:1",
]
# One at each kind of place, for every test run.
SOME = [
    "start:after:1",
    "log:before:1",
    "log:after:7",
    "task:before:4",
    "task:after:4",
    "checkpoint:before:5",
    "checkpoint:after:5",
    "checkpoint_commit:before:3",
    "checkpoint_commit:after:3",
    "result:before:1",
    "result:after:1",
]

# Where a resume can break, from the claim of the run until the log says that it goes on.
RESUMING = ["claim:after:1", "take_over:before:1", "take_over:after:1", "log:before:1", "log:after:1"]
# And where the telling of a kept result can.
RETELLING = [
    "log:after:1",
    "log:before:2",
    "log:before:1",
    "log:after:2",
    "result:before:1",
    "result:after:1",
]


def _sample(points: list[str], count: int) -> list[Any]:
    """The first of them for every test run, all for `make soak`."""
    return [*points[:count], *(pytest.param(point, marks=pytest.mark.soak) for point in points[count:])]


async def _runs(service: KillableService) -> list[dict[str, Any]]:
    return list((await service.client.http.get("/api/v1/runs")).json()["runs"])


@pytest.mark.parametrize(
    ("point", "parallel"),
    [
        *((point, 1) for point in SOME),
        ("task:before:5", 3),
        ("task:after:5", 3),
        *(pytest.param(point, parallel, marks=pytest.mark.soak) for point in ALL for parallel in (1, 3)),
    ],
)
async def test_kill_at_any_gap_loses_and_repeats_nothing(
    provider: FakeProvider, tmp_path: Path, point: str, parallel: int
) -> None:
    service = KillableService(provider.openai_url, tmp_path / "data")
    told = Told()
    await service.start(crash_at=point)
    try:
        run_id = await service.client.start(parallel=parallel)
        await service.client.read(run_id, told)
    except httpx.TransportError:
        pass  # that was the kill
    else:
        if point.startswith("log:") and (parallel > 1 or point not in SOME):
            await service.kill()  # messages share commits: the run had ended before so many
    await service.died()

    async with service:
        runs = await _runs(service)
        assert len(runs) == 1  # it was stored before anything was bought
        run_id = runs[0]["run_id"]
        if told.ending is None:
            await service.client.read(run_id, told)
        late = await service.client.read(run_id)
        stored = await service.client.run(run_id)

    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.text == late.text == told.ending["story_content"] == stored["result"]["story_content"]
    assert hashlib.sha256(told.text.encode()).hexdigest() == told.ending["sha256"]
    assert stored["status"] == "completed"
    # A plan, four scenes, the verdict, the choices; and at the most what was in flight when it was killed.
    calls = provider.generations
    bought = (sum(len(split_tokens(c.prompt_text)) for c in calls), sum(c.tokens_sent for c in calls))
    usage = stored["usage"]
    if len(calls) == 7:  # nothing was under way when it died: every call is counted, and counted once
        assert (usage["input_tokens"], usage["output_tokens"]) == bought
    assert usage["input_tokens"] <= bought[0] and usage["output_tokens"] <= bought[1]
    assert 7 <= len(provider.generations) <= 7 + parallel


@pytest.mark.parametrize("point", _sample(RESUMING, 2))
async def test_kill_while_a_run_is_resumed_loses_neither_the_resume_nor_its_budget(
    provider: FakeProvider, tmp_path: Path, point: str
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("status", times=1)), structured=False, nth=2),))
    told = Told()
    async with KillableService(provider.openai_url, tmp_path / "data") as first:
        run_id = await first.client.start()
        broken = await first.client.read(run_id)
        assert (await first.client.run(run_id))["status"] == "failed"  # it is stored
    second = KillableService(provider.openai_url, tmp_path / "data")
    await second.start(crash_at=point)
    with pytest.raises(httpx.TransportError):
        await second.client.http.post(f"/api/v1/runs/{run_id}/resume", json={"max_output_tokens": 90_000})
    await second.died()

    async with second:
        await second.client.read(run_id, told)
        late = await second.client.read(run_id)
        stored = await second.client.run(run_id)

    assert broken.ending is not None and broken.ending["code"] == "MODEL_UNAVAILABLE"
    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.text == late.text == stored["result"]["story_content"]
    assert (stored["status"], stored["options"]["max_output_tokens"]) == ("completed", 90_000)
    assert len(provider.generations) == CALLS + 1  # the call that failed


async def test_kill_before_a_resume_is_accepted_leaves_the_run_to_be_resumed(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("status", times=1)), structured=False, nth=2),))
    service = KillableService(provider.openai_url, tmp_path / "data")
    await service.start(crash_at="claim:before:1")
    run_id = await service.client.start()
    await service.client.read(run_id)
    assert (await service.client.run(run_id))["status"] == "failed"
    with pytest.raises(httpx.TransportError):
        await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    await service.died()

    async with service:
        stored = await service.client.run(run_id)
        resumed = await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
        told = await service.client.read(run_id)

    assert (stored["status"], stored["error"]["code"]) == ("failed", "MODEL_UNAVAILABLE")
    assert resumed.status_code == 202 and told.ending is not None and told.ending["type"] == "complete"


@pytest.mark.parametrize("point", _sample(RETELLING, 2))
async def test_kill_while_a_kept_result_is_told_again_buys_nothing(
    provider: FakeProvider, tmp_path: Path, point: str
) -> None:
    async with KillableService(provider.openai_url, tmp_path / "data") as writer:
        kept = await writer.client.read(await writer.client.start(cache="use"))
        assert kept.ending is not None
        await writer.client.run(kept.ending["run_id"])  # returns when the result is kept
    service = KillableService(provider.openai_url, tmp_path / "data")
    told = Told()
    await service.start(crash_at=point)
    with suppress(httpx.TransportError):  # that is the kill
        await service.client.read(await service.client.start(cache="use"), told)
    await service.died()

    async with service:
        [run_id] = {run["run_id"] for run in await _runs(service)} - {kept.ending["run_id"]}
        if told.ending is None:
            await service.client.read(run_id, told)
        frames = [frame async for frame in service.client.frames(run_id)]
        late = Told()
        for frame in frames:
            late.take(frame)
        stored = await service.client.run(run_id)

    assert len(provider.generations) == CALLS
    assert told.ending is not None and told.ending["cached"]
    assert told.text == late.text == kept.text == told.ending["story_content"] == stored["text"]
    assert hashlib.sha256(told.text.encode()).hexdigest() == told.ending["sha256"]
    assert stored["status"] == "completed" and stored["usage"]["output_tokens"] == 0
    percents = [frame.message.percent for frame in frames if isinstance(frame.message, ProgressReported)]
    assert percents == sorted(percents) and percents[-1] == 100
