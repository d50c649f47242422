"""The port of the run store: states and moves of runs, on every database that it is kept in."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from sqlalchemy import event, select, text
from structlog.testing import capture_logs

from backend.log.entry import Entry
from backend.log.sql import SqlLog
from backend.store.owner import Owner
from backend.store.runs.charges import Limit, LimitReached
from backend.store.runs.runs import Run, RunAssignment, RunRepository
from backend.store.schema.run_values import RunOptions, VersionChange, VersionOrigin
from backend.store.schema.tables import log_archives, log_entries, log_heads
from backend.store.schema.transitions import MOVES, Event, Status
from backend.store.sql.database import Database
from backend.store.sqlite.database import SqliteDatabase
from backend.store.threads import ThreadPlace, ThreadRepository
from tests.databases import ENGINES, open_log
from tests.unit.messages import OUTLINE, complete, error
from tests.unit.stored_runs import add_run, change_run, finish_run, new_run

pytestmark = pytest.mark.engine(*ENGINES)

NOW = datetime.now(UTC)


async def test_run_is_found_by_its_owner_as_it_was_stored(repository: RunRepository) -> None:
    before = datetime.now(UTC)
    run = await add_run(repository, input={"theme": "ירח 🌙"}, options={"parallel": 3}, process="P1")
    assert await repository.find(Owner("maya"), run.id) == run
    assert (run.status, run.words, run.stop_requested) == ("running", 0, False)
    assert (run.result, run.error, run.answer, run.finished_at) == (None, None, None, None)
    assert (run.input, run.options, run.process) == (
        {"theme": "ירח 🌙"},
        RunOptions(parallel=3),
        "P1",
    )
    assert before <= run.created_at <= datetime.now(UTC)


async def test_run_of_another_owner_is_not_there_for_any_query(repository: RunRepository) -> None:
    run = await add_run(repository, idempotency_key="k")
    assert await repository.find(Owner("noa"), run.id) is None
    assert await repository.find_by_key(Owner("noa"), "k") is None
    assert await repository.page(Owner("noa"), limit=9) == []
    await repository.delete(Owner("noa"), run.id)
    assert await repository.find(Owner("maya"), run.id) == run


async def test_idempotency_key_is_taken_once_by_each_owner(repository: RunRepository) -> None:
    first = await add_run(repository, idempotency_key="k", request_hash="h")
    assert await repository.add(new_run(idempotency_key="k")) is None
    other = await add_run(repository, owner="noa", idempotency_key="k")
    assert await repository.find_by_key(Owner("maya"), "k") == first
    assert await repository.find_by_key(Owner("noa"), "k") == other


async def test_idempotency_key_that_comes_twice_at_once_is_taken_once(repository: RunRepository) -> None:
    added = await asyncio.gather(*(repository.add(new_run(idempotency_key="k")) for _ in range(8)))
    (run,) = [run for run in added if run is not None]
    assert await repository.find_by_key(Owner("maya"), "k") == run


async def test_place_in_a_thread_is_had_once_also_after_its_run_is_deleted(
    repository: RunRepository, database: Database
) -> None:
    place = ThreadPlace("t", 1)
    added = await asyncio.gather(*(repository.add(new_run(), place=place) for _ in range(6)))
    (run,) = [run for run in added if run is not None]
    await repository.delete(run.owner, run.id)
    assert await repository.add(new_run(), place=place) is None
    assert await repository.add(new_run(), place=ThreadPlace("t", 2)) is not None
    assert await repository.add(new_run(owner="noa"), place=place) is not None
    threads = ThreadRepository(database)
    found = [await threads.last_ordinal(Owner(owner), "t") for owner in ("maya", "noa", "ben")]
    assert found == [2, 1, 0]


async def test_place_is_not_taken_by_a_run_that_is_refused(repository: RunRepository) -> None:
    await add_run(repository, idempotency_key="k")
    assert await repository.add(new_run(idempotency_key="k"), place=ThreadPlace("t", 1)) is None
    nothing = Limit(0, NOW - timedelta(days=1), NOW + timedelta(days=1))
    with pytest.raises(LimitReached):
        await repository.add(new_run(), place=ThreadPlace("t", 1), limit=nothing)
    assert await repository.add(new_run(), place=ThreadPlace("t", 1)) is not None


async def test_run_that_takes_the_place_of_another_has_that_stopped_unless_it_is_refused(
    repository: RunRepository,
) -> None:
    old = await add_run(repository, process="P")
    foreign = await add_run(repository, owner="noa", process="P")
    nothing = Limit(0, NOW - timedelta(days=1), NOW + timedelta(days=1))
    with pytest.raises(LimitReached):
        await repository.add(new_run(), place=ThreadPlace("t", 2, old.id), limit=nothing)
    assert await repository.owned_by("P") == {old.id: False, foreign.id: False}
    await repository.add(new_run(), place=ThreadPlace("t", 2, old.id))
    await repository.add(new_run(), place=ThreadPlace("t", 3, foreign.id))
    assert await repository.owned_by("P") == {old.id: True, foreign.id: False}


async def test_runs_without_a_key_are_never_each_others(repository: RunRepository) -> None:
    first, second = await add_run(repository), await add_run(repository)
    assert first.id != second.id


async def test_claim_by_several_processes_is_won_once(
    repository: RunRepository, other_database: Database
) -> None:
    run = await add_run(repository, process="dead")
    won = await asyncio.gather(
        *((repository if i % 2 else RunRepository(other_database)).take_over(run, f"P{i}") for i in range(8))
    )
    assert won.count(True) == 1
    (claimed,) = await repository.unfinished()
    assert claimed.process == f"P{won.index(True)}"


@pytest.mark.parametrize("status", ["failed", "cancelled"])
async def test_resume_of_a_run_that_ended_makes_it_a_running_one(
    repository: RunRepository, status: str
) -> None:
    run = await add_run(repository, stop_requested=True, crash_count=3)
    ended = await finish_run(repository, run, status, error=error(), words=12)
    assert (ended.process, ended.error, ended.words) == (None, error(), 12) and ended.is_finished
    resumed = [await repository.resume(ended, name, ended.options) for name in ("P2", "P3")]
    assert resumed == [True, False]
    assert await repository.find(Owner("maya"), run.id) == replace(
        ended,
        status="running",
        process="P2",
        error=None,
        stop_requested=False,
        finished_at=None,
        crash_count=0,
    )


@pytest.mark.parametrize("is_packed", [False, True])
async def test_resume_supersedes_what_the_log_ends_with_and_sets_the_options_in_one_step(
    repository: RunRepository, log: SqlLog, is_packed: bool
) -> None:
    run = await add_run(repository)
    failed = [Entry(1, "content", b"{}"), Entry(2, "error", b"{}")]
    await log.append(run.id, await log.take_over(run.id), failed)
    ended = await finish_run(repository, run, "failed", error=error())
    if is_packed:
        await log.pack(run.id)
    assert ended.superseded_error_seq is None
    assert await repository.resume(ended, "P2", RunOptions(budget_usd=2.0))
    resumed = await repository.get(run.id)
    assert resumed is not None
    assert (resumed.superseded_error_seq, resumed.options) == (2, RunOptions(budget_usd=2.0))
    assert await repository.take_over(resumed, "P3", crash_count=1)
    orphan = await repository.get(run.id)
    assert orphan is not None
    assert (orphan.superseded_error_seq, orphan.error, orphan.crash_count) == (2, None, 1)


async def test_take_over_of_a_run_that_has_moved_on_fails(repository: RunRepository) -> None:
    run = await add_run(repository, process="P1")
    await finish_run(repository, run, "completed")
    assert not await repository.take_over(run, "P2")


MOVERS: dict[Event, Callable[[RunRepository, Run], Awaitable[bool]]] = {
    "take_over": lambda repository, run: repository.take_over(run, "P2"),
    "resume": lambda repository, run: repository.resume(run, "P2", run.options),
    "answer": lambda repository, run: repository.answer(run, "P2", OUTLINE),
}


@pytest.mark.parametrize("event", MOVERS)
@pytest.mark.parametrize("status", get_args(Status))
async def test_run_moves_only_as_the_table_of_transitions_allows(
    repository: RunRepository, event: Event, status: Status
) -> None:
    run = await add_run(repository, process=None, status=status)
    allowed = status in MOVES[event].sources
    assert await MOVERS[event](repository, run) is allowed
    after = await repository.get(run.id)
    assert after is not None and after.status == (MOVES[event].target if allowed else status)


async def test_answer_is_taken_by_a_waiting_run_once(repository: RunRepository) -> None:
    run = await add_run(repository, process=None, status="waiting", stop_requested=True)
    answers = [OUTLINE.model_copy(update={"title": f"Plan {n}"}) for n in range(4)]
    taken = await asyncio.gather(*(repository.answer(run, f"P{n}", each) for n, each in enumerate(answers)))
    assert taken.count(True) == 1
    answered = await repository.get(run.id)
    winner = taken.index(True)
    assert answered is not None and not answered.stop_requested
    assert (answered.status, answered.process, answered.answer) == ("running", f"P{winner}", answers[winner])


async def test_page_lists_newest_first_and_goes_on_after_a_cursor(repository: RunRepository) -> None:
    ids = [(await add_run(repository, id=f"01J{n:023}")).id for n in range(7)]
    await add_run(repository, owner="noa", id=f"01J{9:023}")
    seen: list[str] = []
    while page := await repository.page(Owner("maya"), before=seen[-1] if seen else None, limit=3):
        seen += [run.id for run in page]
    assert seen == ids[::-1]


async def test_page_takes_only_what_is_asked_for(repository: RunRepository) -> None:
    story, episode = await add_run(repository), await add_run(repository, format="episode")
    await finish_run(repository, story, "completed")
    for status, format, found in [
        ("completed", None, [story.id]),
        (None, "episode", [episode.id]),
        ("completed", "episode", []),
    ]:
        page = await repository.page(Owner("maya"), limit=9, status=status, format=format)
        assert [run.id for run in page] == found


async def test_unfinished_are_the_running_runs_of_everybody(repository: RunRepository) -> None:
    running = [await add_run(repository, id=f"01J{n:023}", owner=f"owner{n}") for n in range(2)]
    waiting, done = await add_run(repository), await add_run(repository)
    await change_run(repository, waiting, status="waiting")
    await finish_run(repository, done, "failed")
    assert await repository.unfinished() == [
        RunAssignment(
            id=run.id,
            owner=run.owner,
            format=run.format,
            status="running",
            process=run.process,
            crash_count=0,
        )
        for run in running
    ]


async def test_owned_runs_are_those_of_the_process_that_asks_each_with_its_stop(
    repository: RunRepository,
) -> None:
    mine, another, ended = [await add_run(repository, process=name) for name in ("P1", "P2", "P1")]
    assert await repository.owned_by("P1") == {mine.id: False, ended.id: False}
    for run in (mine, another, ended):
        await repository.request_stop(run.id, "P1")
    await change_run(repository, ended, status="completed")
    assert await repository.owned_by("P1") == {mine.id: True}
    assert await repository.owned_by("P2") == {another.id: False}


@pytest.mark.engine("sqlite")
async def test_lists_read_no_text(repository: RunRepository, database: SqliteDatabase) -> None:
    run = await add_run(repository, series="S", part=1, input={"child_id": "C"})
    await finish_run(repository, run, "completed", result=complete("Once."), section_count=1)
    statements: list[str] = []
    engine = database._reader
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    [listed] = await repository.page(Owner("maya"), limit=9)
    assert await repository.part_summaries(Owner("maya"), ["S"]) == [listed] and listed.section_count == 1
    assert await repository.inputs_with(Owner("maya"), "child_id", "C") == [(run.id, {"child_id": "C"})]
    await repository.unpacked(datetime.now(UTC))
    await repository.unfinished()

    asked = [statement for statement in statements if "SELECT" in statement]
    assert len(asked) == 5
    for name in ("result", "plan", "origin", "answer", "options"):
        assert not [statement for statement in asked if f"runs.{name}" in statement.split("FROM")[0]]


async def test_parts_have_the_formats_own_results_without_the_text(repository: RunRepository) -> None:
    whole = complete("Once.").model_copy(update={"summary": "A start."})
    run = await add_run(repository, series="S", part=1, input={"child_id": "C"})
    await finish_run(repository, run, "completed", result=whole)
    await add_run(repository, series="S", part=2)
    first, second = await repository.parts(Owner("maya"), ["S"])
    assert (first.input, first.results) == ({"child_id": "C"}, {"summary": "A start."})
    assert second.results == {}


async def test_versions_have_the_change_that_made_them_without_the_text(repository: RunRepository) -> None:
    first = await add_run(repository)
    change = VersionChange(section=1, feedback="Shorter.")
    second = await add_run(
        repository, root_run_id=first.id, parent_run_id=first.id, origin=VersionOrigin(change=change)
    )
    found = await repository.versions(Owner("maya"), first.id)
    assert [(each.id, each.change) for each in found] == [(first.id, None), (second.id, change)]


@pytest.mark.parametrize("name", ["result", "error", "answer", "origin", "plan", "options"])
async def test_run_with_a_column_that_can_not_be_read_is_found_without_it_and_can_be_deleted(
    repository: RunRepository, database: Database, name: str
) -> None:
    run = await add_run(repository)
    odd = text(f'UPDATE runs SET {name} = \'{{"outline": 3, "parallel": "many"}}\'')
    await database.write(lambda connection: connection.execute(odd))
    with capture_logs() as logged:
        found = await repository.find(Owner("maya"), run.id)
    assert found is not None and getattr(found, name) == (RunOptions() if name == "options" else None)
    assert [line["event"] for line in logged] == ["column_not_readable"]
    await repository.delete(Owner("maya"), run.id)
    assert await repository.get(run.id) is None


async def test_field_of_a_later_version_is_read_past(repository: RunRepository, database: Database) -> None:
    run = await add_run(repository)
    later = text('UPDATE runs SET options = \'{"parallel": 2, "voice": "low"}\'')
    await database.write(lambda connection: connection.execute(later))
    found = await repository.get(run.id)
    assert found is not None and found.options.parallel == 2


async def test_unpacked_are_runs_long_over_that_still_have_entries(
    repository: RunRepository, log: SqlLog
) -> None:
    old, fresh, running, empty = [await add_run(repository) for _ in range(4)]
    for run in (old, fresh, running):
        await log.append(run.id, await log.take_over(run.id), [Entry(1, "content", b"{}")])
    for run in (old, fresh, empty):
        await finish_run(repository, run, "completed")
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    await change_run(repository, old, finished_at=hour_ago)
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
    await finish_run(repository, packed, "completed")
    await log.pack(packed.id)
    for run in (packed, plain):
        await repository.delete(Owner("maya"), run.id)
    for table in (log_heads, log_entries, log_archives):
        rows = await database.read(lambda c, table=table: c.scalars(select(table.c.run_id)).all())  # type: ignore[misc]
        assert set(rows) <= {kept.id}
    assert [entry.seq for entry in await open_log(database).read(kept.id)] == [1]


@pytest.mark.parametrize(("seen", "now"), [("failed", "cancelled"), ("cancelled", "failed")])
async def test_resume_of_a_run_that_ended_anew_since_it_was_read_is_refused(
    repository: RunRepository, seen: Status, now: Status
) -> None:
    before = await finish_run(repository, await add_run(repository), seen)
    ended_anew = await change_run(repository, before, status=now)  # somebody resumed it in between
    assert not await repository.resume(before, "P2", before.options)
    assert await repository.get(before.id) == ended_anew
    assert await repository.resume(ended_anew, "P2", before.options)


@pytest.mark.parametrize("status", ["failed", "cancelled"])
async def test_resume_of_a_run_that_was_resumed_and_ended_alike_since_it_was_read_leaves_its_caps(
    repository: RunRepository, status: Status
) -> None:
    before = await finish_run(repository, await add_run(repository), status)
    assert await repository.resume(before, "P2", RunOptions(budget_usd=5.0))
    resumed = await repository.get(before.id)
    assert resumed is not None
    ended_anew = await finish_run(repository, resumed, status)
    assert not await repository.resume(before, "P3", RunOptions(budget_usd=1.0))
    assert await repository.get(before.id) == ended_anew and ended_anew.options.budget_usd == 5.0
