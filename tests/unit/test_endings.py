"""How a run ended, also one of a format whose package has gone since."""

import pytest

from backend.log.sqlite import SqliteLog
from backend.runs.attempt.finalize import Endings
from backend.runs.results.cache import ResultCache
from backend.store.cache import CacheRepository
from backend.store.database import Database
from backend.store.runs import RunRepository
from tests.unit.messages import complete, error
from tests.unit.stored_runs import add_run
from workflows.messages.messages import Message
from workflows.messages.transcript import Transcript


@pytest.mark.parametrize(
    ("ending", "status"), [(complete(), "completed"), (error(), "failed"), (None, "running")]
)
async def test_ending_of_a_run_whose_format_has_gone_is_stored_from_its_log(
    database: Database, repository: RunRepository, ending: Message | None, status: str
) -> None:
    cache = ResultCache(CacheRepository(database), repository, SqliteLog(database), lambda _: None, ttl=60)
    run = await add_run(repository, process="P1")
    await Endings({}, repository, cache).store(run, ending, Transcript())
    stored = await repository.find("maya", run.id)

    assert stored is not None and (stored.status, stored.process) == (status, None)
    assert (stored.result is not None, stored.plan) == (status == "completed", None)
