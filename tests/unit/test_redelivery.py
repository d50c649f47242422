"""Heartbeats, and who gives the runs of the silent out again."""

import asyncio
from collections.abc import Collection

import pytest
from structlog.testing import capture_logs

from backend.runs.engine.heartbeat import HeartbeatLiveness
from backend.runs.engine.redelivery import Redelivery
from backend.telemetry.metrics import Metrics


class Heartbeats:
    """A store of heartbeats that a test looks at, and can take away."""

    def __init__(self) -> None:
        self.beats: list[set[int]] = []
        self.alive: set[str] = set()
        self.left: list[str] = []
        self.is_away = False

    async def beat(self, workers: Collection[int]) -> None:
        if self.is_away:
            raise ConnectionError
        self.beats.append(set(workers))

    async def is_alive(self, process: str) -> bool:
        return process in self.alive

    async def unregister(self, process: str) -> None:
        self.left.append(process)


class Jobs:
    """A queue with runs that nobody executes."""

    def __init__(self) -> None:
        self.lost: list[str] = []
        self.looks = 0

    async def redeliver(self) -> list[str]:
        self.looks += 1
        return self.lost


class Counted(Metrics):
    def __init__(self) -> None:
        self.redelivered: list[int] = []

    def on_redelivery(self, count: int) -> None:
        self.redelivered.append(count)


async def test_process_beats_with_its_workers_and_knows_itself_alive_and_others_by_their_beats() -> None:
    store = Heartbeats()
    liveness = HeartbeatLiveness("7", store)
    await liveness.beat()
    liveness.workers = lambda: (8, 9)
    await liveness.beat()
    assert store.beats == [{7}, {7, 8, 9}]
    store.alive = {"8"}
    assert [await liveness.is_alive(process) for process in ("7", "8", "9")] == [True, True, False]
    await liveness.leave()
    assert store.left == ["7"]


def test_process_beats_several_times_within_its_lease() -> None:
    liveness = HeartbeatLiveness("7", Heartbeats(), 10.0)
    assert (liveness.lease_seconds, liveness.beat_seconds) == (10.0, 2.0)


async def test_runs_are_given_out_again_only_when_the_others_have_had_time_to_beat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, jobs, metrics, now = Heartbeats(), Jobs(), Counted(), [100.0]
    guard = Redelivery(jobs, HeartbeatLiveness("7", store, 10.0), metrics)
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0])

    async def beat(seconds: float) -> int:
        now[0] += seconds
        await guard.beat()
        return jobs.looks

    jobs.lost = ["a run", "another"]
    with capture_logs() as logged:
        assert [await beat(seconds) for seconds in (0.0, 9.0, 3.0, 0.5, 0.5)] == [0, 0, 0, 1, 2]
    assert [line["run_id"] for line in logged] == ["a run", "another"] * 2
    assert metrics.redelivered == [2, 2] and len(store.beats) == 5

    store.is_away = True
    with pytest.raises(ConnectionError):
        await beat(1.0)
    store.is_away = False  # it was away for everybody: nobody is silent by his own fault
    assert [await beat(seconds) for seconds in (0.0, 12.0, 0.5)] == [2, 2, 3]
