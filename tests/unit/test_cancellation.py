"""Cancelling a run that can't be cancelled."""

from pathlib import Path

import pytest

from backend.runs.engine.cancellation import RunCanceller
from backend.runs.engine.liveness import FileLiveness
from backend.store.owner import Owner
from backend.store.runs.runs import RunRepository
from tests.unit.stored_runs import add_run
from workflows.errors import Overloaded


class _WithoutALog:
    """The log is away: attempts end without a last message, as they do then."""

    def __init__(self) -> None:
        self.tries = 0

    async def submit(self, run_id: str) -> None:
        del run_id
        self.tries += 1

    async def stop_here(self, run_id: str) -> bool:
        del run_id
        return False


async def test_cancel_of_a_run_that_can_not_be_stopped_says_to_try_again(
    repository: RunRepository, tmp_path: Path
) -> None:
    liveness, engine = FileLiveness(tmp_path / "processes"), _WithoutALog()
    run = await add_run(repository, process="01J00000000000000000000000")
    with pytest.raises(Overloaded, match="try again") as refused:
        await RunCanceller(repository, liveness, engine).cancel(run)
    stored = await repository.find(Owner("maya"), run.id)
    await liveness.leave()

    assert refused.value.retryable and refused.value.retry_after > 0
    assert engine.tries > 1 and stored is not None and stored.status == "running"
