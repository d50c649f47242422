"""What a kept result may answer, and for how long."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from sqlalchemy import update

from backend.log.sql import SqlLog
from backend.runs.results.cache import ResultCache, make_cache_key
from backend.store.owner import Owner
from backend.store.runs.cache import CacheRepository
from backend.store.runs.owned_runs import OwnedRunRepository
from backend.store.runs.runs import NewRun, RunRepository
from backend.store.runs.sources import keep_result
from backend.store.schema.run_values import RunOptions, VersionChange, VersionOrigin
from backend.store.schema.tables import cached_results
from backend.store.sql.database import Database
from tests.databases import ENGINES
from tests.unit.messages import complete
from tests.unit.stored_runs import add_run, find_cached, finish_run, lease_run, new_run
from workflows.formats.story.format import StoryFormat
from workflows.models.spec import ModelSpec
from workflows.safety.policies.policy_files import load_policy

pytestmark = pytest.mark.engine(*ENGINES)

MODELS = [ModelSpec("openai", "gpt-test")]
RUN = new_run(options={"cache": "use"})


def key(run: NewRun, format: StoryFormat | None = None, models: list[ModelSpec] = MODELS) -> str | None:
    return make_cache_key(format or StoryFormat(), run, models, load_policy("child", 7))


class NewStories(StoryFormat):
    """Another version."""

    version: ClassVar[str] = "2"


class NeverTheSame(StoryFormat):
    """No input is answered by another's text."""

    def cache_key(self, given: object) -> None:
        del given


def test_key_is_the_same_for_the_same_request_however_it_was_put() -> None:
    whole = StoryFormat().parse(RUN.input).model_dump(mode="json")
    assert key(RUN) == key(replace(RUN, id="another", owner=Owner("noa"), input=whole))
    assert key(RUN) == key(replace(RUN, options=RunOptions(cache="refresh", parallel=3)))


def test_key_differs_by_input_length_version_models_and_policy() -> None:
    keys = {
        key(RUN),
        key(replace(RUN, input={"theme": "mars"})),
        key(replace(RUN, options=RunOptions(cache="use", keep_length=False))),
        key(RUN, NewStories()),
        key(RUN, models=[*MODELS, ModelSpec("openai", "judge")]),
        make_cache_key(StoryFormat(), RUN, MODELS, load_policy("child", 12)),
    }
    assert len(keys) == 6 and None not in keys


def test_run_that_wants_no_cache_or_is_made_of_another_text_has_no_key() -> None:
    assert key(RUN, NeverTheSame()) is None
    assert key(replace(RUN, options=RunOptions(cache="off"))) is None
    assert key(replace(RUN, origin=VersionOrigin(change=VersionChange()))) is None


def test_fingerprint_of_a_format_has_its_prompts() -> None:
    version, prompts = StoryFormat().fingerprint().split(":")
    assert version == "1" and len(prompts) == 16


async def test_kept_result_that_is_too_old_is_forgotten_and_the_run_stays(
    database: Database, repository: RunRepository
) -> None:
    kept = CacheRepository(database)
    run = await add_run(repository)
    await database.write(lambda connection: keep_result(connection, run.owner, "key", run.id))
    now, hour = datetime.now(UTC), timedelta(hours=1)
    await kept.drop(older_than=now - hour)
    assert await find_cached(database, "key") == run.id
    await kept.drop(older_than=now + hour)
    assert await find_cached(database, "key") is None
    assert await repository.find(run.owner, run.id) == run


async def test_result_answers_its_owner_alone_while_it_is_kept_and_there(
    database: Database, repository: RunRepository, log: SqlLog
) -> None:
    cache = ResultCache(CacheRepository(database), repository, ttl=60)
    kept = await add_run(repository, cache_key="k", process="P1")
    lease = await lease_run(log, kept)
    assert await OwnedRunRepository(database).complete(lease, kept, complete(), None, bought=True)
    since = cache.kept_since(RunOptions(cache="use"))

    async def source(kept_since: datetime | None = since, **values: object) -> str | None:
        added = await repository.add(new_run(**{"cache_key": "k", **values}), kept_since=kept_since)
        assert added is not None
        await finish_run(repository, added, "failed")
        return added.source_run_id

    assert await source() == kept.id
    assert await source(owner="noa") is None and await source(cache_key="other") is None
    assert await source(cache.kept_since(RunOptions(cache="refresh"))) is None
    assert await source(datetime.now(UTC)) is None  # too old
    await repository.delete(kept.owner, kept.id)
    assert await source() is None


async def test_result_kept_by_a_clock_that_was_ahead_answers_nothing_and_is_forgotten(
    database: Database, repository: RunRepository, log: SqlLog
) -> None:
    kept = await add_run(repository, cache_key="k", process="P1")
    lease = await lease_run(log, kept)
    assert await OwnedRunRepository(database).complete(lease, kept, complete(), None, bought=True)
    ahead = update(cached_results).values(created_at=datetime.now(UTC) + timedelta(days=400))
    await database.write(lambda connection: connection.execute(ahead))
    since = datetime.now(UTC) - timedelta(hours=1)
    added = await repository.add(new_run(cache_key="k"), kept_since=since)
    assert added is not None and added.source_run_id is None
    await CacheRepository(database).drop(older_than=since)
    assert await find_cached(database, "k") is None
