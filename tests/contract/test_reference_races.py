"""What is stored refers to what is there: of a deletion and of what begins meanwhile, one comes first."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.scripts.store.personas import PersonaRepository
from backend.scripts.store.tables import personas
from backend.store.accounts.belongings import BelongingsRepository
from backend.store.documents import Document, DocumentRepository
from backend.store.owner import Owner
from backend.store.reading_places import ReadingPlaceRepository
from backend.store.references import Reference, checking, run_reference
from backend.store.runs.runs import RunRepository
from backend.store.runs.shares import ShareRepository
from backend.store.schema.tables import documents
from backend.store.sql.database import Database
from backend.stories.store.children import ChangeProfile, ChildRepository
from backend.stories.store.sessions import SessionRepository
from backend.stories.store.tables import children, story_sessions
from tests.contract.test_credential_races import database_errors, paused_before, somebody_waits
from tests.unit.stored_runs import add_run, new_run
from workflows.errors import NotFound

NOA, BEN = Owner("noa"), Owner("ben")
NOW = datetime.now(UTC)


async def add_child(database: Database) -> str:
    return (await ChildRepository(database).add(NOA, {"name": "Maya"})).id


async def add_session(database: Database, child_id: str | None = None) -> str:
    values: dict[str, Any] = {"theme": "the sea", "planned_chapters": 5, "child_id": child_id}
    return (await SessionRepository(database).add(NOA, **values)).id


async def add_document(database: Database) -> str:
    texts = {"title": "Knees", "filename": "knees.txt", "media_type": "text/plain", "text": "A leaflet."}
    document = Document(
        "D" * 26, NOA, bytes=9, words=2, sha256="0" * 64, language="en", warnings=[], created_at=NOW, **texts
    )
    await DocumentRepository(database).add(document)
    return document.id


async def add_persona(database: Database) -> str:
    return (await PersonaRepository(database).add(NOA, {"kind": "script", "name": "Dana"})).id


async def add_parent(database: Database) -> str:
    return (await add_run(RunRepository(database), owner=NOA)).id


Add = Callable[[Database], Awaitable[str]]
Use = Callable[[Database, str], Awaitable[object]]


def start_with(refer: Callable[[str], Reference]) -> Use:
    async def start(database: Database, id: str) -> object:
        new = new_run(owner=NOA)
        return await RunRepository(database).add(new, also=checking(NOA, [refer(id)], None))

    return start


async def begin_session(database: Database, child_id: str) -> object:
    return await add_session(database, child_id)


async def begin_with_run(database: Database, child_id: str) -> object:
    run = await add_run(RunRepository(database), owner=NOA)
    values: dict[str, Any] = {"theme": "the sea", "planned_chapters": 5, "child_id": child_id}
    return await SessionRepository(database).add_from_run(NOA, run.id, 1, **values)


async def read_on(database: Database, session_id: str) -> object:
    await SessionRepository(database).add_minutes(NOA, session_id, NOW.date(), 5)
    return True


async def share(database: Database, run_id: str) -> object:
    return await ShareRepository(database).put(NOA, run_id, "a hash", NOW + timedelta(days=1))


async def keep_place(database: Database, run_id: str) -> object:
    if (place := await ReadingPlaceRepository(database).put(NOA, run_id, 0, 0)) is None:
        raise NotFound("None is what a place of no run is.")
    return place


ADD: dict[str, Add] = {
    "children": add_child,
    "story_sessions": add_session,
    "documents": add_document,
    "personas": add_persona,
    "runs": add_parent,
}
USES: list[tuple[str, Use]] = [
    ("children", start_with(lambda id: Reference(children, id, "child"))),
    ("story_sessions", start_with(lambda id: Reference(story_sessions, id, "story_session"))),
    ("documents", start_with(lambda id: Reference(documents, id, "document"))),
    ("personas", start_with(lambda id: Reference(personas, id, "persona"))),
    ("runs", start_with(run_reference)),
    ("children", begin_session),
    ("children", begin_with_run),
    ("story_sessions", read_on),
    ("runs", share),
    ("runs", keep_place),
]


async def delete(database: Database, table: str, id: str, owner: Owner = NOA) -> None:
    deletions: dict[str, Callable[[Owner, str], Awaitable[object]]] = {
        "children": ChildRepository(database).delete,
        "story_sessions": SessionRepository(database).delete,
        "documents": DocumentRepository(database).delete,
        "personas": PersonaRepository(database).remove,
        "runs": RunRepository(database).delete,
    }
    await deletions[table](owner, id)


@pytest.mark.parametrize(("table", "use"), USES)
async def test_what_was_deleted_is_referred_to_by_nothing_that_is_stored_afterwards(
    database: Database, table: str, use: Use
) -> None:
    id = await ADD[table](database)
    await delete(database, table, id, BEN)  # another's
    assert await use(database, id)
    await delete(database, table, id)
    with pytest.raises(NotFound):
        await use(database, id)


@pytest.mark.engine("postgresql")  # SQLite has one writer at a time
@pytest.mark.parametrize(("table", "use"), USES)
async def test_what_begins_waits_for_a_deletion_under_way_and_is_refused(
    database: Database, other_database: Database, table: str, use: Use
) -> None:
    id = await ADD[table](database)
    with database_errors() as errors, paused_before(f"DELETE FROM {table}") as (reached, go_on):
        deleting = asyncio.create_task(delete(other_database, table, id))
        assert await asyncio.to_thread(reached.wait, 20)
        using = asyncio.ensure_future(use(database, id))
        await somebody_waits(database)
        assert not using.done()
        go_on.set()
        await deleting
        with pytest.raises(NotFound):
            await using
    assert errors == []


async def test_chapters_of_a_child_that_is_deleted_are_runs_of_their_own(database: Database) -> None:
    child_id = await add_child(database)
    session_id, others = await add_session(database, child_id), await add_session(database)
    runs = RunRepository(database)
    kept = [await add_run(runs, owner=NOA, series=series, part=1) for series in (session_id, others)]
    await delete(database, "children", child_id)
    found = [await runs.find(NOA, run.id) for run in kept]
    assert [(run.series, run.part) for run in found if run is not None] == [(None, None), (others, 1)]


async def test_page_of_an_export_misses_nothing_that_nobody_deleted(database: Database) -> None:
    """The first rows are deleted after they were read."""
    there = [await add_child(database) for _ in range(52)]
    read: list[str] = []
    async for page in BelongingsRepository(database).pages(NOA, children):
        read += [row["id"] for row in page]
        for id in read[:10]:
            await delete(database, "children", id)
    assert read == sorted(there) and "owner" not in page[0]


async def test_changes_of_a_child_at_once_are_all_kept(database: Database, other_database: Database) -> None:
    id = await add_child(database)

    def set_to(field: str, value: int) -> ChangeProfile:
        return lambda stored: {**stored, field: value}

    for number in range(5):
        await asyncio.gather(
            *(
                ChildRepository(each).update(NOA, id, set_to(field, number))
                for each, field in ((database, "age"), (other_database, "level"), (database, "words"))
            )
        )
        child = await ChildRepository(database).find(NOA, id)
        assert child is not None
        assert child.profile == {"name": "Maya", "age": number, "level": number, "words": number}
