"""Runs on a cluster: started by any API process, executed by workers, read everywhere, whatever happens to each."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backend.storage import copy_database
from tests.acceptance.cluster import KillableCluster, KillableWorker
from tests.acceptance.killable import KillableService
from tests.acceptance.trials import COUNTS, OUTAGES, RUNS_DISTURBED
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.postgres import postgres_server
from tests.service import CALLS, Told, read_on, settings_for

PATIENCE = 90
LEASE = 4
"""Seconds, where a test waits for a worker to be taken for dead; elsewhere it is as in the service."""
NO_JOB = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE lock = %s)"
BEATS = (
    "SELECT 1 FROM procrastinate_workers WHERE id::text = %s AND last_heartbeat > now() - interval '1 second'"
)
MOVED = "SELECT 1 FROM runs WHERE id = %s AND process <> %s"
LONG = Script(rules=(Rule(Reply(pace=80, words=90), structured=False),))
"""Scenes of a second and a half, for what is done meanwhile."""


ALL_HELD = Script(rules=(Rule(Reply(words=90, hold_after=20, tokens_per_chunk=1), structured=False),))
"""Every scene stops in the middle until it is released."""


def held(*scenes: int) -> Script:
    """Scenes that are written at once, but for those, counted from 1: they stop in the middle until released."""
    stopping = [
        Rule(Reply(words=90, hold_after=20, tokens_per_chunk=1), structured=False, nth=scene, times=1)
        for scene in scenes
    ]
    return Script(rules=(*stopping, Rule(Reply(words=90), structured=False)))


@pytest.fixture
async def cluster(
    provider: FakeProvider, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[KillableCluster]:
    """Two API processes and two workers, or what a parameter says in their place; a scene takes half a second."""
    provider.script = Script(rules=(Rule(Reply(pace=240, words=90), structured=False),))
    async with KillableCluster(provider.openai_url, tmp_path, **getattr(request, "param", {})) as running:
        yield running


impatient = pytest.mark.parametrize("cluster", [{"lease_seconds": LEASE}], indirect=True, ids=["lease"])
with_one_worker = pytest.mark.parametrize("cluster", [{"workers": 1}], indirect=True, ids=["one-worker"])


async def start_held(cluster: KillableCluster, provider: FakeProvider, *scenes: int) -> tuple[str, Told]:
    """A run that stops in the middle of these scenes, and what a reader has before the first of them, the second at
    the earliest."""
    provider.script = held(*scenes)
    run_id = await cluster.apis[0].client.start()
    told = Told()
    async for frame in cluster.apis[0].client.frames(run_id):
        told.take(frame)
        if len(told.sections) >= scenes[0] - 1:
            break
    await provider.wait_for_held(within=PATIENCE)
    return run_id, told


async def read_first(cluster: KillableCluster, run_id: str, messages: int) -> Told:
    """What a reader has after so many messages."""
    told = Told()
    async for frame in cluster.apis[0].client.frames(run_id):
        told.take(frame)
        messages -= 1
        if not messages:
            break
    return told


def check_whole(*readers: Told) -> None:
    """All were told the same text, and it is the run's."""
    first = readers[0]
    assert first.ending is not None and first.ending["type"] == "complete", first.ending
    for told in readers:
        assert told.ending == first.ending and told.text == first.ending["story_content"]


@with_one_worker
async def test_run_is_written_by_a_worker_and_read_from_every_api_process(
    cluster: KillableCluster, provider: FakeProvider
) -> None:
    async with asyncio.timeout(PATIENCE):
        run_id = await cluster.apis[0].client.start()
        here, there = await asyncio.gather(*(api.client.read(run_id) for api in cluster.apis))
        late = await cluster.apis[1].client.read(run_id)
        check_whole(here, there, late)
        run = await cluster.apis[1].client.run(run_id)
    assert run["status"] == "completed" and len(provider.generations) == CALLS
    await cluster.wait_until(NO_JOB, run_id)


@impatient
async def test_run_whose_worker_is_killed_is_gone_on_with_by_another_one(
    cluster: KillableCluster, provider: FakeProvider
) -> None:
    async with asyncio.timeout(PATIENCE):
        run_id, told = await start_held(cluster, provider, 2)
        await (await cluster.worker_of(run_id)).kill()
        other, here = await asyncio.gather(
            cluster.apis[1].client.read(run_id), cluster.apis[0].client.read(run_id, told)
        )
        check_whole(here, other, await cluster.apis[1].client.read(run_id))
    assert len(provider.generations) == CALLS + 1
    COUNTS["kills"] += 1


@impatient
async def test_worker_that_was_frozen_past_its_lease_writes_nothing_more_and_goes_on_taking_runs(
    cluster: KillableCluster, provider: FakeProvider
) -> None:
    async with asyncio.timeout(PATIENCE):
        run_id, _ = await start_held(cluster, provider, 2, 3)
        [call] = await provider.wait_for_held()
        frozen = await cluster.worker_of(run_id)
        before = frozen.process_id
        await frozen.freeze()
        await cluster.wait_until(MOVED, run_id, before)
        await provider.wait_for_held(2, within=PATIENCE)  # the other one is in the middle of the same scene
        provider.release(call)  # what the frozen one is given as soon as it is back
        await provider.wait_for_finish(call)
        frozen.thaw()
        await cluster.wait_until(BEATS, frozen.process_id)
        provider.release()
        here, there = await asyncio.gather(*(api.client.read(run_id) for api in cluster.apis))
        check_whole(here, there)
        [(epoch,)] = await cluster.fetch("SELECT epoch FROM log_heads WHERE run_id = %s", run_id)
        await cluster.wait_until(NO_JOB, run_id)
        for worker in cluster.workers:
            if worker is not frozen:
                await worker.kill()
        again = await cluster.apis[0].client.start()
        check_whole(await cluster.apis[1].client.read(again))
    assert epoch == 2
    COUNTS["freezes"] += 1


@pytest.mark.soak
async def test_worker_that_is_frozen_for_less_than_its_lease_keeps_its_run(
    cluster: KillableCluster, provider: FakeProvider
) -> None:
    async with asyncio.timeout(PATIENCE):
        provider.script = LONG
        run_id = await cluster.apis[0].client.start()
        told = await read_first(cluster, run_id, 20)
        frozen = await cluster.worker_of(run_id)
        await frozen.freeze()
        await asyncio.sleep(4)
        frozen.thaw()
        check_whole(await cluster.apis[0].client.read(run_id, told))
    assert len(provider.generations) == CALLS
    assert await cluster.fetch("SELECT epoch FROM log_heads WHERE run_id = %s", run_id) == [(1,)]


@pytest.mark.soak
async def test_worker_that_is_cut_off_is_replaced_and_refused_when_it_is_back(
    cluster: KillableCluster, provider: FakeProvider
) -> None:
    async with asyncio.timeout(PATIENCE):
        provider.script = LONG
        run_id = await cluster.apis[0].client.start()
        told = await read_first(cluster, run_id, 20)
        cut_off = await cluster.worker_of(run_id)
        cluster.proxies[cut_off].freeze()
        here = asyncio.create_task(cluster.apis[0].client.read(run_id, told))
        await cluster.wait_until(MOVED, run_id, cut_off.process_id)
        cluster.proxies[cut_off].thaw()
        check_whole(await here, await cluster.apis[1].client.read(run_id))
        [(epoch,)] = await cluster.fetch("SELECT epoch FROM log_heads WHERE run_id = %s", run_id)
    assert epoch == 2
    COUNTS["partitions"] += 1


@pytest.mark.soak
async def test_reader_of_an_api_process_that_is_cut_off_goes_on_when_it_is_back(
    cluster: KillableCluster, provider: FakeProvider
) -> None:
    async with asyncio.timeout(PATIENCE):
        provider.script = LONG
        run_id = await cluster.apis[0].client.start()
        reading = asyncio.create_task(cluster.apis[1].client.read(run_id))
        await read_first(cluster, run_id, 20)
        cluster.proxies[cluster.apis[1]].freeze()
        here = await cluster.apis[0].client.read(run_id)
        cluster.proxies[cluster.apis[1]].thaw()
        check_whole(here, await reading)
    COUNTS["partitions"] += 1


async def test_database_that_crashes_under_many_runs_costs_none_of_them_a_word_or_a_restart(
    cluster: KillableCluster, provider: FakeProvider
) -> None:
    server = postgres_server()
    async with asyncio.timeout(PATIENCE + sum(OUTAGES)):
        provider.script = LONG
        run_ids = [await api.client.start() for api in cluster.apis for _ in range(RUNS_DISTURBED // 2)]
        for run_id in run_ids:
            await cluster.worker_of(run_id)
        for seconds in OUTAGES:
            await asyncio.sleep(0.5)
            server.stop()
            await asyncio.sleep(seconds)
            server.start()
        readers = [asyncio.create_task(read_on(cluster.apis[0].client, run_id)) for run_id in run_ids]
        for told in await asyncio.gather(*readers):
            check_whole(told)
    epochs = await cluster.fetch("SELECT DISTINCT epoch FROM log_heads")
    assert epochs == [(1,)] and len(provider.generations) == CALLS * len(run_ids)
    COUNTS["database crashes"] += len(OUTAGES)


async def test_run_is_cancelled_from_another_api_process_in_every_state(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KillableWorker, "slots", 2)
    provider.script = ALL_HELD
    async with (
        asyncio.timeout(PATIENCE),
        KillableCluster(provider.openai_url, tmp_path, workers=1, shutdown_grace=PATIENCE) as cluster,
    ):
        api, [worker] = cluster.apis[0].client, cluster.workers
        waiting = await api.start(review_outline=True)
        await cluster.wait_until("SELECT 1 FROM runs WHERE id = %s AND status = 'waiting'", waiting)
        running, draining = await api.start(), await api.start()
        await provider.wait_for_held(2, within=PATIENCE)
        queued = await api.start()
        for run_id in (waiting, queued, running):
            await cancel_elsewhere(cluster, run_id)
        worker.ask_to_stop()
        await cancel_elsewhere(cluster, draining)
        await worker.died()
        assert worker.exit_status == 0
        provider.forget()
        await worker.start()
        dead = await api.start()
        await provider.wait_for_held(within=PATIENCE)
        await worker.kill()
        await cancel_elsewhere(cluster, dead)
        assert await cluster.fetch("SELECT 1 FROM procrastinate_jobs WHERE status = 'todo'") == []


async def cancel_elsewhere(cluster: KillableCluster, run_id: str) -> None:
    """Cancels the run from the process that didn't start it, twice; its reader is told once."""
    api, other = cluster.apis
    reading = asyncio.create_task(api.client.read(run_id))
    for _ in range(2):
        reply = await other.client.http.post(f"/api/v1/runs/{run_id}/cancel")
        assert (reply.status_code, reply.json()["status"]) == (200, "cancelled")
    told = await reading
    assert told.ending is not None and told.ending["code"] == "CANCELLED"


async def test_worker_that_is_told_to_stop_hands_its_runs_to_others_and_exits_in_good_order(
    cluster: KillableCluster, provider: FakeProvider
) -> None:
    provider.script = LONG
    async with asyncio.timeout(PATIENCE):
        run_ids = [await cluster.apis[0].client.start() for _ in range(RUNS_DISTURBED)]
        stopped = await cluster.worker_of(run_ids[-1])  # of so many, the first ones may have ended
        assert await stopped.terminate() == 0
        for told in await asyncio.gather(*(cluster.apis[1].client.read(run_id) for run_id in run_ids)):
            check_whole(told)
    crashes = await cluster.fetch("SELECT DISTINCT crash_count FROM runs")
    assert crashes == [(0,)]
    COUNTS["stops"] += 1


@with_one_worker
async def test_run_that_waits_for_a_person_uses_no_worker_and_goes_on_with_the_answer(
    cluster: KillableCluster,
) -> None:
    api, other = cluster.apis
    async with asyncio.timeout(PATIENCE):
        run_id = await api.client.start(review_outline=True)
        await cluster.wait_until("SELECT 1 FROM runs WHERE id = %s AND status = 'waiting'", run_id)
        await cluster.wait_until(NO_JOB, run_id)
        outline = await find_outline(cluster, run_id)
        answer = {"outline": {**outline, "title": "As edited"}}
        reply = await other.client.http.post(f"/api/v1/runs/{run_id}/input", json=answer)
        assert reply.status_code == 202, reply.text
        told = await api.client.read(run_id)
    check_whole(told)
    assert told.ending is not None and told.ending["title"] == "As edited"


async def find_outline(cluster: KillableCluster, run_id: str) -> dict[str, Any]:
    """The plan that a person is asked about."""
    async for frame in cluster.apis[0].client.frames(run_id):
        if frame.message.type == "outline":
            return frame.message.model_dump(mode="json", exclude={"type"})
    raise AssertionError("no outline")


@with_one_worker
async def test_run_that_was_cancelled_is_resumed_and_deleted_from_another_api_process(
    cluster: KillableCluster, provider: FakeProvider
) -> None:
    api, other = cluster.apis
    async with asyncio.timeout(PATIENCE):
        run_id, _ = await start_held(cluster, provider, 3)
        await api.client.http.post(f"/api/v1/runs/{run_id}/cancel")
        reply = await other.client.http.post(f"/api/v1/runs/{run_id}/resume")
        assert reply.status_code == 202, reply.text
        check_whole(*await asyncio.gather(*(each.client.read(run_id) for each in cluster.apis)))
        assert (await other.client.http.delete(f"/api/v1/runs/{run_id}")).status_code == 204
        going, _ = await start_held(cluster, provider, 2)
        assert (await other.client.http.delete(f"/api/v1/runs/{going}")).status_code == 204
    for table in ("runs", "log_heads", "log_entries", "log_archives"):
        assert await cluster.fetch(f"SELECT 1 FROM {table}") == []
    for table in ("checkpoints", "checkpoint_writes", "checkpoint_blobs"):
        assert await cluster.fetch(f"SELECT 1 FROM {table}") == []


@pytest.mark.soak
async def test_runs_of_a_sqlite_folder_go_on_in_a_cluster_after_they_were_moved(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = LONG
    async with asyncio.timeout(PATIENCE):
        async with KillableService(provider.openai_url, tmp_path / "old") as service:
            ended = await service.client.start()
            before = await service.client.read(ended)
            going = await service.client.start()
            told = Told()
            async for frame in service.client.frames(going):
                told.take(frame)
                if told.last_seq >= 30:
                    break
        async with KillableCluster(provider.openai_url, tmp_path, apis=1, workers=0) as cluster:
            settings = settings_for(provider, tmp_path / "new", database_url=cluster.url)
            copied = await copy_database(tmp_path / "old" / "storywire.db", settings)
            assert copied.rows["runs"] == 2
            await cluster.add_worker()
            api = cluster.apis[0].client
            assert (await api.read(ended)).ending == before.ending
            check_whole(await api.read(going, told), await api.read(going))


@pytest.mark.soak
@pytest.mark.parametrize("skew", [-60.0, -5.0, 5.0, 60.0])
async def test_hosts_may_disagree_about_the_time(provider: FakeProvider, tmp_path: Path, skew: float) -> None:
    provider.script = LONG
    async with KillableCluster(provider.openai_url, tmp_path, apis=1) as cluster, asyncio.timeout(PATIENCE):
        odd = cluster.workers[1]
        await odd.kill()
        run_id = await cluster.apis[0].client.start()
        told = await read_first(cluster, run_id, 30)
        odd.clock = skew
        await odd.start()
        await cluster.workers[0].kill()
        check_whole(await cluster.apis[0].client.read(run_id, told))
        await cluster.wait_until("SELECT 1 FROM runs WHERE id = %s AND status = 'completed'", run_id)
    COUNTS["kills"] += 1


@pytest.mark.soak
async def test_run_of_a_format_that_a_worker_has_not_is_kept_for_another_worker(
    cluster: KillableCluster,
) -> None:
    api = cluster.apis[0]
    async with asyncio.timeout(PATIENCE):
        for worker in cluster.workers:
            await worker.kill()
        run_id = await api.client.start()
        await cluster.fetch(
            "UPDATE runs SET format = 'of_another_package' WHERE id = %s RETURNING id", run_id
        )
        await cluster.workers[0].start()
        await cluster.wait_until("SELECT 1 FROM procrastinate_jobs WHERE lock = %s AND attempts > 0", run_id)
        other = await api.client.start()
        check_whole(await api.client.read(other))
        await cluster.fetch("UPDATE runs SET format = 'story' WHERE id = %s RETURNING id", run_id)
        check_whole(await api.client.read(run_id))
