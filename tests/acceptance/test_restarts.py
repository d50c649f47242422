"""Stopping and starting the service while runs go on."""

import asyncio
import re
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from tests.acceptance.killable import KillableService
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import CALLS, STORY, Told

_FINISHED_SIBLINGS = """
SELECT count(*) FROM writes
WHERE channel = 'sections' AND checkpoint_id = (SELECT max(checkpoint_id) FROM writes)
"""
"""Sections, of those that are written at once, that are on the disk."""


async def _wait_for_siblings(checkpoints: Path, count: int) -> None:
    await _wait_for_row(checkpoints, _FINISHED_SIBLINGS, count)


async def _wait_for_row(file: Path, query: str, value: int) -> None:
    """Returns when the query finds this value. A file rings no bell."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        async with asyncio.timeout(60):
            while connection.execute(query).fetchone() != (value,):  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_sigterm_lets_the_section_finish_and_the_next_process_goes_on(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=60), structured=False, nth=2),))
    service = KillableService(provider.openai_url, tmp_path / "data", shutdown_grace=20)
    await service.start()
    run_id = await service.client.start()
    await provider.wait_for_held()
    told = Told()
    reading = asyncio.create_task(service.client.read(run_id, told))
    stopping = asyncio.create_task(service.terminate())
    await asyncio.wait([reading])  # readers are sent away without a last message
    provider.release()
    status = await stopping
    async with service:
        await service.client.read(run_id, told)

    assert status == 0
    assert told.ending is not None and told.text == told.ending["story_content"]
    assert len(provider.generations) == CALLS  # nothing was bought twice: the section in flight was finished


async def test_sigterm_gives_up_a_section_that_takes_longer_than_the_grace(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=60), structured=False, nth=2, times=1),))
    service = KillableService(provider.openai_url, tmp_path / "data", shutdown_grace=0.2)
    await service.start()
    run_id = await service.client.start()
    await provider.wait_for_held()
    status = await service.terminate()
    async with service:
        told = await service.client.read(run_id)

    assert status == 0
    assert told.ending is not None and told.text == told.ending["story_content"]
    assert len(provider.generations) == CALLS + 1


async def test_start_that_may_not_resume_leaves_runs_to_be_resumed_later(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=3), structured=False, nth=1, times=1),))
    first = KillableService(provider.openai_url, tmp_path / "data")
    await first.start()
    run_id = await first.client.start()
    await provider.wait_for_held()
    await first.kill()
    await first.client.http.aclose()

    async with KillableService(provider.openai_url, tmp_path / "data", resume_on_start=False) as second:
        assert (await second.client.run(run_id))["status"] == "running"
        assert len(provider.generations) == 2
        assert (await second.client.http.post(f"/api/v1/runs/{run_id}/cancel")).json()[
            "status"
        ] == "cancelled"


async def test_two_services_on_one_database_share_runs_and_cancel_each_others(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=60), structured=False, nth=2, times=1),))
    async with (
        KillableService(provider.openai_url, tmp_path / "data") as first,
        KillableService(provider.openai_url, tmp_path / "data") as second,
    ):
        run_id = await first.client.start()
        [call] = await provider.wait_for_held()
        reading = asyncio.create_task(second.client.read(run_id))
        reply = await second.client.http.post(f"/api/v1/runs/{run_id}/cancel")
        await provider.wait_for_disconnect(call)
        told = await reading

    assert reply.json()["status"] == "cancelled"
    assert told.ending is not None and told.ending["code"] == "CANCELLED"


async def _has_a_reader(service: KillableService) -> bool:
    return "storywire_readers 1" in (await service.client.http.get("/metrics")).text


async def test_who_waits_in_one_process_hears_of_the_question_that_another_one_asks(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=3), structured=True, nth=1),))
    body = {"format": "story", "input": STORY, "options": {"review_outline": True}}
    headers = {"Idempotency-Key": "the same"}
    async with (
        KillableService(provider.openai_url, tmp_path / "data") as first,
        KillableService(provider.openai_url, tmp_path / "data") as second,
    ):
        started = await first.client.http.post("/api/v1/runs", json=body, headers=headers)
        await provider.wait_for_held()
        waiting = asyncio.create_task(
            second.client.http.post("/api/v1/runs?wait=true", json=body, headers=headers)
        )
        async with asyncio.timeout(30):
            while not await _has_a_reader(second):  # noqa: ASYNC110 — a number rings no bell
                await asyncio.sleep(0.01)
        provider.release()
        reply = await waiting

    assert reply.json()["run_id"] == started.json()["run_id"] and reply.json()["status"] == "waiting"


@pytest.mark.parametrize("runs", [20])
async def test_many_interrupted_runs_go_on_by_themselves(
    provider: FakeProvider, tmp_path: Path, runs: int
) -> None:
    provider.script = Script(
        default=Reply(words=30), rules=(Rule(Reply(hold_after=3), structured=False, times=runs),)
    )
    service = KillableService(provider.openai_url, tmp_path / "data")
    await service.start()
    started = [await service.client.start(keep_length=False) for _ in range(runs)]
    await provider.wait_for_held(runs, within=60)
    await service.kill()
    async with service:
        told = await asyncio.gather(*(service.client.read(run_id) for run_id in started))

    assert all(one.ending is not None and one.text == one.ending["story_content"] for one in told)


async def test_second_service_on_a_taken_port_says_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        runner = CliRunner(env={"STORYWIRE_DATA_DIR": str(tmp_path / "data")})
        told = await asyncio.to_thread(runner.invoke, app, ["serve", "--port", str(taken.getsockname()[1])])

    assert told.exit_code == 1
    assert "Choose another port" in told.stderr and "Traceback" not in told.stderr


async def test_reader_that_is_cut_by_the_kill_never_sees_an_id_again(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(default=Reply(pace=600))
    service = KillableService(provider.openai_url, tmp_path / "data")
    await service.start()
    run_id = await service.client.start(parallel=2)
    told = Told()  # asserts that ids only ever increase
    for _ in range(4):
        seen = 0
        try:
            async for frame in service.client.frames(run_id, told.last_seq):
                told.take(frame)
                seen += 1
                if seen == 12:
                    await service.kill()
        except httpx.TransportError:
            pass
        if told.ending is not None:
            break
        if not service.is_alive:
            await service.start()
    if told.ending is None:
        await service.client.read(run_id, told)
    await service.kill()
    await service.client.http.aclose()

    assert told.ending is not None and told.text == told.ending["story_content"]


async def test_runs_of_a_process_that_died_are_taken_over_by_one_that_lives(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=8), structured=False, nth=2, times=1),))
    async with KillableService(provider.openai_url, tmp_path / "data") as survivor:
        async with KillableService(provider.openai_url, tmp_path / "data") as victim:
            run_id = await victim.client.start()
            await provider.wait_for_held()
            reading = asyncio.create_task(survivor.client.read(run_id))
            await victim.kill()
        told = await reading

    assert told.ending is not None and told.text == told.ending["story_content"]
    assert len(provider.generations) == CALLS + 1


async def test_run_that_was_cancelled_stays_cancelled_when_the_kill_falls_before_its_row_is_written(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=8), structured=False, nth=2, times=1),))
    service = KillableService(provider.openai_url, tmp_path / "data")
    await service.start(crash_at="result:before:1")
    run_id = await service.client.start()
    await provider.wait_for_held()
    with pytest.raises(httpx.TransportError):
        await service.client.http.post(f"/api/v1/runs/{run_id}/cancel")
    await service.died()
    async with service:
        told = await service.client.read(run_id)
        status = (await service.client.run(run_id))["status"]
        resumed = await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
        told.ending = None
        await service.client.read(run_id, told)

    assert status == "cancelled" and resumed.status_code == 202
    assert told.ending is not None and told.text == told.ending["story_content"]


async def test_cancel_is_not_lost_when_the_process_that_should_hear_it_dies(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=8), structured=False, nth=2, times=1),))
    async with KillableService(provider.openai_url, tmp_path / "data") as survivor:
        async with KillableService(provider.openai_url, tmp_path / "data") as victim:
            run_id = await victim.client.start()
            await provider.wait_for_held()
            await victim.freeze()
            cancelling = asyncio.create_task(survivor.client.http.post(f"/api/v1/runs/{run_id}/cancel"))
            await _wait_for_row(tmp_path / "data" / "storywire.db", "SELECT stop_requested FROM runs", 1)
            await victim.kill()
        reply = await cancelling

    assert reply.json()["status"] == "cancelled"
    assert len(provider.generations) == 3  # nothing was bought after the cancel


@pytest.mark.parametrize("held", [1, 4])
async def test_kill_in_the_midst_of_parallel_sections_keeps_those_that_are_finished(
    provider: FakeProvider, tmp_path: Path, held: int
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=5), structured=False, nth=held),))
    service = KillableService(provider.openai_url, tmp_path / "data")
    await service.start()
    run_id = await service.client.start(parallel=4)
    await provider.wait_for_held()
    await _wait_for_siblings(tmp_path / "data" / "checkpoints.db", 3)
    await service.kill()
    before = provider.generations
    async with service:
        told = await service.client.read(run_id)
    after = provider.generations[len(before) :]

    assert told.ending is not None and told.text == told.ending["story_content"] and len(told.sections) == 4
    assert len(before) == 5 and len(after) == CALLS + 1 - 5
    # The section that was under way (before[0] is the plan), with what its siblings have written since.
    assert _scene(after[0].prompt_text) == _scene(before[held].prompt_text)


async def test_run_that_broke_in_one_process_is_written_to_its_end_by_another(
    provider: FakeProvider, tmp_path: Path
) -> None:
    fault = Rule(Reply(fault=Fault("drop", after=20)), structured=False, nth=3, times=1)
    held = Rule(Reply(hold_after=5), structured=False, nth=3, times=1)
    provider.script = Script(rules=(fault, held))
    async with (
        KillableService(provider.openai_url, tmp_path / "data") as first,
        KillableService(provider.openai_url, tmp_path / "data") as second,
    ):
        run_id = await first.client.start()
        told = await first.client.read(run_id)
        assert told.ending is not None
        broken, told.ending = told.ending, None
        assert (await first.client.run(run_id))["status"] == "failed"  # it is stored
        resumed = await second.client.http.post(f"/api/v1/runs/{run_id}/resume")
        await provider.wait_for_held()
        writes_here = [(await s.client.http.get("/readyz")).json()["runs"] for s in (first, second)]
        reading = asyncio.create_task(first.client.read(run_id, told))
        provider.release()
        await reading
        late = await second.client.read(run_id)
        stored = [await s.client.run(run_id) for s in (first, second)]

    assert broken["code"] == "MODEL_UNAVAILABLE" and resumed.status_code == 202
    assert writes_here == [0, 1]
    assert told.ending is not None and told.text == late.text == told.ending["story_content"]
    assert [run["status"] for run in stored] == ["completed"] * 2
    assert len(provider.generations) == CALLS + 1  # the scene that broke, and nothing else


async def test_run_that_is_read_through_another_process_is_cancelled_when_that_reader_leaves_and_not_before(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=60), structured=False, nth=1, times=1),))
    settings = {"disconnect_grace": 4}
    async with (
        KillableService(provider.openai_url, tmp_path / "data", **settings) as writer,
        KillableService(provider.openai_url, tmp_path / "data", **settings) as other,
    ):
        run_id = await writer.client.start(on_disconnect="cancel")
        told = Told()
        reading = asyncio.create_task(other.client.read(run_id, told))
        [call] = await provider.wait_for_held()
        await asyncio.wait([reading], timeout=7)  # longer than the grace
        still = (await writer.client.run(run_id))["status"], told.ending
        reading.cancel()
        await provider.wait_for_disconnect(call)
        async with asyncio.timeout(20):
            while (await other.client.run(run_id))["status"] == "running":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        ended = (await other.client.run(run_id))["status"]

    assert still == ("running", None) and ended == "cancelled"


async def test_run_that_is_waited_for_in_another_process_is_read(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=60), structured=False, nth=1, times=1),))
    body = {"format": "story", "input": STORY, "options": {"on_disconnect": "cancel"}}
    headers = {"Idempotency-Key": "the same"}
    settings = {"disconnect_grace": 4}
    async with (
        KillableService(provider.openai_url, tmp_path / "data", **settings) as writer,
        KillableService(provider.openai_url, tmp_path / "data", **settings) as other,
    ):
        await writer.client.http.post("/api/v1/runs", json=body, headers=headers)
        waiting = asyncio.create_task(
            other.client.http.post("/api/v1/runs?wait=true", json=body, headers=headers)
        )
        await provider.wait_for_held()
        await asyncio.wait([waiting], timeout=7)
        provider.release()
        reply = await waiting

    assert reply.json()["status"] == "completed"


async def test_run_of_a_frozen_process_is_cancelled_resumed_and_deleted_by_another_one(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(hold_after=8), structured=False, nth=2, times=1),))
    async with (
        KillableService(provider.openai_url, tmp_path / "data") as other,
        KillableService(provider.openai_url, tmp_path / "data") as frozen,
    ):
        run_id = await frozen.client.start()
        [call] = await provider.wait_for_held()
        await frozen.freeze()
        began = asyncio.get_running_loop().time()
        cancelled = await other.client.http.post(f"/api/v1/runs/{run_id}/cancel")
        took = asyncio.get_running_loop().time() - began
        resumed = await other.client.http.post(f"/api/v1/runs/{run_id}/resume")
        told = await other.client.read(run_id)
        frozen.thaw()
        await provider.wait_for_disconnect(call)  # it sees that it lost the run, and buys no more
        late = await frozen.client.read(run_id)
        deleted = await frozen.client.http.delete(f"/api/v1/runs/{run_id}")
        gone = await other.client.http.get(f"/api/v1/runs/{run_id}")

    assert cancelled.json()["status"] == "cancelled" and took < 3  # a second, and what the machine adds
    assert resumed.status_code == 202 and told.ending is not None
    assert told.text == late.text == told.ending["story_content"]
    assert len(provider.generations) == CALLS + 1
    assert (deleted.status_code, gone.status_code) == (204, 404)


def _scene(prompt: str) -> str:
    found = re.search(r"Write scene \d+", prompt)
    assert found is not None, prompt
    return found.group()
