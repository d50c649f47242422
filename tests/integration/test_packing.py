"""A log that was packed is read like any other."""

from pathlib import Path

from backend.runs.housekeeping import Housekeeping
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import LiveService, Told, serve, settings_for


def _housekeeping(service: LiveService) -> Housekeeping:
    return service.resources.housekeeping


async def test_packed_log_can_be_resumed_from_every_message(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve(settings_for(provider, tmp_path, pack_after=0)) as service:
        run_id = await service.client.start()
        frames = [frame async for frame in service.client.frames(run_id)]
        assert (await service.client.run(run_id))["status"] == "completed"
        assert await _housekeeping(service).tidy() == 1
        whole = await service.client.read(run_id)
        for cut in range(1, len(frames), 5):
            told = Told()
            for frame in frames[:cut]:
                told.take(frame)
            await service.client.read(run_id, told)
            assert told.text == whole.text
        run = await service.client.run(run_id)

    assert whole.ending is not None and whole.text == whole.ending["story_content"] == run["text"]


async def test_packed_run_that_failed_can_still_be_resumed(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script = Script(
        rules=(Rule(Reply(fault=Fault("drop", after=9, times=1)), structured=False, nth=2),)
    )
    async with serve(settings_for(provider, tmp_path, pack_after=0)) as service:
        run_id = await service.client.start()
        told = await service.client.read(run_id)
        assert (await service.client.run(run_id))["status"] == "failed"
        assert await _housekeeping(service).tidy() == 1
        await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
        told.ending = None
        await service.client.read(run_id, told)

    assert told.ending is not None and told.text == told.ending["story_content"]
