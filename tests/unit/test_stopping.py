"""Stopping a run that doesn't let itself be stopped."""

from pathlib import Path

import pytest

from backend.runs.attempt.executor import Executor
from backend.runs.attempt.handle import Signals
from backend.runs.engine.cancellation import Stopping
from backend.runs.engine.inline import InlineExecution
from backend.runs.engine.liveness import Presence
from backend.store.runs import Run, RunRepository
from backend.telemetry.metrics import Measures
from tests.unit.stored_runs import add_run
from workflows.errors import Overloaded


class _WithoutALog(Executor):
    """The log is away: runs end without a last word, as they do then, and are still to be executed."""

    def __init__(self) -> None:
        self.tries = 0

    async def execute(self, run: Run, signals: Signals) -> None:
        del run, signals
        self.tries += 1


async def test_stop_of_a_run_that_can_not_be_stopped_says_to_try_again(
    repository: RunRepository, tmp_path: Path
) -> None:
    presence, executor = Presence(tmp_path / "processes"), _WithoutALog()
    execution = InlineExecution(executor, repository, presence.id, max_runs=5, measures=Measures())
    run = await add_run(repository, process="01J00000000000000000000000")
    with pytest.raises(Overloaded, match="try again") as refused:
        await Stopping(repository, execution, presence).stop(run)
    stored = await repository.find("maya", run.id)
    presence.leave()

    assert refused.value.retryable and refused.value.retry_after > 0
    assert executor.tries > 1 and stored is not None and stored.status == "running"
