"""Attempts at runs as an executor opens them, one at a time: what each says, and what it leaves in its log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from backend.log.base import RunLog
from backend.runs.attempt.attempt import Attempt
from backend.runs.attempt.budget import AttemptBudget
from backend.runs.attempt.handle import RunHandle
from backend.runs.attempt.log_writer import LogWriter
from backend.runs.readers.replay import replay
from backend.store.runs.owned_runs import Lease
from backend.store.runs.runs import Run
from backend.telemetry.metrics import AttemptMetrics
from backend.telemetry.observers import AttemptObserver
from tests.unit.stored_runs import add_run
from tests.unit.worlds import NOTE, World
from workflows.messages.messages import Message
from workflows.messages.transcript import Transcript


class CopyMetrics(AttemptMetrics):
    """Counts of the copies that were begun, and of those that came to nothing."""

    def __init__(self) -> None:
        self.hits = self.misses = 0

    def on_cache_hit(self) -> None:
        self.hits += 1

    def on_cache_miss(self) -> None:
        self.misses += 1


@dataclass
class OpenAttempt:
    """An attempt with what it was given."""

    attempt: Attempt
    lease: Lease
    handle: RunHandle
    transcript: Transcript
    budget: AttemptBudget
    metrics: CopyMetrics
    ended_sections: list[tuple[str, Lease, int]] = field(default_factory=list)
    """Of each section that ended: the run, the lease, and the number of sections finished by then."""


async def note(world: World, **values: Any) -> Run:
    """A stored note that this process is to write."""
    options = {"keep_length": False, **values.pop("options", {})}
    usual = {"format": "note", "model": "openai:gpt-test", "input": NOTE, "process": world.engine.process}
    return await add_run(world.repository, **{**usual, **values}, options=options)


@asynccontextmanager
async def open_attempt(
    world: World, run: Run, log: RunLog, writer_type: type[LogWriter] = LogWriter, **tools: Any
) -> AsyncIterator[OpenAttempt]:
    """The next attempt at the run; what it says is in the log when the block ends. `tools` replace the usual ones."""
    lease = Lease(run.id, run.process, await log.take_over(run.id))
    transcript, seq = await replay(log, run.id)
    handle, metrics = RunHandle(), CopyMetrics()
    observer = AttemptObserver(metrics, [], transcript)
    writer = writer_type(log, lease, last_seq=seq, transcript=transcript, merge_seconds=0.0, metrics=observer)
    ended: list[tuple[str, Lease, int]] = []

    def on_section_end(run: Run, lease: Lease, transcript: Transcript) -> None:
        ended.append((run.id, lease, len(transcript.finished)))

    given = replace(world.tools, **{"on_section_end": on_section_end, **tools})
    async with writer:
        budget = world.budgets.draw_up(run, transcript)
        with world.budgets.enforce(run, budget):
            attempt = Attempt(run, lease, handle, writer, budget, observer, given)
            yield OpenAttempt(attempt, lease, handle, transcript, budget, metrics, ended)


async def write(world: World, run: Run, log: RunLog, **tools: Any) -> Message | None:
    """The last message of the next attempt at the run, which nobody disturbs."""
    async with open_attempt(world, run, log, **tools) as opened:
        return await opened.attempt.write()
