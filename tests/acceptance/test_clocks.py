"""A process that dies, and a clock that says something else when the next one goes on."""

import hashlib
from pathlib import Path

import httpx
import pytest

from tests.acceptance.killable import KillableService
from tests.fakes.provider import FakeProvider
from tests.service import CALLS, Told


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (0, -3600),
        pytest.param(0, -10, marks=pytest.mark.soak),
        pytest.param(0, 3600, marks=pytest.mark.soak),
        pytest.param(3600, 0, marks=pytest.mark.soak),
    ],
)
@pytest.mark.parametrize(
    "point", ["checkpoint:after:5", pytest.param("task:after:5", marks=pytest.mark.soak)]
)
async def test_clock_that_is_set_while_the_service_is_down_costs_nothing_and_loses_nothing(
    provider: FakeProvider, tmp_path: Path, point: str, before: float, after: float
) -> None:
    service = KillableService(provider.openai_url, tmp_path / "data")
    told = Told()
    service.clock = before
    await service.start(crash_at=point)
    with pytest.raises(httpx.TransportError):
        await service.client.read(await service.client.start(), told)
    await service.died()
    service.clock = after
    async with service:
        [stored] = (await service.client.http.get("/api/v1/runs")).json()["runs"]
        await service.client.read(stored["run_id"], told)
        run = await service.client.run(stored["run_id"])

    assert told.ending is not None and told.ending["type"] == "complete"
    assert told.text == told.ending["story_content"] == run["text"]
    assert hashlib.sha256(told.text.encode()).hexdigest() == told.ending["sha256"]
    assert CALLS <= len(provider.generations) <= CALLS + 1  # what was being written when it died
