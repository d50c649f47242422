"""Children's data: consent, export of one child, and retention that really deletes."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from backend.runs.retention import Retention
from backend.store.runs.retention import RetentionRepository
from backend.store.schema.tables import runs
from backend.store.sql.database import Database
from backend.stories.retention import StoryRetention
from backend.stories.store.children import ChildRepository
from backend.stories.store.sessions import SessionRepository
from backend.stories.store.tables import children, story_sessions
from benchmarks.stories import prose
from tests.fakes.provider import FakeProvider
from tests.people import BODY, Person, add_person, anonymous, make_key, serve_accounts
from tests.service import LiveService

CHILDREN, RUNS = "/api/v1/children", "/api/v1/runs"
MAYA = {"name": "Maya", "age": 7, "interests": ["zyxlighthousekeeper"]}
MARK = b"zyxlighthousekeeper"
YEAR = timedelta(days=365)


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service with accounts."""
    async with serve_accounts(provider, tmp_path, record_dir=tmp_path / "recordings") as running:
        yield running


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def execute(database: Database, query: Any) -> None:
    await database.write(lambda connection: connection.execute(query))


async def add_child(person: Person) -> str:
    return str((await person.http.post(CHILDREN, json=MAYA)).json()["child_id"])


async def write_for(person: Person, child: str) -> str:
    wish = {"format": "story", "input": {"theme": "dragons", "child_id": child}}
    return str((await person.http.post(f"{RUNS}?wait=true", json=wish)).json()["run_id"])


async def test_consent_is_kept_with_its_time(service: LiveService) -> None:
    person = await add_person(service, "noa")
    before = datetime.now(UTC)
    silent = (await person.http.post(CHILDREN, json=MAYA)).json()
    given = (await person.http.post(CHILDREN, json={**MAYA, "consent": True})).json()
    assert silent["consent_at"] is None
    assert before <= datetime.fromisoformat(given["consent_at"]) <= datetime.now(UTC)
    path = f"{CHILDREN}/{silent['child_id']}"
    assert (await person.http.patch(path, json={"age": 8})).json()["consent_at"] is None
    assert (await person.http.patch(path, json={"consent": True})).json()["consent_at"] is not None
    # It isn't taken back by the way: that is what deleting the child is for.
    assert (await person.http.patch(path, json={"consent": False})).status_code == 422


async def test_child_without_a_consent_that_is_required_is_not_stored(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve_accounts(provider, tmp_path, require_consent=True) as service:
        person = await add_person(service, "noa")
        refused = await person.http.post(CHILDREN, json=MAYA)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "consent")
        child = (await person.http.post(CHILDREN, json={**MAYA, "consent": True})).json()["child_id"]
        before = await ChildRepository(service.resources.database).add(person.id, {**MAYA, "gender": None})
        refused = await person.http.patch(f"{CHILDREN}/{before.id}", json={"age": 8})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "consent")
        sessions, reader = "/api/v1/stories/sessions", {"name": "Zelda"}
        for path, body, field in (
            (sessions, {"theme": "dragons", "reader": reader}, "reader.name"),
            (sessions, {"theme": "dragons", "child_id": before.id}, "child_id"),
            (RUNS, story(reader=reader), "input.reader.name"),
            (RUNS, story(reader={"interests": ["cats"]}), "input.reader.interests"),
            (RUNS, story(custom_user_input="Zelda wants a cat"), "input.custom_user_input"),
            (RUNS, story(earlier=[{"number": 1, "title": "A", "choice": "b"}]), "input.earlier.0.choice"),
            (RUNS, story(child_id=before.id), "input.child_id"),
        ):
            refused = await person.http.post(path, json=body)
            assert refused.status_code == 422, path
            assert [error["field"] for error in refused.json()["errors"]] == [field]
        for body in (story(child_id=child), story(reader={"language": "en", "age": 7})):
            assert (await person.http.post(f"{RUNS}/quote", json=body)).status_code == 200
        begun = await person.http.post(sessions, json={"theme": "dragons", "child_id": child})
        given = await person.http.patch(f"{CHILDREN}/{before.id}", json={"age": 8, "consent": True})
        assert given.status_code == 200 and given.json()["consent_at"] is not None
        again = story(story_session_id=begun.json()["session_id"], custom_user_input="A cat!")
        assert (await person.http.post(f"{RUNS}/quote", json=again)).status_code == 200


def story(**input: Any) -> dict[str, Any]:
    given = input if "story_session_id" in input else {"theme": "dragons", **input}
    return {"format": "story", "input": given}


@pytest.mark.parametrize(
    "field", [{"birthdate": "2019-05-01"}, {"age": 7.5}, {"age": "7 years"}, {"surname": "X"}]
)
async def test_childs_age_is_kept_no_finer_than_in_years(
    service: LiveService, field: dict[str, object]
) -> None:
    person = await add_person(service, "noa")
    assert (await person.http.post(CHILDREN, json={**MAYA, **field})).status_code == 422


async def test_export_of_a_child_has_everything_of_it_and_nothing_of_another(service: LiveService) -> None:
    person, other = await add_person(service, "noa"), await add_person(service, "ben")
    child, sibling = await add_child(person), await add_child(person)
    mine, foreign = await write_for(person, child), await write_for(person, sibling)
    body = {"theme": "dragons", "child_id": child}
    session = (await person.http.post("/api/v1/stories/sessions", json=body)).json()["session_id"]
    reply = await person.http.get(f"{CHILDREN}/{child}/export")
    lines = [json.loads(line) for line in reply.text.splitlines()]
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert lines.pop() == {"end": {"rows": len(lines)}}
    ids = {line["row"].get("id") or line["row"].get("run_id") for line in lines}
    assert {child, mine, session} <= ids and not ids & {sibling, foreign}
    assert {line["table"] for line in lines} >= {"children", "runs", "story_sessions", "usage"}
    assert MARK.decode() in reply.text
    assert (await other.http.get(f"{CHILDREN}/{child}/export")).status_code == 404
    key = await make_key(person, "children:read")
    machine = anonymous(service, Authorization=f"Bearer {key}")
    assert (await machine.get(f"{CHILDREN}/{child}/export")).status_code == 403


async def test_export_of_a_child_is_a_security_event_and_has_those_about_the_child(
    service: LiveService,
) -> None:
    person = await add_person(service, "noa")
    child, sibling = await add_child(person), await add_child(person)
    run_id = await write_for(person, child)
    await person.http.post(f"{RUNS}/{run_id}/share")
    replies = [await person.http.get(f"{CHILDREN}/{each}/export") for each in (sibling, *[child] * 5)]
    assert [reply.status_code for reply in replies] == [200] * 5 + [429]
    assert int(replies[-1].headers["retry-after"]) > 1
    lines = [json.loads(line) for line in replies[-2].text.splitlines()]
    events = {(row["kind"], row["subject"]) for row in rows_of(lines, "security_events")}
    assert events == {("exported", child), ("shared", run_id)}


def rows_of(lines: list[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    return [line["row"] for line in lines if line.get("table") == table]


async def test_deleted_child_leaves_no_text_that_was_written_for_it_nor_a_version_of_one(
    service: LiveService, provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = prose(words=20)
    person = await add_person(service, "noa")
    child = await add_child(person)
    run_id = await write_for(person, child)
    body = {"theme": "dragons", "child_id": child}
    session = (await person.http.post("/api/v1/stories/sessions", json=body)).json()["session_id"]
    wish = {"format": "story", "input": {"story_session_id": session}}
    chapter = (await person.http.post(f"{RUNS}?wait=true", json=wish)).json()["run_id"]
    versions = []
    for each in (run_id, chapter):
        started = (await person.http.post(f"{RUNS}/{each}/versions", json={})).json()["run_id"]
        while (await person.http.get(f"{RUNS}/{started}")).json()["status"] != "completed":
            pass
        versions.append(started)
    assert MARK in bytes_below(tmp_path)
    farewell = (await person.http.delete(f"{CHILDREN}/{child}")).json()
    assert (farewell["runs_kept"], farewell["runs_deleted"]) == (0, 4)
    assert (await person.http.get(RUNS)).json()["runs"] == []
    assert MARK not in bytes_below(tmp_path)


async def test_story_that_is_deleted_with_its_chapters_leaves_no_version_of_one(
    service: LiveService, provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = prose(words=20)
    person = await add_person(service, "noa")
    reader = {"name": "Zyxlighthousekeeper", "age": 7}
    begun = await person.http.post("/api/v1/stories/sessions", json={"theme": "dragons", "reader": reader})
    path = f"/api/v1/stories/sessions/{begun.json()['session_id']}"
    wish = {"format": "story", "input": {"story_session_id": begun.json()["session_id"]}}
    chapter = (await person.http.post(f"{RUNS}?wait=true", json=wish)).json()["run_id"]
    version = (await person.http.post(f"{RUNS}/{chapter}/versions", json={})).json()["run_id"]
    while (await person.http.get(f"{RUNS}/{version}")).json()["status"] != "completed":
        pass
    await person.http.post(f"{RUNS}/{version}/versions", json={})
    # As with a child: nobody need ask for it.
    deleted = (await person.http.delete(path)).json()
    assert (deleted["runs"], deleted["runs_deleted"]) == ([chapter], True)
    assert (await person.http.get(RUNS)).json()["runs"] == []
    assert b"Zyxlighthousekeeper" not in bytes_below(tmp_path)


async def test_story_that_is_deleted_leaves_its_chapters_where_that_is_asked_for(
    service: LiveService,
) -> None:
    person = await add_person(service, "noa")
    run_id = (await person.http.post(f"{RUNS}?wait=true", json=BODY)).json()["run_id"]
    begun = await person.http.post("/api/v1/stories/sessions", json={"run_id": run_id})
    path = f"/api/v1/stories/sessions/{begun.json()['session_id']}"
    odd = await person.http.delete(path, params={"chapters": "some"})
    assert (odd.status_code, odd.json()["errors"][0]["field"]) == (422, "chapters")
    deleted = (await person.http.delete(path, params={"chapters": "keep"})).json()
    assert (deleted["runs"], deleted["runs_deleted"]) == ([run_id], False)
    assert (await person.http.get(path)).status_code == 404
    assert (await person.http.get(f"{RUNS}/{run_id}")).json()["text"]
    # It is a run of its own now: it may begin another story.
    assert (await person.http.post("/api/v1/stories/sessions", json={"run_id": run_id})).status_code == 201


async def test_what_is_kept_for_too_long_is_deleted_with_all_its_bytes(
    service: LiveService, tmp_path: Path
) -> None:
    person = await add_person(service, "noa")
    old, new = await add_child(person), await add_child(person)
    old_run, new_run = await write_for(person, old), await write_for(person, new)
    begun = [
        (await person.http.post("/api/v1/stories/sessions", json={"run_id": run})).json()["session_id"]
        for run in (old_run, new_run)
    ]
    database, long_ago = service.resources.database, datetime.now(UTC) - 2 * YEAR
    for change in (
        update(runs).where(runs.c.id == old_run).values(finished_at=long_ago),
        update(story_sessions).where(story_sessions.c.id == begun[0]).values(updated_at=long_ago),
        update(children).where(children.c.owner == person.id).values(updated_at=long_ago),
        # An old chapter of a story that somebody still reads.
        update(runs).where(runs.c.id == new_run).values(finished_at=long_ago),
    ):
        await execute(database, change)
    sessions = SessionRepository(database)
    stories = StoryRetention(sessions, ChildRepository(database))
    retention = Retention(RetentionRepository(database), service.resources.runs, [stories], YEAR)
    assert await retention.apply() == 3
    assert await retention.apply() == 0
    listed = (await person.http.get(CHILDREN)).json()["children"]
    assert [child["child_id"] for child in listed] == [new]
    assert [run["run_id"] for run in (await person.http.get(RUNS)).json()["runs"]] == [new_run]
    assert await sessions.find(person.id, begun[0]) is None
    assert await sessions.find(person.id, begun[1]) is not None
    left = bytes_below(tmp_path)
    assert MARK in left and old.encode() not in left
    await person.http.delete(f"{CHILDREN}/{new}", params={"chapters": "delete"})
    left = bytes_below(tmp_path)
    assert MARK not in left and new.encode() not in left


async def test_retention_runs_by_itself_where_it_is_set(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve_accounts(provider, tmp_path) as service:
        person = await add_person(service, "noa")
        run_id = (await person.http.post(f"{RUNS}?wait=true", json=BODY)).json()["run_id"]
        query = update(runs).where(runs.c.id == run_id).values(finished_at=datetime.now(UTC) - YEAR)
        await service.resources.database.write(lambda connection: connection.execute(query))
    async with serve_accounts(provider, tmp_path, retention_days=30) as service:
        while await service.resources.queries.page(person.id, limit=5):
            pass
