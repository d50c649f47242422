"""A kept result told again as another run's, and what it may answer."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from backend.log.entry import Entry
from backend.log.sql import SqlLog
from backend.runs.results.cache import ResultCache, cache_key, retell
from backend.store.cache import CacheRepository
from backend.store.database import Database
from backend.store.runs import Run, RunRepository
from tests.unit.messages import EVERY_TYPE, OUTLINE, complete, content, error, progress, retract, workflow
from tests.unit.stored_runs import add_run
from workflows.formats.story.format import StoryFormat
from workflows.messages.messages import (
    Message,
    MetricsCalculated,
    RunCompleted,
    TextAppended,
    UsageUpdated,
    encode,
)
from workflows.messages.transcript import Transcript
from workflows.models.spec import ModelSpec
from workflows.safety.policy import load_policy

METADATA = next(message for message in EVERY_TYPE if isinstance(message, MetricsCalculated))
MODELS = [ModelSpec("openai", "gpt-test")]
RUN = Run(
    id="01J00000000000000000000000", owner="maya", format="story", status="completed", model="openai:gpt-test",
    input={"theme": "moon"}, options={}, title=None, words=0, result=None, error=None, answer=None, process=None,
    stop_requested=False, deaths=0, lifted_seq=None, idempotency_key=None, request_hash=None,
    created_at=datetime.now(UTC), finished_at=None, root_run_id=None, parent_run_id=None, origin=None, plan=None,
    series=None, part=None,
)  # fmt: skip

WRITTEN: list[Message] = [
    workflow("started"),
    OUTLINE,
    content(0, "A first try."),
    error(),
    workflow("resumed", 2),
    retract(0),
    progress(10),
    content(1, "It ", ends=False),
    content(0, "The lamp", ends=False),
    content(1, "burns.", ends=True),
    content(0, " went out.", ends=True),
    content(0, "In short: it burns.", ends=True, piece="M1"),
    METADATA,
]
RESULT = complete("The lamp went out.\n\nIt burns.").model_dump(mode="json", exclude_none=True)


def test_result_told_again_has_each_thing_once_and_each_text_whole() -> None:
    told = retell(WRITTEN, RESULT, "another")
    assert told is not None
    assert [message.type for message in told] == [
        "outline",
        *["content"] * 3,
        "metadata",
        "usage",
        "complete",
    ]
    texts = [(m.section, m.chunk, m.piece) for m in told if isinstance(m, TextAppended)]
    assert texts == [
        (0, "The lamp went out.", None),
        (1, "It burns.", None),
        (0, "In short: it burns.", "M1"),
    ]
    assert all(message.is_complete for message in told if isinstance(message, TextAppended))


def test_result_told_again_is_the_other_runs_and_cost_nothing() -> None:
    told = retell(WRITTEN, RESULT, "another")
    assert told is not None and isinstance(told[-1], RunCompleted) and isinstance(told[-2], UsageUpdated)
    ending = told[-1]
    assert (ending.run_id, ending.cached, ending.usage.cost_usd, ending.usage.input_tokens) == (
        "another",
        True,
        0,
        0,
    )
    assert ending.usage.model == "openai:test" and ending.sha256 == RESULT["sha256"]
    transcript = Transcript()
    for message in told:
        transcript.apply(message)
    assert transcript.text == ending.story_content and not transcript.spent


def test_result_whose_log_has_another_text_is_not_told() -> None:
    assert retell([*WRITTEN, retract(1)], RESULT, "another") is None
    assert retell([], RESULT, "another") is None


def key(run: Run, format: StoryFormat | None = None, models: list[ModelSpec] = MODELS) -> str | None:
    return cache_key(format or StoryFormat(), run, models, load_policy("child", 7))


class NewStories(StoryFormat):
    """Another version."""

    version: ClassVar[str] = "2"


class NeverTheSame(StoryFormat):
    """No input is answered by another's text."""

    def cache_key(self, given: object) -> None:
        del given


def test_key_is_the_same_for_the_same_request_however_it_was_put() -> None:
    whole = StoryFormat().parse(RUN.input).model_dump(mode="json")
    assert key(RUN) == key(replace(RUN, id="another", owner="noa", input=whole))


def test_key_differs_by_input_version_models_and_policy() -> None:
    keys = {
        key(RUN),
        key(replace(RUN, input={"theme": "mars"})),
        key(RUN, NewStories()),
        key(RUN, models=[*MODELS, ModelSpec("openai", "judge")]),
        cache_key(StoryFormat(), RUN, MODELS, load_policy("child", 12)),
    }
    assert len(keys) == 5 and None not in keys


def test_format_may_say_that_an_input_is_never_answered_by_another() -> None:
    assert key(RUN, NeverTheSame()) is None


def test_fingerprint_of_a_format_has_its_prompts() -> None:
    version, prompts = StoryFormat().fingerprint().split(":")
    assert version == "1" and len(prompts) == 16


async def test_those_who_wait_hear_how_far_the_one_that_writes_is_and_one_follows_it(
    database: Database, repository: RunRepository, log: SqlLog
) -> None:
    cache = ResultCache(CacheRepository(database), repository, log, lambda _: "the same", ttl=60)
    first, second = (replace(RUN, id=name, options={"cache": "use"}) for name in ("first", "second"))
    heard: asyncio.Queue[int] = asyncio.Queue()
    assert await cache.obtain(first, heard.put_nowait) is None and heard.empty()
    waiting = asyncio.create_task(cache.obtain(second, heard.put_nowait))
    assert await heard.get() == 0
    for percent in (5, 40, 90):
        cache.tell(first, percent)
        assert await heard.get() == percent
        cache.tell(first, percent - 1)  # nothing new
        cache.tell(second, 99)  # it leads nobody
    cache.land(first)
    assert await waiting is None and heard.empty()
    cache.land(second)


async def test_kept_result_that_is_too_old_is_forgotten_and_the_run_stays(
    database: Database, repository: RunRepository
) -> None:
    kept = CacheRepository(database)
    run = await add_run(repository)
    await kept.put(run.owner, "key", run.id)
    now, hour = datetime.now(UTC), timedelta(hours=1)
    await kept.drop(older_than=now - hour)
    assert await kept.find(run.owner, "key", newer_than=now - hour) == run.id
    await kept.drop(older_than=now + hour)
    assert await kept.find(run.owner, "key", newer_than=now - hour) is None
    assert await repository.find(run.owner, run.id) == run


async def keep_one(database: Database, repository: RunRepository, log: SqlLog) -> tuple[ResultCache, Run]:
    """A cache with a result that can be told again, and the run that it is of."""
    cache = ResultCache(CacheRepository(database), repository, log, lambda _: "the same", ttl=60)
    kept = await add_run(repository, options={"cache": "use"})
    epoch = await log.take_over(kept.id)
    entries = [Entry(i, m.type, encode(m)) for i, m in enumerate(WRITTEN, 1)]
    await log.append(kept.id, epoch, entries)
    log.let_go(kept.id)  # from now on it is read from the disk
    await repository.finish(kept.id, "completed", result=RESULT)
    await cache.keep(kept)
    return cache, await add_run(repository, options={"cache": "use"})


BREAKS = {
    "no table": "DROP TABLE cached_results",
    "a message of another kind": 'UPDATE log_entries SET data = \'{"type": "song"}\'',
    "no JSON": "UPDATE log_entries SET data = 'x'",
    "a result without its parts": "UPDATE runs SET result = '{}' WHERE result IS NOT NULL",
}


@pytest.mark.parametrize("damage", BREAKS.values(), ids=BREAKS.keys())
async def test_kept_result_that_can_not_be_read_is_none_and_that_is_logged(
    damage: str, database: Database, repository: RunRepository, log: SqlLog
) -> None:
    cache, run = await keep_one(database, repository, log)
    told = await cache.obtain(run, lambda _: None)
    assert told is not None and isinstance(told[-1], RunCompleted)

    await database.write(lambda connection: connection.execute(text(damage)))
    with capture_logs() as lines:
        assert await cache.obtain(run, lambda _: None) is None
    assert [line["log_level"] for line in lines] == ["warning"]
    assert lines[0]["event"].startswith("kept_result_not_")
    cache.land(run)


async def test_result_is_likely_while_one_is_kept_or_being_written_and_not_for_who_wants_none(
    database: Database, repository: RunRepository, log: SqlLog
) -> None:
    cache = ResultCache(CacheRepository(database), repository, log, lambda run: run.options["key"], ttl=60)
    one, same = (replace(RUN, id=name, options={"cache": "use", "key": "a"}) for name in ("one", "same"))
    assert not await cache.is_likely(same)
    assert await cache.obtain(one, lambda _: None) is None
    assert await cache.is_likely(same)
    assert not await cache.is_likely(replace(same, owner="noa"))
    for options in (
        {"cache": "use", "key": "b"},
        {"cache": "refresh", "key": "a"},
        {"cache": "use", "key": None},
    ):
        assert not await cache.is_likely(replace(same, options=options))
    cache.land(one)
    assert not await cache.is_likely(same)
    kept = await add_run(repository, options={"cache": "use", "key": "a"})
    await repository.finish(kept.id, "completed", result=RESULT)
    await cache.keep(kept)
    assert await cache.is_likely(same)
