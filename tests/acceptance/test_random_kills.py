"""SIGKILL at random moments, again and again, while somebody reads."""

import random
from pathlib import Path

import httpx
import pytest

from tests.acceptance.killable import KillableService
from tests.acceptance.trials import COUNTS, KILLS
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.service import CALLS, Told


@pytest.mark.timeout(0)
async def test_kills_at_random_moments_lose_and_repeat_nothing(
    provider: FakeProvider, tmp_path: Path
) -> None:
    chance = random.Random(20261121)
    provider.script = Script(default=Reply(pace=600))
    kills = 0
    async with KillableService(provider.openai_url, tmp_path / "data") as service:
        while kills < KILLS:
            parallel = chance.choice((1, 2, 4))
            bought_before, kills_before = len(provider.generations), kills
            run_id = await service.client.start(parallel=parallel)
            told = Told()
            while told.ending is None:
                kill_after = chance.randint(1, 50) if kills < KILLS else None
                kills += await _read_and_kill(service, run_id, told, kill_after)
            late = await service.client.read(run_id)
            bought = len(provider.generations) - bought_before

            assert told.ending["type"] == "complete"
            assert told.text == late.text == told.ending["story_content"]
            # What is bought again is at most what was in flight at each kill.
            assert CALLS <= bought <= CALLS + (kills - kills_before) * parallel
            COUNTS["runs"] += 1
    COUNTS["kills"] += kills


async def _read_and_kill(service: KillableService, run_id: str, told: Told, kill_after: int | None) -> int:
    """Reads on; kills the service after so many messages, and starts it again. Returns the kills."""
    seen = 0
    try:
        async for frame in service.client.frames(run_id, told.last_seq):
            told.take(frame)
            seen += 1
            if seen == kill_after and told.ending is None:
                await service.kill()
                break
    except httpx.TransportError:
        pass
    if service.is_alive:
        return 0
    await service.start()
    return 1
