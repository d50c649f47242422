"""Cancel, resume, review, time limits, idempotency: a run under somebody's hand."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import STORY, LiveService, Told, serve, settings_for
from workflows.messages.messages import InputRequested, NodeChanged, RunFailed, TextAppended


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that writes with the fake provider."""
    async with serve(settings_for(provider, tmp_path)) as running:
        yield running


async def _read_until(service: LiveService, run_id: str, section: int) -> Told:
    told = Told()
    async for frame in service.client.frames(run_id):
        told.take(frame)
        if section in told.sections:
            break
    return told


async def test_cancel_closes_the_model_call_and_keeps_the_text(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=60), structured=False, nth=2),))
    run_id = await service.client.start()
    [call] = await provider.wait_for_held()
    told = await _read_until(service, run_id, 1)
    reply = await service.client.http.post(f"/api/v1/runs/{run_id}/cancel")
    await provider.wait_for_disconnect(call)
    await service.client.read(run_id, told)
    run = await service.client.run(run_id)

    assert reply.status_code == 200 and reply.json()["status"] == "cancelled"
    assert told.ending is not None and told.ending["code"] == "CANCELLED"
    assert run["text"] == told.text and len(told.sections) == 2 and run["status"] == "cancelled"


async def test_cancel_is_done_within_a_second(service: LiveService, provider: FakeProvider) -> None:
    """The quickest of several: what the service waits for is in each of them, what the machine adds isn't."""
    took = []
    for nth in range(1, 6):
        provider.script = Script(rules=(Rule(Reply(hold_after=5), structured=False),))
        run_id = await service.client.start()
        [call] = await provider.wait_for_held()
        began = time.monotonic()
        await service.client.http.post(f"/api/v1/runs/{run_id}/cancel")
        await provider.wait_for_disconnect(call)
        took.append(time.monotonic() - began)
        assert len(provider.generations) == 2 * nth

    assert min(took) < 1


async def test_second_cancel_is_harmless_and_cancel_of_a_finished_run_is_a_conflict(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=3), structured=False, nth=1, times=1),))
    held = await service.client.start()
    await provider.wait_for_held()
    statuses = [(await service.client.http.post(f"/api/v1/runs/{held}/cancel")).status_code for _ in range(2)]
    finished = await service.client.start()
    await service.client.read(finished)
    refused = await service.client.http.post(f"/api/v1/runs/{finished}/cancel")

    assert statuses == [200, 200]
    assert (refused.status_code, refused.json()["code"]) == (409, "CONFLICT")


async def test_cancelled_run_can_be_resumed_to_its_end(service: LiveService, provider: FakeProvider) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=60), structured=False, nth=2, times=1),))
    run_id = await service.client.start()
    await provider.wait_for_held()
    told = await _read_until(service, run_id, 1)
    await service.client.http.post(f"/api/v1/runs/{run_id}/cancel")
    await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    await service.client.read(run_id, told)

    assert told.ending is not None and told.text == told.ending["story_content"]


async def test_failed_run_resumes_from_its_last_finished_section(
    service: LiveService, provider: FakeProvider
) -> None:
    fault = Fault("drop", after=20, times=1)
    provider.script = Script(rules=(Rule(Reply(fault=fault), structured=False, nth=3),))
    run_id = await service.client.start()
    broken = await service.client.read(run_id)
    assert broken.ending is not None
    resumed = await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    told = Told(dict(broken.sections), broken.last_seq)
    await service.client.read(run_id, told)
    late = [frame.message async for frame in service.client.frames(run_id)]

    assert (
        broken.ending["code"] == "MODEL_UNAVAILABLE" and broken.ending["partial"]["sections_completed"] == 2
    )
    assert resumed.status_code == 202
    assert told.ending is not None and told.text == told.ending["story_content"]
    assert len(provider.generations) == 8  # the third scene was bought twice, nothing else
    assert not any(isinstance(message, RunFailed) for message in late)  # an older error is never told again
    assert any(isinstance(m, NodeChanged) and m.status == "resumed" for m in late)


async def test_resume_of_a_run_that_goes_on_or_is_complete_is_a_conflict(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=3), structured=False, nth=1, times=1),))
    run_id = await service.client.start()
    await provider.wait_for_held()
    running = await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
    provider.release()
    await service.client.read(run_id)
    complete = await service.client.http.post(f"/api/v1/runs/{run_id}/resume")

    assert [(r.status_code, r.json()["code"]) for r in (running, complete)] == [(409, "CONFLICT")] * 2


async def test_two_resumes_at_once_start_one(service: LiveService, provider: FakeProvider) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("status", times=1)), structured=False, nth=2),))
    run_id = await service.client.start()
    await service.client.read(run_id)
    replies = await asyncio.gather(
        *(service.client.http.post(f"/api/v1/runs/{run_id}/resume") for _ in range(4))
    )
    told = await service.client.read(run_id)

    assert sorted(reply.status_code for reply in replies) == [202, 409, 409, 409]
    assert told.ending is not None and told.text == told.ending["story_content"]
    assert len(provider.generations) == 8


async def test_run_that_takes_too_long_ends_with_timeout(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=60), structured=False, nth=1),))
    async with serve(settings_for(provider, tmp_path, run_timeout=0.8)) as service:
        told = await service.client.read(await service.client.start())

    assert told.ending is not None and told.ending["code"] == "TIMEOUT" and told.ending["resumable"]


async def test_idempotency_key_starts_one_run_also_when_all_come_at_once(
    service: LiveService, provider: FakeProvider
) -> None:
    body = {"format": "story", "input": STORY}
    headers = {"Idempotency-Key": "k-1"}
    replies = await asyncio.gather(
        *(service.client.http.post("/api/v1/runs", json=body, headers=headers) for _ in range(8))
    )
    other = await service.client.http.post(
        "/api/v1/runs", json={"format": "story", "input": {**STORY, "theme": "other"}}, headers=headers
    )
    run_id = replies[0].json()["run_id"]
    await service.client.read(run_id)

    assert {reply.json()["run_id"] for reply in replies} == {run_id}
    assert sorted(reply.status_code for reply in replies) == [200] * 7 + [201]
    assert (other.status_code, other.json()["code"]) == (409, "CONFLICT")
    assert len(provider.generations) == 7


async def test_idempotency_key_holds_across_a_restart(provider: FakeProvider, tmp_path: Path) -> None:
    body, headers = {"format": "story", "input": STORY}, {"Idempotency-Key": "k-2"}
    found = []
    for _ in range(2):
        async with serve(settings_for(provider, tmp_path)) as service:
            reply = await service.client.http.post("/api/v1/runs", json=body, headers=headers)
            found.append(reply.json()["run_id"])
            await service.client.read(found[-1])

    assert found[0] == found[1] and len(provider.generations) == 7


async def test_review_waits_for_a_person_and_goes_on_with_the_edited_plan(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        run_id = await service.client.start(review_outline=True)
        told, asked = Told(), None
        async for frame in service.client.frames(run_id):
            told.take(frame)
            if isinstance(frame.message, InputRequested):
                asked = frame.message.payload
                break
        await _wait_for_status(service, run_id, "waiting")
        assert service.resources.engine.active == 0  # no worker waits

    async with serve(settings_for(provider, tmp_path)) as service:
        assert asked is not None and (await service.client.run(run_id))["status"] == "waiting"
        outline = asked.model_dump()
        outline["title"] = "My own title"
        outline["sections"] = outline["sections"][:2]
        bad = await service.client.http.post(
            f"/api/v1/runs/{run_id}/input", json={"outline": {**outline, "sections": []}}
        )
        reading = asyncio.create_task(service.client.read(run_id, told))
        good = await service.client.http.post(f"/api/v1/runs/{run_id}/input", json={"outline": outline})
        again = await service.client.http.post(f"/api/v1/runs/{run_id}/input", json={"outline": outline})
        await reading

    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "outline.sections")
    assert good.status_code == 202 and again.status_code == 409
    assert told.ending is not None and told.ending["title"] == "My own title"
    assert len(told.sections) == 2 and told.text == told.ending["story_content"]
    assert len(provider.generations) == 5  # the plan was bought once


async def _wait_for_status(service: LiveService, run_id: str, status: str) -> None:
    async with asyncio.timeout(30):
        while (await service.client.run(run_id))["status"] != status:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_question_can_be_answered_or_cancelled_as_soon_as_it_is_asked(service: LiveService) -> None:
    for path in ("input", "cancel"):
        run_id = await service.client.start(review_outline=True)
        async for frame in service.client.frames(run_id):
            if isinstance(frame.message, InputRequested):
                outline = frame.message.payload.model_dump()
                reply = await service.client.http.post(
                    f"/api/v1/runs/{run_id}/{path}", json={"outline": outline}
                )
                break
        told = await service.client.read(run_id)

        assert reply.status_code == (202 if path == "input" else 200), reply.text
        assert told.ending is not None and told.ending["type"] == ("complete" if path == "input" else "error")


async def test_wait_for_a_run_that_asks_returns_the_question(service: LiveService) -> None:
    body = {"format": "story", "input": STORY, "options": {"review_outline": True}}
    reply = await service.client.http.post("/api/v1/runs?wait=true", json=body)

    assert reply.json()["status"] == "waiting" and reply.json()["outline"]["sections"]
    await service.client.http.delete(f"/api/v1/runs/{reply.json()['run_id']}")


async def test_waiting_run_can_be_cancelled(service: LiveService) -> None:
    run_id = await service.client.start(review_outline=True)
    await _wait_for_status(service, run_id, "waiting")
    reply = await service.client.http.post(f"/api/v1/runs/{run_id}/cancel")
    told = await service.client.read(run_id)

    assert reply.json()["status"] == "cancelled"
    assert told.ending is not None and told.ending["code"] == "CANCELLED"


async def test_parallel_sections_are_written_at_once_and_read_right(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=2), structured=False, times=3),))
    run_id = await service.client.start(parallel=3)
    await provider.wait_for_held(3)
    provider.release()
    told = await service.client.read(run_id)

    assert told.ending is not None and told.text == told.ending["story_content"]


@pytest.mark.parametrize("granularity", ["token", "sentence", "section"])
@pytest.mark.parametrize("order", ["live", "reading"])
async def test_every_view_ends_with_the_same_text_after_every_cut(
    service: LiveService, provider: FakeProvider, order: str, granularity: str
) -> None:
    provider.script = Script(default=Reply(pace=400))
    run_id = await service.client.start(parallel=4)
    told = Told()
    while told.ending is None:
        count = 0
        stream = service.client.frames(run_id, told.last_seq, order=order, granularity=granularity)
        async for frame in stream:
            told.take(frame)
            count += 1
            if count == 7:
                break
        await stream.aclose()
    whole = await service.client.read(run_id, order=order, granularity=granularity)

    assert told.text == whole.text == told.ending["story_content"]
    assert told.last_seq == whole.last_seq


async def test_id_of_one_view_is_refused_in_every_other_one_and_by_every_way_in(service: LiveService) -> None:
    views = [
        {"order": order, "granularity": size}
        for order in ("live", "reading")
        for size in ("token", "sentence", "section")
    ]
    run_id = await service.client.start()
    await service.client.read(run_id)
    addresses = (f"/api/v1/runs/{run_id}/stream", "/api/v1/stories/generate/stream")
    for own in views:
        ids = [frame.id async for frame in service.client.frames(run_id, 0, **own)]
        assert all(id.startswith(f"{run_id}:") for id in ids)
        for other in views:
            for address in addresses:
                reply = await service.client.http.get(address, params={**other, "last_event_id": ids[-1]})
                if other == own:
                    assert reply.status_code == 204
                    continue
                assert reply.status_code == 422, (own, other)
                assert [error["field"] for error in reply.json()["errors"]] == ["last_event_id"]
                assert f"order={own['order']}&granularity={own['granularity']}" in reply.json()["detail"]
    assert len((await service.client.http.get("/api/v1/runs")).json()["runs"]) == 1


async def test_reading_order_delivers_one_section_after_another(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(default=Reply(pace=400))
    run_id = await service.client.start(parallel=4)
    sections = [
        frame.message.section
        async for frame in service.client.frames(run_id, order="reading")
        if isinstance(frame.message, TextAppended)
    ]

    assert sections == sorted(sections) and set(sections) == {0, 1, 2, 3}


async def test_run_that_nobody_reads_is_cancelled_after_its_grace_if_it_asked_for_that(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=60), structured=False),))
    async with serve(settings_for(provider, tmp_path, disconnect_grace=3)) as service:
        kept = await service.client.start(on_disconnect="continue")
        await provider.wait_for_held(within=30)
        run_id = await service.client.start(on_disconnect="cancel")
        async with asyncio.timeout(30):
            told = await _read_until(service, run_id, 0)  # somebody reads from the first moment on
            [*_, call] = await provider.wait_for_held(2)
            for _ in range(3):  # a reader that reconnects within the grace is no reader who left
                told = await _read_until(service, run_id, 0)
        assert told.ending is None
        still = (await service.client.run(run_id))["status"]
        await _wait_for_status(service, run_id, "cancelled")
        kept_status = (await service.client.run(kept))["status"]
        await service.client.http.post(f"/api/v1/runs/{kept}/cancel")

    assert still == "running" and kept_status == "running" and call.disconnected
