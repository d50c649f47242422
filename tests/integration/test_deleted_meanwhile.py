"""Starts that fall together with a deletion of what they refer to: refused, and nothing of it is stored."""

from pathlib import Path
from typing import Any

import pytest

from backend.store.owner import Owner
from backend.store.runs.runs import RunRepository
from backend.stories.store.children import ChildRepository, StoredChild
from backend.stories.store.sessions import SessionRepository
from tests.fakes.provider import FakeProvider
from tests.people import Person, add_person, serve_accounts

CHILDREN, RUNS, SESSIONS = "/api/v1/children", "/api/v1/runs", "/api/v1/stories/sessions"
MAYA = {"name": "Maya", "age": 7}


async def make(person: Person, path: str, body: dict[str, Any], id: str) -> str:
    reply = await person.http.post(path, json=body)
    assert reply.status_code == 201, reply.text
    return str(reply.json()[id])


async def test_start_that_looked_something_up_before_it_was_deleted_stores_nothing(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted is between the lookup and the transaction, where a start is as slow as it can be."""
    deleted: list[str] = []
    for repository, name in ((RunRepository, "add"), (SessionRepository, "add")):
        original = getattr(repository, name)

        async def add(self: Any, *given: Any, _original: Any = original, **values: Any) -> Any:
            while deleted:
                assert (await noa.http.delete(deleted.pop())).status_code in (200, 204)
            return await _original(self, *given, **values)

        monkeypatch.setattr(repository, name, add)
    async with serve_accounts(provider, tmp_path, judge="off") as service:
        noa = await add_person(service, "noa")

        async def begin(gone: str, path: str, body: dict[str, Any]) -> None:
            deleted.append(gone)
            reply = await noa.http.post(path, json=body)
            assert (reply.status_code, reply.json()["code"]) == (404, "NOT_FOUND"), reply.text

        child = await make(noa, CHILDREN, MAYA, "child_id")
        story = {"format": "story", "input": {"theme": "dragons", "child_id": child}}
        await begin(f"{CHILDREN}/{child}", RUNS, story)
        child = await make(noa, CHILDREN, MAYA, "child_id")
        await begin(f"{CHILDREN}/{child}", SESSIONS, {"theme": "dragons", "child_id": child})

        session = await make(noa, SESSIONS, {"theme": "dragons", "reader": MAYA}, "session_id")
        chapter = {"format": "story", "input": {"story_session_id": session}}
        first = await make(noa, f"{RUNS}?wait=true", chapter, "run_id")
        await begin(f"{RUNS}/{first}", RUNS, chapter)  # its recap would be in the next one
        await begin(f"{SESSIONS}/{session}", RUNS, chapter)

        lone = {"format": "story", "input": {"theme": "dragons"}}
        parent = await make(noa, f"{RUNS}?wait=true", lone, "run_id")
        await begin(f"{RUNS}/{parent}", f"{RUNS}/{parent}/versions", {})
        for path, name in ((RUNS, "runs"), (SESSIONS, "sessions"), (CHILDREN, "children")):
            assert (await noa.http.get(path)).json()[name] == []


async def test_list_of_stories_is_one_while_a_child_of_theirs_is_deleted(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, deleted = ChildRepository.find, list[str]()

    async def find_late(self: ChildRepository, owner: Owner, child_id: str) -> StoredChild | None:
        while deleted:
            assert (await noa.http.delete(deleted.pop())).status_code == 200
        return await find(self, owner, child_id)

    async with serve_accounts(provider, tmp_path) as service:
        noa = await add_person(service, "noa")
        stories = []
        for reader in ({"reader": MAYA}, {"child_id": await make(noa, CHILDREN, MAYA, "child_id")}):
            stories.append(await make(noa, SESSIONS, {"theme": "dragons", **reader}, "session_id"))
        monkeypatch.setattr(ChildRepository, "find", find_late)
        deleted.append(f"{CHILDREN}/{reader['child_id']}")
        page = await noa.http.get(f"{SESSIONS}?limit=1")
        assert [each["session_id"] for each in page.json()["sessions"]] == stories[:1], page.text
