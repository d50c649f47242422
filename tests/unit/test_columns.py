"""Integers beyond 64 bits: refused where a person sent them, brought to what fits where we store them ourselves."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from backend.store.owner import Owner
from backend.store.runs.runs import RunRepository
from backend.store.schema.columns import LARGEST, MOST_TOKENS, read_json
from backend.store.schema.run_values import RunOptions
from backend.store.sql.database import Database
from backend.store.usage import UsageRepository
from backend.stories.store.children import ChildRepository
from backend.stories.store.sessions import SessionRepository
from tests.databases import ENGINES
from tests.unit.messages import complete
from tests.unit.stored_runs import add_run, finish_run
from workflows.errors import InvalidInput

pytestmark = pytest.mark.engine(*ENGINES)

TOO_LARGE = [LARGEST + 1, -LARGEST - 2, 10**30]


@pytest.mark.parametrize("number", TOO_LARGE)
@pytest.mark.parametrize(
    ("values", "field"),
    [
        (lambda n: {"input": {"reader": {"age": n}}}, "input.reader.age"),
        (lambda n: {"input": {"ages": [1, [n]]}}, "input.ages.1.0"),
        (lambda n: {"series": "S", "part": n}, "chapter_number"),
    ],
)
async def test_run_with_a_number_that_is_too_large_is_refused_by_its_field(
    repository: RunRepository, values: Any, field: str, number: int
) -> None:
    with pytest.raises(InvalidInput, match=f"an integer between -{LARGEST + 1} and {LARGEST}") as refused:
        await add_run(repository, **values(number))
    assert [error.field for error in refused.value.errors] == [field]
    assert await repository.unfinished() == []


@pytest.mark.parametrize("number", TOO_LARGE)
async def test_child_and_session_with_a_number_that_is_too_large_are_refused(
    database: Database, number: int
) -> None:
    sessions = SessionRepository(database)
    session = await sessions.add(Owner("maya"), theme="moon", planned_chapters=5)
    for field in ("planned_chapters", "bookmark_chapter", "bookmark_section"):
        with pytest.raises(InvalidInput, match="an integer between"):
            await sessions.update(Owner("maya"), session.id, **{field: number})
    with pytest.raises(InvalidInput, match=r"^profile\.age: "):
        await ChildRepository(database).add(Owner("maya"), {"age": number})
    assert await sessions.find(Owner("maya"), session.id) == session


@pytest.mark.parametrize("number", [LARGEST, -LARGEST - 1])
async def test_largest_numbers_are_kept(repository: RunRepository, number: int) -> None:
    run = await add_run(repository, input={"n": number, "whole": [number, 1.5e300, True, None, "9" * 40]})
    assert run.input == {"n": number, "whole": [number, 1.5e300, True, None, "9" * 40]}
    assert await repository.inputs_with(Owner("maya"), "n", str(number)) == [(run.id, run.input)]


async def test_result_with_numbers_that_are_too_large_is_kept_with_the_nearest_that_fit(
    repository: RunRepository,
) -> None:
    run = await add_run(repository)
    result = complete("Once.").model_copy(update={"metadata": {"words": 10**30, "left": [-(10**30), 7]}})
    stored = await finish_run(repository, run, "completed", result=result)
    assert stored.result is not None
    assert stored.result.metadata == {"words": LARGEST, "left": [-LARGEST - 1, 7]}


async def test_usage_that_no_provider_can_mean_is_stored_and_added_up(database: Database) -> None:
    usage = UsageRepository(database)
    part = {"role": "writing", "model": "m", "cost_usd": None, "estimated": False}
    for run_id in ("A", "B"):
        for day in ("2026-11-01", "2026-11-02"):
            about = {"id": run_id, "owner": "maya", "format": "story"}
            await usage.put(
                about, day, [{**part, "input_tokens": 2**63, "output_tokens": 2**63 - 1}], epoch=1
            )
    sums = await usage.sums(Owner("maya"), "2026-11-01", "2026-11-30", "model")
    assert [each.runs for each in sums] == [2]
    assert 2 * MOST_TOKENS <= sums[0].input_tokens <= 4 * MOST_TOKENS


@pytest.mark.parametrize(
    ("column", "stored", "read"),
    [
        ("input", "'[]'", {}),
        ("input", "'7'", {}),
        ("options", "'7'", RunOptions()),
        ("result", "'[1]'", None),
        ("status", "'paused'", "failed"),
        ("created_at", str(LARGEST), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("finished_at", str(-LARGEST - 1), datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
async def test_damaged_row_is_listed_found_and_deleted(
    repository: RunRepository, database: Database, column: str, stored: str, read: object
) -> None:
    owner, run = Owner("maya"), await add_run(repository)
    await database.write(lambda connection: connection.execute(text(f"UPDATE runs SET {column} = {stored}")))
    found = await repository.find(owner, run.id)
    assert getattr(found, column) == read
    assert [each.id for each in await repository.page(owner, limit=5)] == [run.id]
    await repository.delete(owner, run.id)
    assert await repository.find(owner, run.id) is None


def test_column_that_holds_no_json_is_absent() -> None:
    assert [read_json("no JSON"), read_json('{"a":1}')] == [None, {"a": 1}]
