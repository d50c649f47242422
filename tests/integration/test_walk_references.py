"""The walk by reference: what a request refers to beside its address, asked for by its owner, who finds it, and by
somebody else, to whom it isn't there; and by a key that may not read it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import pytest
import pytest_asyncio

from benchmarks.stories import prose
from tests.fakes.provider import FakeProvider
from tests.integration.test_walk import Things, make_things
from tests.people import BODY, Person, add_person, anonymous, log_in, make_key, serve_accounts
from tests.service import STORY, LiveService
from workflows.formats.creator_script.format import CreatorScriptFormat
from workflows.formats.registry import list_formats

RUNS, TICKETS, SESSIONS = "/api/v1/runs", "/api/v1/stream-tickets", "/api/v1/stories/sessions"
START, AGENT, CHAT = "/api/v1/stories/generate/stream", "/api/v1/ag-ui/stories", "/api/v1/stories/chat"
SSE = {"Accept": "text/event-stream"}
SCRIPT = dict(CreatorScriptFormat.example)
THREADS = "/api/v1/langgraph/threads"
AGENT_RUN = "the client's own id"
NUMBERS = count()


@dataclass
class Caller:
    """Somebody who asks: a client, and things of their own."""

    http: httpx.AsyncClient
    own: Things

    async def start(self, format: str, **input: object) -> httpx.Response:
        """A run of that input."""
        return await self.http.post(RUNS, json={"format": format, "input": input})


Ask = Callable[[Caller, dict[str, str]], Awaitable[httpx.Response]]
REFERENCES: dict[str, Ask] = {}


def reference(ask: Ask) -> Ask:
    """A reference to something that an account has, as a request makes it."""
    REFERENCES[getattr(ask, "__name__")] = ask  # noqa: B009 - a function has one
    return ask


def last_id(ids: dict[str, str]) -> dict[str, str]:
    return {"Last-Event-ID": f"{ids['run_id']}:1"}


KINDS = {
    "child_id": "child_id",
    "story_session_id": "session_id",
    "knowledge_id": "document_id",
    "audience_persona_id": "persona_id",
    "script_persona_id": "script_persona_id",
}
"""What the fields of inputs that are called `*_id` refer to. A field that isn't here stops the walk."""
BASES: dict[str, dict[str, Any]] = {
    "story": {"theme": "dragons"},
    "education_audio": {"target_minutes": 1},
    "creator_script": SCRIPT,
}


def fields_that_refer() -> Iterator[tuple[str, str]]:
    """(format, field) of all inputs, however deep."""
    for name, format in list_formats().items():
        schema = format.Input.model_json_schema()
        for model in (schema, *schema.get("$defs", {}).values()):
            yield from ((name, field) for field in model.get("properties", {}) if field.endswith("_id"))


def in_an_input(format: str, field: str) -> Ask:
    async def ask(caller: Caller, ids: dict[str, str]) -> httpx.Response:
        given = {**BASES[format], field: ids[KINDS[field]]}
        return await caller.http.post(f"{RUNS}/quote", json={"format": format, "input": given})

    return ask


IN_INPUTS = {
    f"{format}.{field}": in_an_input(format, field) for format, field in sorted(set(fields_that_refer()))
}
REFERENCES |= IN_INPUTS


@reference
async def child_in_a_body(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.start("story", theme="dragons", child_id=ids["child_id"])


@reference
async def child_in_a_query(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.get(START, params={"theme": "dragons", "child_id": ids["child_id"]})


@reference
async def child_in_a_message(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    data = {"theme": "dragons", "child_id": ids["child_id"]}
    parts = [{"type": "data-input", "data": data}]
    return await caller.http.post(CHAT, json={"messages": [{"role": "user", "parts": parts}]})


@reference
async def child_of_an_agent(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    input = {"theme": "dragons", "child_id": ids["child_id"]}
    body = {"threadId": "t", "runId": "of a child", "forwardedProps": {"input": input}}
    return await caller.http.post(AGENT, json=body)


async def child_of_a_new_agent(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    input = {"theme": "knights", "child_id": ids["child_id"]}
    body = {"threadId": "t", "runId": f"new {next(NUMBERS)}", "forwardedProps": {"input": input}}
    return await caller.http.post(AGENT, json=body)


@reference
async def child_of_a_session(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.post(SESSIONS, json={"theme": "dragons", "child_id": ids["child_id"]})


@reference
async def run_of_a_session(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.post(SESSIONS, json={"run_id": ids["run_id"]})


@reference
async def session_in_a_body(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    input = {"story_session_id": ids["session_id"]}
    return await caller.http.post(f"{RUNS}?wait=true", json={"format": "story", "input": input})


@reference
async def session_in_a_query(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.get(START, params={"story_session_id": ids["session_id"]})


@reference
async def run_to_compare_with(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.get(f"{RUNS}/{caller.own.ids['run_id']}/diff", params={"against": ids["run_id"]})


@reference
async def last_id_of_a_start(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.post(RUNS, json=BODY, headers=last_id(ids))


@reference
async def last_id_of_a_start_by_get(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.get(START, params={"theme": "dragons"}, headers=last_id(ids))


@reference
async def last_id_in_a_query(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    params = {"theme": "dragons", "last_event_id": f"{ids['run_id']}:1"}
    return await caller.http.get(START, params=params)


@reference
async def last_id_of_a_polyfill(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.get(START, params={"theme": "dragons", "lastEventId": f"{ids['run_id']}:1"})


@reference
async def last_id_of_a_stream(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.get(f"{RUNS}/{ids['run_id']}/stream", headers=last_id(ids))


@reference
async def last_id_of_a_version(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    path = f"{RUNS}/{caller.own.ids['run_id']}/versions"
    return await caller.http.post(path, json={}, headers=last_id(ids))


@reference
async def last_id_of_a_choice(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    path = f"{SESSIONS}/{caller.own.ids['session_id']}/choices"
    return await caller.http.post(path, json={"choice_index": 0}, headers=last_id(ids))


@reference
async def ticket_for_a_run(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.post(TICKETS, json={"run_id": ids["run_id"]})


@reference
async def run_read_by_a_ticket_of_ones_own(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    made = await caller.http.post(TICKETS, json={"run_id": caller.own.ids["run_id"]})
    async with httpx.AsyncClient(base_url=caller.http.base_url, trust_env=False) as http:
        return await http.get(f"{RUNS}/{ids['run_id']}/stream", params={"token": made.json()["token"]})


@reference
async def run_of_an_agent(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.get(AGENT, params={"runId": ids["run_id"]})


@reference
async def run_of_an_agent_by_the_clients_id(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.get(AGENT, params={"runId": ids["agent_run"]})


@reference
async def offset_of_an_agent(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.get(AGENT, params={"offset": f"{ids['run_id']}:101000000000001"})


@reference
async def interrupt_of_an_agent(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    resume = [{"interruptId": f"{ids['run_id']}:outline", "status": "cancelled"}]
    return await caller.http.post(AGENT, json={"threadId": "t", "runId": "r", "resume": resume})


@reference
async def chat_by_its_run(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.get(f"{CHAT}/{ids['run_id']}/stream", params={"startIndex": 0})


@reference
async def chat_by_its_id(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    """204 where there is none, which is what nobody's is too."""
    reply = await caller.http.get(f"{CHAT}/{ids['chat']}/stream")
    return httpx.Response(404) if reply.status_code == 204 else reply


@reference
async def thread(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.get(f"{THREADS}/{ids['thread']}/state")


@reference
async def share(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.get(f"{RUNS}/{ids['run_id']}/share")


@reference
async def log_in_to_end(caller: Caller, ids: dict[str, str]) -> httpx.Response:
    return await caller.http.delete(f"/api/v1/account/sessions/{ids['log_in']}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveService]:
    """One service for the whole walk."""
    folder = tmp_path_factory.mktemp("references")
    settings = {"account_runs": 100, "judge": "off", "log_level": "error"}
    async with FakeProvider() as provider, serve_accounts(provider, folder, **settings) as running:
        provider.script = prose(words=20)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def noa(service: LiveService) -> Person:
    """Whose things are referred to."""
    return await add_person(service, "noa")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def things(service: LiveService, noa: Person) -> Things:
    """One of everything, with a chat, an agent's run and a log-in."""
    made = await make_things(noa)
    message = {"id": "m", "role": "user", "parts": [{"type": "data-input", "data": STORY}]}
    await noa.http.post(CHAT, json={"id": "our chat", "messages": [message]})
    await noa.http.post(AGENT, json={"threadId": "t", "runId": AGENT_RUN, "forwardedProps": {"input": STORY}})
    await log_in(service, noa.email)
    listed = (await noa.http.get("/api/v1/account/sessions")).json()["sessions"]
    other = next(each["id"] for each in listed if not each["is_this_one"])
    started = {"assistant_id": "story", "input": STORY}
    command = {"id": 1, "method": "run.start", "params": started}
    reply = await noa.http.post(f"{THREADS}/our-thread/commands", json=command)
    assert reply.json()["type"] == "success", reply.text
    voice = {"kind": "script", "name": "Uncle Joe", "description": "Talks fast"}
    made.ids["script_persona_id"] = (await noa.http.post("/api/v1/personas", json=voice)).json()["id"]
    made.ids |= {"thread": "our-thread", "chat": "our chat", "agent_run": AGENT_RUN, "log_in": other}
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ben(service: LiveService) -> Caller:
    """Somebody else, an admin at that, who has things too."""
    person = await add_person(service, "ben", "admin")
    return Caller(person.http, await make_things(person))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", REFERENCES)
async def test_reference_finds_its_owners_thing_and_is_not_there_for_another(
    noa: Person, things: Things, ben: Caller, name: str
) -> None:
    ask = REFERENCES[name]
    refused = await ask(ben, things.ids)
    assert refused.status_code == 404, refused.text
    found = await ask(Caller(noa.http, things), things.ids)
    assert found.status_code in (200, 201, 204), found.text


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "key", [{"headers": {"Idempotency-Key": "the same"}}, {"params": {"request_id": "the same"}}]
)
async def test_key_of_a_start_is_its_owners_alone(noa: Person, ben: Caller, key: dict[str, Any]) -> None:
    first = await noa.http.post(RUNS, json=BODY, **key)
    again = await noa.http.post(RUNS, json=BODY, **key)
    other = await ben.http.post(RUNS, json=BODY, **key)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert first.json()["run_id"] == again.json()["run_id"] != other.json()["run_id"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("path", "list_name", "id_name"),
    [
        (RUNS, "runs", "run_id"),
        ("/api/v1/children", "children", "child_id"),
        (SESSIONS, "sessions", "session_id"),
    ],
)
async def test_cursor_of_another_leads_through_ones_own(
    noa: Person, things: Things, ben: Caller, path: str, list_name: str, id_name: str
) -> None:
    """A cursor is a place in time: whoever takes another's is shown what was there before, of one's own."""
    mine = (await noa.http.get(path)).json()[list_name]
    behind = (await noa.http.get(path, params={"cursor": mine[0][id_name]})).json()[list_name]
    assert [each[id_name] for each in behind] == [each[id_name] for each in mine[1:]]
    of_ben = {each[id_name] for each in (await ben.http.get(path, params={"limit": 100})).json()[list_name]}
    shown = (await ben.http.get(path, params={"cursor": things.ids[id_name]})).json()[list_name]
    beyond = (await ben.http.get(path, params={"cursor": "Z" * 26, "limit": 100})).json()[list_name]
    assert {each[id_name] for each in shown} <= of_ben == {each[id_name] for each in beyond}


@pytest.mark.asyncio(loop_scope="module")
async def test_list_by_anothers_child_is_empty(noa: Person, things: Things, ben: Caller) -> None:
    wanted = {"child_id": things.ids["child_id"]}
    assert (await noa.http.get(SESSIONS, params=wanted)).json()["sessions"]
    assert (await ben.http.get(SESSIONS, params=wanted)).json()["sessions"] == []


NEEDED = {
    "child_in_a_body": "children:read",
    "child_in_a_query": "children:read",
    "child_in_a_message": "children:read",
    "child_of_a_new_agent": "children:read",
    "child_of_an_agent": "runs:read",  # that run is there, and somebody else has started it
    "session_in_a_query": "children:read",
    "interrupt_of_an_agent": "runs:read",
    "last_id_of_a_start": "runs:read",
    "ticket_for_a_run": "runs:read",
    **{name: "children:read" if name.startswith("story.") else "library:read" for name in IN_INPUTS},
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", NEEDED)
async def test_key_needs_the_scope_of_what_it_refers_to(
    service: LiveService, noa: Person, things: Things, name: str
) -> None:
    for scopes, statuses in ((("runs:write",), {403}), (("runs:write", NEEDED[name]), {200, 201, 204})):
        http = anonymous(service, Authorization=f"Bearer {await make_key(noa, *scopes)}")
        reply = await REFERENCES.get(name, child_of_a_new_agent)(Caller(http, things), things.ids)
        assert reply.status_code in statuses, (scopes, reply.text)
        if reply.status_code == 403:
            assert NEEDED[name] in reply.json()["detail"] and "Maya" not in reply.text
    for key in (await noa.http.get("/api/v1/account/keys")).json()["keys"]:
        if key["name"] == "a machine":
            await noa.http.delete(f"/api/v1/account/keys/{key['id']}")


@pytest.mark.asyncio(loop_scope="module")
async def test_ticket_refers_to_no_more_than_the_key_that_it_was_made_with(
    service: LiveService, noa: Person, things: Things
) -> None:
    wish = {"theme": "dragons", "child_id": things.ids["child_id"]}
    for scopes, status in ((("runs:write",), 403), (("runs:write", "children:read"), 200)):
        machine = anonymous(service, Authorization=f"Bearer {await make_key(noa, *scopes)}")
        made = await machine.post(TICKETS, json={"format": "story", "input": wish})
        reply = await anonymous(service).get(START, params={**wish, "token": made.json()["token"]})
        assert reply.status_code == status, reply.text


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/runs/{run_id}/versions", {}),
        ("POST", "/api/v1/runs/{run_id}/share", None),
        ("POST", SESSIONS, {"run_id": "{run_id}"}),
    ],
)
async def test_key_that_only_writes_is_not_shown_a_text_by_what_it_makes_of_it(
    service: LiveService, noa: Person, things: Things, method: str, path: str, body: dict[str, str] | None
) -> None:
    filled = None if body is None else {name: things.fill(value) for name, value in body.items()}
    key = await make_key(noa, "runs:write", "children:write")
    http = anonymous(service, Authorization=f"Bearer {key}")
    reply = await http.request(method, things.fill(path), json=filled, headers=SSE)
    assert (reply.status_code, "runs:read" in reply.text) == (403, True)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("method", "path", "body", "needed"),
    [
        ("PATCH", "/api/v1/runs/{run_id}", {"title": "Mine"}, "runs:read"),
        ("PATCH", "/api/v1/documents/{document_id}", {"title": "Mine"}, "library:read"),
        ("PATCH", "/api/v1/children/{child_id}", {"age": 7}, "children:read"),
        ("PATCH", SESSIONS + "/{session_id}", {"title": "Mine"}, "children:read"),
        ("POST", SESSIONS, {"theme": "dragons", "child_id": "{child_id}"}, "children:read"),
    ],
)
async def test_key_that_only_writes_is_shown_no_more_than_it_wrote(
    service: LiveService,
    noa: Person,
    things: Things,
    method: str,
    path: str,
    body: dict[str, Any],
    needed: str,
) -> None:
    filled = {name: things.fill(value) if isinstance(value, str) else value for name, value in body.items()}
    writes = needed.replace("read", "write")
    for scopes, statuses in (((writes,), {403}), ((writes, needed), {200, 201})):
        http = anonymous(service, Authorization=f"Bearer {await make_key(noa, *scopes)}")
        reply = await http.request(method, things.fill(path), json=filled)
        assert reply.status_code in statuses, reply.text
        if reply.status_code == 403:
            assert needed in reply.json()["detail"] and "Maya" not in reply.text
    for key in (await noa.http.get("/api/v1/account/keys")).json()["keys"]:
        if key["name"] == "a machine":
            await noa.http.delete(f"/api/v1/account/keys/{key['id']}")


@pytest.mark.asyncio(loop_scope="module")
async def test_key_without_the_scope_of_usage_is_not_quoted_what_earlier_runs_cost(
    service: LiveService, noa: Person
) -> None:
    bases = []
    for scopes in (("runs:write",), ("runs:write", "usage:read")):
        machine = anonymous(service, Authorization=f"Bearer {await make_key(noa, *scopes)}")
        bases.append((await machine.post("/api/v1/runs/quote", json=BODY)).json()["basis"])
    assert bases == ["assumed", "measured"]
