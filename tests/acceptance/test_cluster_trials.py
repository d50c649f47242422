"""What happens to a cluster in its life: upgrades, lost notifications, no connections left, a backup that is needed."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path

import httpx
import psycopg
import pytest

from backend.store.postgres import checkpoints as postgres_checkpoints
from backend.store.postgres import database as postgres
from tests.acceptance.cluster import KillableCluster
from tests.acceptance.trials import COUNTS, MANY_RUNS, MUTE_SECONDS, UPGRADES
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.postgres import postgres_server
from tests.service import CALLS, Client, Told, close_databases, on_postgresql, read_on, serve, settings_for

pytestmark = [pytest.mark.soak, pytest.mark.timeout(0)]
PATIENCE = 120
PACE = 80
TICK_SECONDS = 1.0
ALL_ENDED = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM runs WHERE status = 'running')"
LATER_SCHEMA = "0999"
"""A later schema of the same major version, as a migration that only adds leaves it."""


def paced(words: int) -> Script:
    """Scenes of so many words, at a reading pace."""
    return Script(rules=(Rule(Reply(pace=PACE, words=words), structured=False),))


@pytest.fixture
async def cluster(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[KillableCluster]:
    """Two API processes and two workers."""
    provider.script = paced(90)
    async with KillableCluster(provider.openai_url, tmp_path) as running:
        yield running


async def start_on(client: Client) -> str:
    """Starts a story, as soon as somebody is there who takes it."""
    while True:
        try:
            return await client.start()
        except (httpx.TransportError, AssertionError):
            await asyncio.sleep(0.1)


def check_whole(told: Told) -> None:
    """What was read is the text of a run that was completed."""
    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    assert told.text == told.ending["story_content"]


async def test_processes_are_exchanged_one_after_another_while_runs_are_written_and_read(
    cluster: KillableCluster,
) -> None:
    readers: list[asyncio.Task[Told]] = []

    async def begin() -> None:
        for api in cluster.apis:
            readers.append(asyncio.create_task(read_on(api.client, await start_on(api.client))))

    await begin()
    await cluster.fetch("UPDATE alembic_version SET version_num = %s RETURNING 1", LATER_SCHEMA)
    for _ in range(UPGRADES):
        for process in (*cluster.workers, *cluster.apis):
            await begin()
            assert await process.terminate() == 0
            await process.start()
            COUNTS["processes exchanged"] += 1
    async with asyncio.timeout(PATIENCE):
        for told in await asyncio.gather(*readers):
            check_whole(told)
    # Also those that nobody reads, since the reply to their start was lost with the process that gave it.
    await cluster.wait_until(ALL_ENDED)
    assert await cluster.fetch("SELECT DISTINCT status, crash_count FROM runs") == [("completed", 0)]


async def test_readers_are_a_tick_late_while_every_notification_is_lost_and_a_stop_is_heard(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = paced(int(MUTE_SECONDS * PACE / 4))
    async with KillableCluster(provider.openai_url, tmp_path, apis=1, workers=1) as cluster:
        [worker], client = cluster.workers, cluster.apis[0].client
        await worker.kill()
        worker.is_mute = True
        await worker.start()
        run_id, told, arrivals = await client.start(), Told(), list[float]()
        async for frame in client.frames(run_id):
            told.take(frame)
            arrivals.append(time.monotonic())
        check_whole(told)
        text = arrivals[10:]
        assert max(later - sooner for sooner, later in pairwise(text)) < 3 * TICK_SECONDS
        stopped = await client.start()
        async for _ in client.frames(stopped):
            began = time.monotonic()
            reply = await client.http.post(f"/api/v1/runs/{stopped}/cancel")
            assert reply.json()["status"] == "cancelled" and time.monotonic() - began < 3 * TICK_SECONDS
            break
    COUNTS["seconds without notifications"] += int(MUTE_SECONDS)


async def test_many_runs_over_pools_of_one_connection_are_slower_and_whole(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = partial(postgres_checkpoints.open_postgres_checkpoints, connections=1)
    monkeypatch.setattr(postgres_checkpoints, "open_postgres_checkpoints", opened)
    monkeypatch.setattr(postgres, "PostgresDatabase", partial(postgres.PostgresDatabase, connections=1))
    provider.script = paced(90)
    count = min(50, MANY_RUNS)
    async with serve(settings_for(provider, tmp_path, **on_postgresql(tmp_path))) as service:
        run_ids = [await service.client.start() for _ in range(count)]
        for told in await asyncio.gather(*(service.client.read(run_id) for run_id in run_ids)):
            check_whole(told)
    close_databases()
    assert len(provider.generations) == CALLS * count


async def test_server_without_a_free_connection_refuses_starts_and_live_runs_go_on(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = paced(300)
    async with KillableCluster(provider.openai_url, tmp_path, apis=1, workers=1) as cluster:
        client = cluster.apis[0].client
        run_id = await client.start()
        reading = asyncio.create_task(client.read(run_id))
        await cluster.worker_of(run_id)
        await asyncio.sleep(1)  # connections that it needs are open by now
        async with AsyncExitStack() as taken:
            with pytest.raises(psycopg.OperationalError, match="too many clients"):
                while True:
                    await taken.enter_async_context(await psycopg.AsyncConnection.connect(cluster.url))
            body = {"format": "story", "input": {"theme": "a hare"}}
            replies = await asyncio.gather(*(client.http.post("/api/v1/runs", json=body) for _ in range(20)))
            assert {reply.status_code for reply in replies} <= {201, 503}
            assert {reply.json()["code"] for reply in replies if reply.status_code == 503} <= {"OVERLOADED"}
            check_whole(await reading)


async def test_job_of_a_later_release_is_given_out_again_as_one_that_is_known_and_its_run_never_fails(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with (
        KillableCluster(provider.openai_url, tmp_path, apis=1, workers=1, lease_seconds=4) as cluster,
        asyncio.timeout(PATIENCE),
    ):
        [worker], client = cluster.workers, cluster.apis[0].client
        await worker.kill()
        run_id = await client.start()
        await cluster.fetch("UPDATE procrastinate_jobs SET task_name = 'execute_later' RETURNING id")
        await worker.start()
        check_whole(await client.read(run_id))
    assert len(provider.generations) == CALLS


async def test_backup_that_was_made_while_runs_were_written_is_a_service_again(
    provider: FakeProvider, tmp_path: Path
) -> None:
    server, file = postgres_server(), tmp_path / "backup"
    provider.script = paced(90)
    async with KillableCluster(provider.openai_url, tmp_path / "before", apis=1, workers=1) as cluster:
        client = cluster.apis[0].client
        ended = await client.start()
        before = await client.read(ended)
        going, told = await client.start(), Told()
        async for frame in client.frames(going):
            told.take(frame)
            if len(told.sections) > 1:
                break
        await run_program(server.program("pg_dump"), "--format=custom", f"--file={file}", cluster.url)
        later = await client.read(going)
    with server.database() as url:
        await run_program(server.program("pg_restore"), f"--dbname={url}", file)
        async with (
            KillableCluster(provider.openai_url, tmp_path / "after", apis=1, workers=1, url=url) as cluster,
            asyncio.timeout(PATIENCE),
        ):
            client = cluster.apis[0].client
            ahead = await client.http.get(
                f"/api/v1/runs/{going}/stream", headers={"Last-Event-ID": f"{going}:{later.last_seq}"}
            )
            assert ahead.status_code == 422
            assert (await client.read(ended)).ending == before.ending
            again = await client.read(going)
            check_whole(again)
            assert all(again.text.startswith(text) for text in list(told.sections.values())[:1])
    COUNTS["backups restored"] += 1


async def run_program(*command: object) -> None:
    """Runs one of the server's programs. Raises CalledProcessError."""
    await asyncio.to_thread(subprocess.run, list(map(str, command)), check=True, capture_output=True)
