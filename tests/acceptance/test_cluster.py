"""Runs on a cluster: started by any API process, executed by workers, read everywhere, whatever happens to each."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.cluster import KillableCluster
from tests.acceptance.trials import COUNTS
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.service import CALLS, Told

PATIENCE = 90


@pytest.fixture
async def cluster(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[KillableCluster]:
    """Two API processes and two workers; the provider writes some seconds on a story."""
    provider.script = Script(default=Reply(pace=150, words=90))
    async with KillableCluster(provider.openai_url, tmp_path) as running:
        yield running


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
    await cluster.wait_until(
        "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE lock IS NOT NULL)"
    )


async def test_run_whose_worker_is_killed_is_gone_on_with_by_another_one(
    cluster: KillableCluster, provider: FakeProvider
) -> None:
    async with asyncio.timeout(PATIENCE):
        run_id = await cluster.apis[0].client.start()
        told = await read_first(cluster, run_id, 20)
        killed = await cluster.worker_of(run_id)
        await killed.kill()
        other, here = await asyncio.gather(
            cluster.apis[1].client.read(run_id), cluster.apis[0].client.read(run_id, told)
        )
        check_whole(here, other, await cluster.apis[1].client.read(run_id))
    assert CALLS <= len(provider.generations) <= CALLS + 1
    COUNTS["kills"] += 1
