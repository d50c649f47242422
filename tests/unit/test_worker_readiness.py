"""Readiness of a worker: that it takes runs, that it is heard of, and what every process needs."""

from dataclasses import dataclass

import pytest

from backend.runs.readiness import Readiness, WorkerReadiness
from backend.settings import Settings
from workflows.models.clients.catalog import ModelCatalog


@dataclass
class Worker:
    """A worker's state."""

    is_stopping: bool = False
    silent_seconds: float = 1.0
    lease_seconds: float = 10.0


@dataclass
class Engine:
    """An engine's state."""

    closed: bool = False
    accepts: bool = True


async def writable(busy_seconds: float) -> None:
    del busy_seconds


async def unwritable(busy_seconds: float) -> None:
    raise OSError(busy_seconds)


@pytest.mark.parametrize(
    ("worker", "check", "reason"),
    [
        (Worker(), writable, None),
        (Worker(is_stopping=True), writable, "the worker is stopping"),
        (
            Worker(silent_seconds=12.4),
            writable,
            "no heartbeat could be stored for 12 seconds, so other workers take its runs",
        ),
        (Worker(), unwritable, "the log can't be written"),
    ],
)
async def test_worker_is_ready_while_it_takes_runs_and_is_heard_of(
    worker: Worker, check: object, reason: str | None
) -> None:
    models = ModelCatalog(Settings(model="openai:gpt-test", OPENAI_API_KEY="sk-test"))
    process = Readiness(Engine(), models, {"log": check})  # type: ignore[arg-type,dict-item]
    assert await WorkerReadiness(worker, process).reason() == reason
    await models.close()
