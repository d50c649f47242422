"""The runs in SQL: every owner's own, claimed once, keyed once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.log.entry import Entry
from backend.log.sql import SqlLog
from backend.log.sqlite import SqliteLog
from backend.store.database import Database
from backend.store.runs import RunRepository
from backend.store.sqlite import SqliteDatabase
from backend.store.tables import log_archives, log_entries, log_heads
from tests.unit.stored_runs import add_run, run_values


async def test_run_is_found_by_its_owner_as_it_was_stored(repository: RunRepository) -> None:
    before = datetime.now(UTC)
    run = await add_run(repository, input={"theme": "ירח 🌙"}, options={"parallel": 3}, process="P1")
    assert await repository.find("maya", run.id) == run
    assert (run.status, run.words, run.stop_requested) == ("running", 0, False)
    assert (run.result, run.error, run.answer, run.finished_at) == (None, None, None, None)
    assert (run.input, run.options, run.process) == ({"theme": "ירח 🌙"}, {"parallel": 3}, "P1")
    assert before <= run.created_at <= datetime.now(UTC)


async def test_run_of_another_owner_is_not_there_for_any_query(repository: RunRepository) -> None:
    run = await add_run(repository, idempotency_key="k")
    assert await repository.find("noa", run.id) is None
    assert await repository.find_by_key("noa", "k") is None
    assert await repository.page("noa", before=None, limit=9, status=None, format=None) == []
    await repository.delete("noa", run.id)
    assert await repository.find("maya", run.id) == run


async def test_idempotency_key_is_taken_once_by_each_owner(repository: RunRepository) -> None:
    first = await add_run(repository, idempotency_key="k", request_hash="h")
    assert await repository.add(run_values(idempotency_key="k")) is None
    other = await add_run(repository, owner="noa", idempotency_key="k")
    assert await repository.find_by_key("maya", "k") == first
    assert await repository.find_by_key("noa", "k") == other


async def test_idempotency_key_that_comes_twice_at_once_is_taken_once(repository: RunRepository) -> None:
    added = await asyncio.gather(*(repository.add(run_values(idempotency_key="k")) for _ in range(8)))
    (run,) = [run for run in added if run is not None]
    assert await repository.find_by_key("maya", "k") == run


async def test_runs_without_a_key_are_never_each_others(repository: RunRepository) -> None:
    first, second = await add_run(repository), await add_run(repository)
    assert first.id != second.id


async def test_claim_by_several_processes_is_won_once(repository: RunRepository, tmp_path: Path) -> None:
    run = await add_run(repository, process="dead")
    other = SqliteDatabase(f"sqlite:///{tmp_path / 'storywire.db'}")
    won = await asyncio.gather(
        *((repository if i % 2 else RunRepository(other)).claim(run, f"P{i}") for i in range(8))
    )
    await other.close()
    assert won.count(True) == 1
    (claimed,) = await repository.unfinished()
    assert claimed.process == f"P{won.index(True)}"


@pytest.mark.parametrize("status", ["failed", "cancelled"])
async def test_claim_of_a_run_that_ended_makes_it_a_running_one(
    repository: RunRepository, status: str
) -> None:
    run = await add_run(repository, process="P1", stop_requested=True)
    await repository.finish(run.id, status, error={"code": "X"}, words=12)  # type: ignore[arg-type]
    ended = await repository.find("maya", run.id)
    assert ended is not None
    assert (ended.process, ended.error, ended.words) == (None, {"code": "X"}, 12)
    assert ended.finished_at is not None
    assert [
        await repository.claim(ended, "P2", afresh=True),
        await repository.claim(ended, "P3", afresh=True),
    ] == [True, False]
    assert await repository.find("maya", run.id) == replace(
        ended, status="running", process="P2", error=None, stop_requested=False, finished_at=None
    )


@pytest.mark.parametrize("is_packed", [False, True])
async def test_claim_afresh_lifts_what_the_log_ends_with_and_sets_the_options_in_one_step(
    repository: RunRepository, log: SqlLog, is_packed: bool
) -> None:
    run = await add_run(repository)
    failed = [Entry(1, "content", b"{}"), Entry(2, "error", b"{}")]
    await log.append(run.id, await log.take_over(run.id), failed)
    await repository.finish(run.id, "failed", error={"code": "X"})
    if is_packed:
        await log.pack(run.id)
    ended = await repository.find("maya", run.id)
    assert ended is not None and ended.lifted_seq is None
    assert await repository.claim(replace(ended, options={"budget_usd": 2.0}), "P2", afresh=True)
    resumed = await repository.find("maya", run.id)
    assert resumed is not None and (resumed.lifted_seq, resumed.options) == (2, {"budget_usd": 2.0})
    assert await repository.claim(resumed, "P3", deaths=1)
    orphan = await repository.find("maya", run.id)
    assert orphan is not None and (orphan.lifted_seq, orphan.error, orphan.deaths) == (2, None, 1)


async def test_claim_of_a_run_that_has_moved_on_fails(repository: RunRepository) -> None:
    run = await add_run(repository, process="P1")
    await repository.finish(run.id, "completed")
    assert not await repository.claim(run, "P2")


async def test_answer_is_taken_by_a_waiting_run_once(repository: RunRepository) -> None:
    run = await add_run(repository, process="P1")
    assert not await repository.answer(run, "P2", {"title": "x"})
    await repository.update(run.id, status="waiting", process=None)
    taken = await asyncio.gather(*(repository.answer(run, f"P{i}", {"title": i}) for i in range(4)))
    assert taken.count(True) == 1
    answered = await repository.find("maya", run.id)
    assert answered is not None
    winner = taken.index(True)
    assert (answered.status, answered.process, answered.answer) == (
        "running",
        f"P{winner}",
        {"title": winner},
    )


async def test_page_lists_newest_first_and_goes_on_after_a_cursor(repository: RunRepository) -> None:
    ids = [(await add_run(repository, id=f"01J{n:023}")).id for n in range(7)]
    await add_run(repository, owner="noa", id=f"01J{9:023}")
    seen: list[str] = []
    while page := await repository.page(
        "maya", before=seen[-1] if seen else None, limit=3, status=None, format=None
    ):
        seen += [run.id for run in page]
    assert seen == ids[::-1]


async def test_page_takes_only_what_is_asked_for(repository: RunRepository) -> None:
    story, episode = await add_run(repository), await add_run(repository, format="episode")
    await repository.finish(story.id, "completed")
    for status, format, found in [
        ("completed", None, [story.id]),
        (None, "episode", [episode.id]),
        ("completed", "episode", []),
    ]:
        page = await repository.page("maya", before=None, limit=9, status=status, format=format)
        assert [run.id for run in page] == found


async def test_unfinished_are_the_running_runs_of_everybody(repository: RunRepository) -> None:
    running = [await add_run(repository, id=f"01J{n:023}", owner=f"owner{n}") for n in range(2)]
    waiting, done = await add_run(repository), await add_run(repository)
    await repository.update(waiting.id, status="waiting")
    await repository.finish(done.id, "failed")
    assert await repository.unfinished() == running


async def test_stop_requests_are_those_of_the_process_that_asks(repository: RunRepository) -> None:
    mine, another, ended = [await add_run(repository, process=name) for name in ("P1", "P2", "P1")]
    assert await repository.stop_requests("P1") == []
    for run in (mine, another, ended):
        await repository.update(run.id, stop_requested=True)
    await repository.update(ended.id, status="completed")
    assert await repository.stop_requests("P1") == [mine.id]


async def test_unpacked_are_runs_long_over_that_still_have_entries(
    repository: RunRepository, log: SqlLog
) -> None:
    old, fresh, running, empty = [await add_run(repository) for _ in range(4)]
    for run in (old, fresh, running):
        await log.append(run.id, await log.take_over(run.id), [Entry(1, "content", b"{}")])
    for run in (old, fresh, empty):
        await repository.finish(run.id, "completed")
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    await repository.update(old.id, finished_at=hour_ago)
    limit = hour_ago + timedelta(minutes=1)
    assert [run.id for run in await repository.unpacked(limit)] == [old.id]
    await log.pack(old.id)
    assert await repository.unpacked(limit) == []


async def test_delete_takes_the_log_with_it(
    repository: RunRepository, log: SqlLog, database: Database
) -> None:
    kept, packed, plain = [await add_run(repository) for _ in range(3)]
    for run in (kept, packed, plain):
        await log.append(run.id, await log.take_over(run.id), [Entry(1, "content", b"{}")])
    await repository.finish(packed.id, "completed")
    await log.pack(packed.id)
    for run in (packed, plain):
        await repository.delete("maya", run.id)
    for table in (log_heads, log_entries, log_archives):
        rows = await database.read(lambda c, table=table: c.scalars(select(table.c.run_id)).all())  # type: ignore[misc]
        assert set(rows) <= {kept.id}
    assert [entry.seq for entry in await SqliteLog(database).read(kept.id)] == [1]
