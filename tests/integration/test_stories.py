"""Children, and their stories over chapters, on a live service."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from docx import Document
from lxml import etree

from backend.store.owner import Owner
from backend.stories.parts import StoryParts
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import CALLS, LiveService, serve, settings_for
from workflows.formats.registry import list_formats
from workflows.formats.settings import FormatSettings
from workflows.formats.story.format import StoryFormat
from workflows.formats.story.input import StoryInput
from workflows.prompts import marked

CHILDREN, SESSIONS = "/api/v1/children", "/api/v1/stories/sessions"
MAYA = {"name": "Maya", "age": 7, "reading_level": "beginner", "interests": ["stars", "cats"]}


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that writes with the fake provider."""
    async with serve(settings_for(provider, tmp_path)) as running:
        yield running


@pytest.fixture
def http(service: LiveService) -> httpx.AsyncClient:
    """Its client."""
    return service.client.http


class DialectSettings(FormatSettings, env_prefix="DIALECT_"):
    """Which one."""

    tag: str = "en"


class DialectStory(StoryFormat):
    """Stories in a dialect that the operator sets, of another package."""

    Settings = DialectSettings
    tag = "en"

    def configure(self, settings: DialectSettings) -> Self:
        format = type(self)()
        format.tag = settings.tag
        return format

    def language(self, inputs: StoryInput) -> str:
        del inputs
        return self.tag


@pytest.fixture
def dialect(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The tag of the dialect, where that package's story is the one that is installed."""
    monkeypatch.setenv("DIALECT_TAG", "en-GB")
    list_formats()["story"] = DialectStory()
    yield "en-GB"
    list_formats.cache_clear()


async def begin(service: LiveService, **input: Any) -> tuple[str, str]:
    """A story with its first chapter written: session and run."""
    session = await service.client.http.post(SESSIONS, json={"theme": "the moon", "reader": MAYA})
    session_id = session.json()["session_id"]
    return session_id, await write(service, {"theme": "the moon", "story_session_id": session_id, **input})


async def write(service: LiveService, input: dict[str, Any]) -> str:
    run_id = await service.client.start(input=input)
    told = await service.client.read(run_id)
    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    return run_id


async def story(service: LiveService, session_id: str) -> dict[str, Any]:
    return dict((await service.client.http.get(f"{SESSIONS}/{session_id}")).json())


def fields(reply: httpx.Response) -> list[str]:
    assert reply.status_code == 422, reply.text
    return [error["field"] for error in reply.json()["errors"]]


async def test_child_is_stored_changed_listed_and_deleted(http: httpx.AsyncClient) -> None:
    made = await http.post(CHILDREN, json=MAYA)
    url = made.headers["Location"]
    changed = await http.patch(url, json={"age": 8, "interests": ["whales"]})
    listed = (await http.get(CHILDREN, params={"limit": 1})).json()
    deleted = (await http.delete(url)).json()

    assert (made.status_code, made.json()["vocabulary_level"]) == (201, 50)
    assert (await http.get(url)).status_code == 404
    assert [child["name"] for child in listed["children"]] == ["Maya"] and listed["next_cursor"] is None
    profile = {**MAYA, "age": 8, "interests": ["whales"], "language": "en", "vocabulary_level": 50}
    assert {name: changed.json()[name] for name in profile} == profile
    assert deleted == {
        "child_id": made.json()["child_id"],
        "sessions": [],
        "runs_kept": 0,
        "runs_deleted": 0,
    }


async def test_child_with_a_wrong_field_is_refused_by_its_name_and_not_stored(
    http: httpx.AsyncClient,
) -> None:
    assert fields(await http.post(CHILDREN, json={"name": "Maya"})) == ["age"]
    assert fields(await http.post(CHILDREN, json={**MAYA, "age": 2})) == ["age"]
    assert fields(await http.post(CHILDREN, json={**MAYA, "shoe_size": 30})) == ["shoe_size"]
    assert fields(await http.post(CHILDREN, json={**MAYA, "interests": ["cats", "vodka"]})) == ["interests.1"]
    assert (await http.get(CHILDREN)).json()["children"] == []
    url = (await http.post(CHILDREN, json=MAYA)).headers["Location"]
    assert fields(await http.patch(url, json={"age": None})) == ["age"]
    assert fields(await http.patch(url, json={"language": "fr"})) == ["language"]
    assert (await http.get(url)).json()["age"] == 7
    missing = await http.get(f"{CHILDREN}/01JD8V5S3E9T0B6Q0000000000")
    assert (missing.status_code, missing.json()["code"]) == (404, "NOT_FOUND")


async def test_another_owners_child_and_story_are_not_found(service: LiveService) -> None:
    parts = service.resources.parts_of(StoryParts)
    child_id = (await service.client.http.post(CHILDREN, json=MAYA)).json()["child_id"]
    session_id, _ = await begin(service)

    for look in (
        parts.children.find(Owner("somebody else"), child_id),
        parts.children.delete(Owner("somebody else"), child_id),
        parts.sessions.find(Owner("somebody else"), session_id),
        parts.sessions.delete(Owner("somebody else"), session_id),
    ):
        with pytest.raises(Exception, match="There is no"):
            await look
    assert await parts.children.page(Owner("somebody else"), limit=9) == []
    assert await parts.sessions.page(Owner("somebody else"), limit=9) == []


async def test_stored_child_is_the_reader_and_the_run_keeps_the_profile_it_began_with(
    service: LiveService, http: httpx.AsyncClient
) -> None:
    made = await http.post(CHILDREN, json=MAYA)
    child_id = made.json()["child_id"]
    url = f"/api/v1/stories/generate/stream?child_id={child_id}&theme=whales&chapter_number=2&title=Deep"
    frames = [frame async for frame in service.client.stream("GET", url)]
    run_id = frames[0].id.partition(":")[0]
    await http.patch(made.headers["Location"], json={"age": 9})
    run = await service.client.run(run_id)

    assert run["input"]["reader"]["name"] == "Maya" and run["input"]["reader"]["age"] == 7
    assert (run["input"]["child_id"], run["input"]["chapter_number"], run["title"]) == (child_id, 2, "Deep")
    offered = (await http.get(f"{made.headers['Location']}/recommendations", params={"limit": 3})).json()
    assert [one["kind"] for one in offered["recommendations"]] == ["interest", "interest", "neighbour"]
    assert offered["recommendations"][0]["reason"] == "because Maya likes stars"
    both = await http.post(
        "/api/v1/runs",
        json={"format": "story", "input": {"theme": "sea", "child_id": child_id, "reader": MAYA}},
    )
    assert fields(both) == ["input.reader"]
    nobody = await http.get("/api/v1/stories/generate/stream?child_id=nobody&theme=whales")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "NOT_FOUND")


async def test_story_goes_on_with_what_was_chosen(
    service: LiveService, http: httpx.AsyncClient, provider: FakeProvider
) -> None:
    session_id, first = await begin(service)
    before = await story(service, session_id)
    [chapter] = before["chapters"]
    chosen = await http.post(f"{SESSIONS}/{session_id}/choices", json={"choice_index": 1})
    await service.client.read(chosen.json()["run_id"])
    after = await story(service, session_id)
    wished = {"custom_user_input": " They bake a cake. ", "chapter_number": 3}
    frames = [
        frame
        async for frame in service.client.stream("POST", f"{SESSIONS}/{session_id}/choices", json=wished)
    ]
    last = await story(service, session_id)
    plans = [call.prompt_text for call in provider.generations if "Plan chapter" in call.prompt_text]

    assert (before["chapters_written"], before["next_chapter"], before["title"]) == (1, 2, chapter["title"])
    assert chapter["run_id"] == first and chapter["summary"] and chapter["choice"] is None
    assert chosen.status_code == 201 and chosen.headers["Location"].endswith(chosen.json()["run_id"])
    assert [one["choice"] for one in after["chapters"]] == [chapter["choices"][1]["text"], None]
    assert after["bookmark"] == {"chapter_number": 2, "section": 0}
    assert frames[-1].message.type == "complete"
    assert [one["number"] for one in last["chapters"]] == [1, 2, 3]
    assert last["chapters"][1]["choice"] == "They bake a cake."
    assert last["progress_percent"] == 40 and last["unfinished"] is None
    assert chapter["summary"] in plans[1] and chapter["choices"][1]["text"] in plans[1]
    assert after["chapters"][1]["summary"] in plans[2] and marked("They bake a cake.", "wish") in plans[2]
    assert len(provider.generations) == 3 * CALLS


async def test_choice_that_is_wrong_names_what_is_accepted_and_starts_nothing(
    service: LiveService, http: httpx.AsyncClient, provider: FakeProvider
) -> None:
    empty = (await http.post(SESSIONS, json={"theme": "the moon", "reader": MAYA})).json()["session_id"]
    session_id, _ = await begin(service)
    url = f"{SESSIONS}/{session_id}/choices"
    offered = (await story(service, session_id))["chapters"][0]["choices"]
    beyond = await http.post(url, json={"choice_index": len(offered)})

    assert fields(beyond) == ["choice_index"]
    assert all(choice["text"] in beyond.json()["detail"] for choice in offered)
    assert fields(await http.post(url, json={})) == ["choice_index"]
    assert fields(await http.post(url, json={"choice_index": 0, "custom_user_input": "x"})) == [
        "choice_index"
    ]
    assert fields(await http.post(url, json={"custom_user_input": "  "})) == ["custom_user_input"]
    late = await http.post(url, json={"choice_index": 0, "chapter_number": 7})
    early = await http.post(f"{SESSIONS}/{empty}/choices", json={"choice_index": 0})
    assert (late.status_code, early.status_code) == (409, 409)
    alone = {"theme": "sea", "choice_index": 0}
    assert fields(await http.post("/api/v1/runs", json={"format": "story", "input": alone})) == [
        "input.choice_index"
    ]
    other = {"theme": "sea", "story_session_id": session_id, "reader": MAYA}
    assert fields(await http.post("/api/v1/runs", json={"format": "story", "input": other})) == [
        "input.reader"
    ]
    assert len(provider.generations) == CALLS


async def test_choosing_at_once_starts_one_chapter(
    service: LiveService, http: httpx.AsyncClient, provider: FakeProvider
) -> None:
    session_id, _ = await begin(service)
    provider.script = Script(default=Reply(hold_after=0))
    url, spent = f"{SESSIONS}/{session_id}/choices", len(provider.generations)
    same = await asyncio.gather(*(http.post(url, json={"choice_index": 0}) for _ in range(6)))
    other = await http.post(url, json={"choice_index": 1})
    direct = await http.post(
        "/api/v1/runs", json={"format": "story", "input": {"theme": "sea", "story_session_id": session_id}}
    )
    run_id = same[0].json()["run_id"]
    unfinished = (await story(service, session_id))["unfinished"]
    await http.post(f"/api/v1/runs/{run_id}/cancel")

    assert {reply.json()["run_id"] for reply in same} == {run_id}
    assert sorted(reply.status_code for reply in same) == [200] * 5 + [201]
    assert [(reply.status_code, reply.json()["code"]) for reply in (other, direct)] == [(409, "CONFLICT")] * 2
    assert run_id in other.json()["detail"]
    assert unfinished == {"number": 2, "run_id": run_id, "status": "running"}
    assert len(provider.generations) <= spent + 1


async def test_choice_with_an_idempotency_key_is_the_same_chapter_for_good(
    service: LiveService, http: httpx.AsyncClient
) -> None:
    session_id, _ = await begin(service)
    url, key = f"{SESSIONS}/{session_id}/choices", {"Idempotency-Key": "tap-1"}
    first = await http.post(url, json={"choice_index": 0}, headers=key)
    await service.client.read(first.json()["run_id"])
    again = await http.post(url, json={"choice_index": 0}, headers=key)
    other = await http.post(url, json={"choice_index": 1}, headers=key)

    assert (again.status_code, again.json()["run_id"]) == (200, first.json()["run_id"])
    assert other.status_code == 409
    assert (await story(service, session_id))["chapters_written"] == 2


async def test_chapter_that_failed_leaves_no_hole_and_can_be_resumed_until_another_takes_its_place(
    service: LiveService, http: httpx.AsyncClient, provider: FakeProvider
) -> None:
    session_id, _ = await begin(service)
    provider.script = Script(rules=(Rule(Reply(fault=Fault("drop", after=5)), structured=False, times=1),))
    url = f"{SESSIONS}/{session_id}/choices"
    failed = (await http.post(url, json={"choice_index": 0})).json()["run_id"]
    await service.client.read(failed)
    broken = await story(service, session_id)
    second = (await http.post(url, json={"choice_index": 1})).json()["run_id"]
    await service.client.read(second)
    whole = await story(service, session_id)
    resumed = await http.post(f"/api/v1/runs/{failed}/resume")

    assert broken["unfinished"] == {"number": 2, "run_id": failed, "status": "failed"}
    assert (broken["chapters_written"], broken["next_chapter"]) == (1, 2)
    assert [chapter["run_id"] for chapter in whole["chapters"]][1] == second and whole["unfinished"] is None
    assert (resumed.status_code, resumed.json()["code"]) == (409, "CONFLICT")


async def test_failed_chapter_that_is_resumed_belongs_to_its_story(
    service: LiveService, http: httpx.AsyncClient, provider: FakeProvider
) -> None:
    session_id, _ = await begin(service)
    provider.script = Script(rules=(Rule(Reply(fault=Fault("drop", after=5)), structured=False, times=1),))
    run_id = (await http.post(f"{SESSIONS}/{session_id}/choices", json={"choice_index": 0})).json()["run_id"]
    await service.client.read(run_id)
    await http.post(f"/api/v1/runs/{run_id}/resume")
    await service.client.read(run_id)

    assert [one["run_id"] for one in (await story(service, session_id))["chapters"]][1] == run_id


async def test_finished_run_becomes_the_first_chapter_of_a_story_once(
    service: LiveService, http: httpx.AsyncClient
) -> None:
    run_id = await write(service, {"theme": "whales", "reader": MAYA})
    begun = await asyncio.gather(*(http.post(SESSIONS, json={"run_id": run_id}) for _ in range(3)))
    session = begun[0].json()

    assert sorted(reply.status_code for reply in begun) == [200, 200, 201]
    assert {reply.json()["session_id"] for reply in begun} == {session["session_id"]}
    assert (session["theme"], session["reader"]["name"], session["next_chapter"]) == ("whales", "Maya", 2)
    assert fields(await http.post(SESSIONS, json={"run_id": run_id, "theme": "sea"})) == ["run_id"]
    assert fields(await http.post(SESSIONS, json={"reader": MAYA})) == ["theme"]
    assert fields(await http.post(SESSIONS, json={"theme": "sea"})) == ["child_id"]
    assert (await http.post(SESSIONS, json={"run_id": "nothing"})).status_code == 404


async def test_bookmark_minutes_and_plan_are_kept_and_wrong_ones_refused(
    service: LiveService, http: httpx.AsyncClient
) -> None:
    session_id, _ = await begin(service)
    url = f"{SESSIONS}/{session_id}"
    await http.patch(url, json={"minutes_read": 2.5, "timezone": "Asia/Jerusalem"})
    bookmark = {"chapter_number": 1, "section": 2}
    read = (
        await http.patch(url, json={"minutes_read": 4, "planned_chapters": 2, "bookmark": bookmark})
    ).json()
    [listed] = (await http.get(SESSIONS)).json()["sessions"]

    assert (read["reading_minutes"], read["streak"]) == (6.5, {"days": 1, "longest": 1})
    assert read["progress_percent"] == listed["progress_percent"] == 25
    assert list(read["reading_days"].values()) == [6.5]
    assert fields(await http.patch(url, json={"bookmark": {"chapter_number": 2}})) == [
        "bookmark.chapter_number"
    ]
    assert fields(await http.patch(url, json={"bookmark": {"chapter_number": 1, "section": 5}})) == [
        "bookmark.section"
    ]
    assert fields(await http.patch(url, json={"timezone": "Moon/Crater"})) == ["timezone"]
    assert fields(await http.patch(url, json={"timezone": "../etc/passwd"})) == ["timezone"]
    assert fields(await http.patch(url, json={"minutes_read": -1})) == ["minutes_read"]
    assert (await story(service, session_id))["bookmark"] == bookmark


async def test_whole_story_is_exported_as_one_book(service: LiveService, http: httpx.AsyncClient) -> None:
    session_id, _ = await begin(service, title="Été sur la lune")
    url = f"{SESSIONS}/{session_id}"
    chosen = await http.post(f"{url}/choices", json={"choice_index": 0})
    await service.client.read(chosen.json()["run_id"])
    reply = await http.get(f"{url}/export", params={"as": "epub"})
    titles = [chapter["title"] for chapter in (await story(service, session_id))["chapters"]]
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        contents = etree.fromstring(archive.read("EPUB/nav.xhtml"))
        first = archive.read("EPUB/chapter-1.xhtml").decode()

    assert reply.headers["Content-Type"] == "application/epub+zip"
    assert (
        f"filename={session_id}.epub; filename*=UTF-8''%C3%89t%C3%A9" in reply.headers["Content-Disposition"]
    )
    links = [link.text for link in contents.iter("{http://www.w3.org/1999/xhtml}a")]
    assert links[:2] == titles and links[-1] == "New words" and len(links) == 4
    assert first.count("<h2>") == 4
    assert fields(await http.get(f"{url}/export", params={"as": "pdf"})) == ["as"]
    empty = (await http.post(SESSIONS, json={"theme": "the moon", "reader": MAYA})).json()["session_id"]
    assert (await http.get(f"{SESSIONS}/{empty}/export", params={"as": "epub"})).status_code == 409


async def test_chapter_is_exported_as_document_and_book(
    service: LiveService, http: httpx.AsyncClient
) -> None:
    run_id = await write(service, {"theme": "הים", "reader": {**MAYA, "language": "he"}})
    docx = await http.get(f"/api/v1/runs/{run_id}/export", params={"as": "docx"})
    epub = await http.get(f"/api/v1/runs/{run_id}/export", params={"as": "epub"})
    unknown = await http.get(f"/api/v1/runs/{run_id}/export", params={"as": "pdf"})
    document = Document(io.BytesIO(docx.content))
    run = await service.client.run(run_id)

    assert docx.headers["Content-Type"].endswith("wordprocessingml.document")
    assert document.paragraphs[0].text == run["title"]
    assert 'page-progression-direction="rtl"' in _entry(epub.content, "EPUB/package.opf")
    assert "מילים חדשות" in _entry(epub.content, "EPUB/nav.xhtml")
    assert fields(unknown) == ["as"] and "docx, epub, md, txt" in unknown.json()["detail"]


async def test_story_is_bound_by_the_format_that_is_installed_and_configured(
    dialect: str, provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        session_id, run_id = await begin(service)
        whole = await service.client.http.get(f"{SESSIONS}/{session_id}/export", params={"as": "epub"})
        chapter = await service.client.http.get(f"/api/v1/runs/{run_id}/export", params={"as": "epub"})

    for book in (whole, chapter):
        assert f"<dc:language>{dialect}</dc:language>" in _entry(book.content, "EPUB/package.opf")


def _entry(content: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


async def test_deleted_child_takes_its_stories_along_and_the_chapters_where_that_is_asked_for(
    service: LiveService, http: httpx.AsyncClient
) -> None:
    kept: list[str] = []
    gone: list[str] = []
    for fate, runs in (("keep", kept), ("delete", gone)):
        child_id = (await http.post(CHILDREN, json=MAYA)).json()["child_id"]
        session = (await http.post(SESSIONS, json={"theme": "sea", "child_id": child_id})).json()
        runs.append(await write(service, {"theme": "sea", "story_session_id": session["session_id"]}))
        farewell = (await http.delete(f"{CHILDREN}/{child_id}", params={"chapters": fate})).json()
        assert farewell["sessions"] == [session["session_id"]]
        assert (farewell["runs_kept"], farewell["runs_deleted"]) == ((1, 0) if fate == "keep" else (0, 1))
        assert (await http.get(f"{SESSIONS}/{session['session_id']}")).status_code == 404

    assert (await service.client.run(kept[0]))["status"] == "completed"
    assert (await http.get(f"/api/v1/runs/{gone[0]}")).status_code == 404
