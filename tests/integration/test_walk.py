"""The walk: every operation of the OpenAPI document, by every credential that mustn't open it, and by its owner's.

What is asked of the database meanwhile is read too: a table whose rows belong to somebody is never asked without saying
to whom.
"""

import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import Delete, Engine, Select, Update, event, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import UnsupportedCompilationError
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BinaryExpression
from sqlalchemy.sql.schema import Column, Table

from backend.accounts.principal import SCOPES
from backend.accounts.tokens.access_tokens import AccessTokens
from backend.accounts.tokens.claims import AccessClaims
from backend.accounts.tokens.signing import load_secrets
from backend.api.security.routes_access import PUBLIC, access_to
from backend.store.accounts.tables import api_keys, login_sessions, stream_tickets
from backend.store.schema.tables import cached_results, runs
from backend.store.sql.json_sql import among
from tests.fakes.provider import FakeProvider
from tests.people import (
    BODY,
    PASSWORD,
    Person,
    add_person,
    anonymous,
    change_password,
    log_in,
    make_key,
    serve_accounts,
)
from tests.service import STORY, LiveService

TICKETS, START = "/api/v1/stream-tickets", {"format": "story", "input": STORY}
NEW = "another sentence, longer than most"
DANA = {"kind": "audience", "name": "Dana", "description": "Keeps bees.", "wants": ["fewer stings"]}
# What may be asked of an owned table without its owner: by whoever executes runs, whose they are; by a secret, which is
# how its owner is found; and about everybody's, by admins and by time.
WITHOUT_OWNER = (
    r"runs\.id = :id_1",
    r"runs\.status IN \(\S+\) ORDER BY runs\.id",
    r"runs\.process = :process_1 AND runs\.status IN \(\S+\)",
    r"runs\.id = :id_1 AND runs\.process = :process_1",
    r"runs\.id IN \(.*\)",
    r"(.* AND )?runs\.id = :id_\d AND runs\.process IS NOT DISTINCT FROM :process_1",  # once it holds the epoch
    r"open_streams\.id IN \(.*\)",
    r"runs\.finished_at < .*",
    r"runs\.id = :id_1 AND runs\.finished_at IS NOT NULL",
    r"(quota_charges|key_charges)\.run_id = :run_id_1",  # what a run didn't buy isn't charged
    r"(shares|refresh_tokens|stream_tickets)\.token_hash = :token_hash_1.*",
    r"one_time_tokens\.token_hash = :token_hash_1 AND one_time_tokens\.purpose = .*",
    r"(cached_results\.created_at|\w+\.expires_at|open_streams\.seen_at|security_events\.at) <= .*",
    r"SELECT security_events\..* FROM security_events ORDER BY security_events\.id DESC LIMIT :param_1",
)
METHODS = ("get", "head", "post", "put", "patch", "delete")


@dataclass
class Things:
    """What one account has, by the name that its id has in addresses."""

    ids: dict[str, str] = field(default_factory=dict)

    def fill(self, path: str) -> str:
        """The address of this account's thing."""
        for name, value in self.ids.items():
            path = path.replace(f"{{{name}}}", value)
        return path


# What an operation needs to succeed for its owner: a body, or a query. An operation that is not here takes neither.
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/runs": BODY,
    "POST /api/v1/runs/quote": BODY,
    "PATCH /api/v1/runs/{run_id}": {"title": "Ours"},
    "PATCH /api/v1/documents/{document_id}": {"title": "Ours"},
    "PUT /api/v1/runs/{run_id}/place": {"section": 1, "paragraph": 2},
    "POST /api/v1/runs/{run_id}/export": {"sections": [{"index": 0, "text": "Mine."}]},
    "POST /api/v1/runs/{run_id}/input": {"outline": {"title": "A", "sections": []}},
    "POST /api/v1/runs/{run_id}/versions": {},
    "POST /api/v1/documents": {"text": "A leaflet about knees.", "title": "Knees"},
    "POST /api/v1/personas": DANA,
    "PUT /api/v1/personas/{persona_id}": DANA,
    "POST /api/v1/children": {"name": "Maya", "age": 7},
    "PATCH /api/v1/children/{child_id}": {"age": 8},
    "POST /api/v1/stories/sessions": {"theme": "dragons", "reader": STORY["reader"]},
    "PATCH /api/v1/stories/sessions/{session_id}": {"title": "Ours"},
    "POST /api/v1/stories/sessions/{session_id}/choices": {"choice_index": 0},
    "POST /api/v1/{path}/generate/stream": STORY,
    "POST /api/v1/{path}/chat": {
        "messages": [{"role": "user", "parts": [{"type": "data-input", "data": STORY}]}]
    },
    "POST /api/v1/ag-ui/{path}": {
        "threadId": "t1",
        "runId": "r1",
        "forwardedProps": {"input": STORY},
    },
    "POST /api/v1/langgraph/threads/{thread_id}/commands": {
        "id": 1,
        "method": "input.respond",
        "params": {"interrupt_id": "01:outline"},
    },
    "POST /api/v1/safety/check": {"text": "A nice day."},
    "POST /api/v1/stream-tickets": START,
    "POST /api/v1/account/keys": {"name": "one more", "scopes": ["runs:read"]},
    "PATCH /api/v1/account/keys/{key_id}": {"runs_a_day": 5},
    "PUT /api/v1/account/password": {"old_password": PASSWORD, "new_password": PASSWORD},
    "POST /api/v1/account/export": {"password": PASSWORD},
    "POST /api/v1/account/deletion": {"password": PASSWORD},
    "PATCH /api/v1/admin/accounts/{account_id}": {"runs_a_day": 5},
    "POST /api/v1/creator-scripts/check": {"topic": "knees"},
}
QUERIES = {
    "GET /api/v1/{path}/generate/stream": {"theme": "dragons"},
    "GET /api/v1/ag-ui/{path}": {"runId": "{run_id}"},
    "GET /api/v1/runs/{run_id}/diff": {"against": "{run_id}"},
    "GET /api/v1/runs/{run_id}/export": {"as": "txt"},
    "POST /api/v1/runs/{run_id}/export": {"as": "txt"},
    "GET /api/v1/stories/sessions/{session_id}/export": {"as": "epub"},
    "GET /api/v1/diagnostics/stream": {"ticks": "1", "interval_ms": "10"},
}
# Statuses with which an operation answers its owner in the state in which the walk finds things.
OWN: dict[str, set[int]] = {
    "POST /api/v1/runs/{run_id}/cancel": {409},  # it is complete
    "POST /api/v1/runs/{run_id}/resume": {409},
    "GET /api/v1/runs/{run_id}/resume-quote": {409},
    "POST /api/v1/runs/{run_id}/input": {409, 422},
    "POST /api/v1/stories/sessions/{session_id}/choices": {409},  # it has no chapter yet
    "GET /api/v1/stories/sessions/{session_id}/export": {409},
    "GET /api/v1/langgraph/threads/{thread_id}/state": {404},  # nothing was started there yet
    "POST /api/v1/langgraph/threads/{thread_id}/runs/{run_id}/cancel": {404},  # the run isn't of this thread
}
# A stream without an end; it has tests of its own, and so have threads, whose ids each caller makes.
ENDLESS = "POST /api/v1/langgraph/threads/{thread_id}/stream/events"
THREADS = "/api/v1/langgraph/threads/"
# These end the walk's own credentials; they have tests of their own.
LAST = {
    "POST /api/v1/account/logout",
    "POST /api/v1/account/deletion",
    "DELETE /api/v1/account/sessions/{session_id}",
}


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service with accounts."""
    async with serve_accounts(provider, tmp_path) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveService]:
    """One service for the walks on which every door is closed: they leave things as they are."""
    folder = tmp_path_factory.mktemp("walk")
    async with FakeProvider() as provider, serve_accounts(provider, folder) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def noa(shared: LiveService) -> Person:
    """Somebody who has an account there."""
    return await add_person(shared, "noa")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def things(noa: Person) -> AsyncIterator[Things]:
    """What she has, and still has when all the walks are done."""
    made = await make_things(noa)
    yield made
    for path in ("runs/{run_id}", "documents/{document_id}", "stories/sessions/{session_id}"):
        assert (await noa.http.get(made.fill(f"/api/v1/{path}"))).status_code == 200, path


def operations(service: LiveService) -> list[tuple[str, str]]:
    """(METHOD, path) of every operation that is documented, and of /openapi.json itself."""
    app = service.server.config.app
    document: dict[str, Any] = app.openapi()  # type: ignore[union-attr]
    found = [
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    # What is deleted comes last, and what belongs to something before that.
    deleted = sorted((item for item in found if item[0] == "DELETE"), reverse=True)
    return sorted(item for item in found if item[0] != "DELETE") + deleted


async def make_things(person: Person) -> Things:
    """One of everything."""
    http = person.http
    run = (await http.post("/api/v1/runs?wait=true", json=BODY)).json()["run_id"]
    child = (await http.post("/api/v1/children", json={"name": "Maya", "age": 7})).json()["child_id"]
    session = await http.post("/api/v1/stories/sessions", json={"theme": "dragons", "child_id": child})
    document = await http.post("/api/v1/documents", json={"text": "About knees.", "title": "Knees"})
    key = await http.post("/api/v1/account/keys", json={"name": "k", "scopes": ["runs:read"]})
    persona = await http.post("/api/v1/personas", json=DANA)
    return Things(
        {
            "run_id": run,
            "child_id": child,
            "session_id": session.json()["session_id"],
            "document_id": document.json()["id"],
            "key_id": key.json()["id"],
            "persona_id": persona.json()["id"],
            "account_id": person.id,
            "path": "stories",
            "thread_id": "t1",
        }
    )


async def execute(service: LiveService, query: Any) -> None:
    await service.resources.database.write(lambda connection: connection.execute(query))


def _clock(seconds: float) -> float:
    """The time, so many seconds from now."""
    return time.time() + seconds


async def make_expired(service: LiveService, person: Person) -> dict[str, httpx.AsyncClient]:
    """Clients with credentials of somebody whose time is over, which nobody has ended."""
    key, idle = await make_key(person, *SCOPES), await log_in(service, person.email)
    cookie, ticket = await log_in(service, person.email), await person.http.post(TICKETS, json=START)
    first, second = (await person.http.get("/api/v1/account/sessions")).json()["sessions"][:2]
    now = datetime.now(UTC)
    past = now - timedelta(seconds=1)
    tickets = update(stream_tickets).where(stream_tickets.c.owner == person.id)
    for query in (
        update(api_keys).where(api_keys.c.owner == person.id).values(expires_at=past),
        update(login_sessions).where(login_sessions.c.id == first["id"]).values(expires_at=past),
        update(login_sessions)
        .where(login_sessions.c.id == second["id"])
        .values(used_at=now - timedelta(days=99)),
        tickets.values(expires_at=past),
    ):
        await execute(service, query)
    session_id = (await person.http.get("/api/v1/account/sessions")).json()["sessions"][0]["id"]
    claims = AccessClaims(person.id, session_id)
    tokens = {}
    for name, seconds in (("an expired token", -7200), ("a token from the future", 7200)):
        signer = AccessTokens(load_secrets(service.resources.settings), 600, partial(_clock, seconds))
        tokens[name] = anonymous(service, Authorization=f"Bearer {signer.issue(claims)}")
    good = AccessTokens(load_secrets(service.resources.settings), 600).issue(claims)
    alive = anonymous(service, Authorization=f"Bearer {good}")
    assert (await alive.get("/api/v1/account/me")).status_code == 200  # it is the time alone that is wrong
    by_ticket = anonymous(service)
    by_ticket.params = by_ticket.params.set("token", ticket.json()["token"])
    return {
        "an expired key": anonymous(service, Authorization=f"Bearer {key}"),
        "an expired session's cookie": cookie,
        "an idle session's cookie": idle,
        "an expired ticket": by_ticket,
        **tokens,
    }


async def make_outdated(service: LiveService, person: Person) -> dict[str, httpx.AsyncClient]:
    """Clients with copies of credentials of somebody who has changed the password with them, twice."""
    ticket, run = (
        await person.http.post(TICKETS, json=START),
        await person.http.post("/api/v1/runs", json=BODY),
    )
    reader = await person.http.post(TICKETS, json={"run_id": run.json()["run_id"]})
    token = person.tokens["access_token"]
    await change_password(person, NEW)
    browser = await log_in(service, person.email, NEW)
    cookie = "; ".join(f"{each.name}={each.value}" for each in browser.cookies.jar)
    of_cookie = await browser.post(TICKETS, json=START)
    change = {"old_password": NEW, "new_password": PASSWORD}
    assert (await browser.put("/api/v1/account/password", json=change)).status_code == 204
    copies = {
        "a token from before the password": anonymous(service, Authorization=f"Bearer {token}"),
        "a cookie from before the password": anonymous(
            service, Cookie=cookie, Origin=service.client.base_url
        ),
    }
    for number, made in enumerate((ticket, reader, of_cookie)):
        http = anonymous(service)
        http.params = http.params.set("token", made.json()["token"])
        copies[f"ticket {number} from before the password"] = http
    return copies


async def ask(http: httpx.AsyncClient, method: str, path: str, things: Things) -> httpx.Response:
    """The operation, on these things, with what it needs."""
    name = f"{method} {path}"
    params = {key: things.fill(value) for key, value in QUERIES.get(name, {}).items()}
    return await http.request(method, things.fill(path), params=params, json=BODIES.get(name))


def own_statuses(method: str, path: str) -> set[int]:
    """How the operation answers its owner."""
    return OWN.get(f"{method} {path}", {200, 201, 202, 204})


@pytest.mark.asyncio(loop_scope="module")
async def test_every_operation_is_closed_to_whoever_it_is_not_for(
    shared: LiveService, noa: Person, things: Things
) -> None:
    ended, wrong = await add_person(shared, "ended"), await add_person(shared, "wrong")
    await ended.http.post("/api/v1/account/logout")
    revoked = await make_key(wrong, "runs:read", "runs:write", "library:read")
    for key in (await wrong.http.get("/api/v1/account/keys")).json()["keys"]:
        await wrong.http.delete(f"/api/v1/account/keys/{key['id']}")
    useless = await make_key(noa, "extensions:read")
    before = await make_outdated(shared, await add_person(shared, "changed"))
    ticket = await noa.http.post("/api/v1/stream-tickets", json={"run_id": things.ids["run_id"]})
    shown = {
        "nothing": anonymous(shared),
        "another scheme": anonymous(shared, Authorization="Basic bm9hOm5vYQ=="),
        "no token": anonymous(shared, Authorization="Bearer x.y.z"),
        "an ended session's token": ended.http,
        "a revoked key": anonymous(shared, Authorization=f"Bearer {revoked}"),
        "a key with a character more": anonymous(shared, Authorization=f"Bearer {useless}x"),
        "a key without the scope": anonymous(shared, Authorization=f"Bearer {useless}"),
        "a ticket as a token": anonymous(shared, Authorization=f"Bearer {ticket.json()['token']}"),
        "a cookie that nobody gave": anonymous(shared, Cookie=f"storywire-session=sws_{'A' * 43}"),
        **before,
        **await make_expired(shared, await add_person(shared, "late")),
    }
    opened = []
    for method, path in operations(shared):
        if access_to(method, things.fill(path)).is_public:
            continue
        for what, http in shown.items():
            reply = await ask(http, method, path, things)
            any_key = what == "a key without the scope" and access_to(method, things.fill(path)).scope == ""
            if reply.status_code not in (401, 403) and not any_key:
                opened.append((what, method, path, reply.status_code))
    assert not opened


@pytest.mark.asyncio(loop_scope="module")
async def test_no_operation_is_found_behind_an_address_with_a_character_more(
    shared: LiveService, noa: Person, things: Things
) -> None:
    """Who may read one thing would read all, where access and router took an address for different ones."""
    key = anonymous(shared, Authorization=f"Bearer {await make_key(noa, 'extensions:read')}")
    opened = []
    for method, path in operations(shared):
        for more in ("%0A", "%20", "%2F", "%E2%80%A8"):
            reply = await key.request(method, things.fill(path) + more, json=BODIES.get(f"{method} {path}"))
            if reply.status_code not in (307, 401, 403, 404, 405, 422):
                opened.append((more, method, path, reply.status_code))
    assert not opened


@pytest.mark.asyncio(loop_scope="module")
async def test_ticket_opens_no_operation_but_its_own_stream(
    shared: LiveService, noa: Person, things: Things
) -> None:
    ticket = await noa.http.post("/api/v1/stream-tickets", json={"run_id": things.ids["run_id"]})
    http = anonymous(shared)
    http.params = http.params.set("token", ticket.json()["token"])
    opened = {}
    for method, path in operations(shared):
        reply = await http.request(method, things.fill(path), params={"token": ticket.json()["token"]})
        if reply.status_code not in (401, 403) and not access_to(method, things.fill(path)).is_public:
            opened[f"{method} {path}"] = reply.status_code
    assert opened == {"GET /api/v1/runs/{run_id}/stream": 200}


@pytest.mark.asyncio(loop_scope="module")
async def test_every_operation_on_anothers_things_finds_nothing(shared: LiveService, things: Things) -> None:
    ben = await add_person(shared, "ben", "admin")
    found = []
    for method, path in operations(shared):
        if "{" not in path or "{path}" in path or "/admin/" in path or path.startswith(("/shared", THREADS)):
            continue
        reply = await ask(ben.http, method, path, things)
        if reply.status_code != 404:
            found.append((method, path, reply.status_code))
    assert not found


@pytest.mark.asyncio(loop_scope="module")
async def test_no_list_shows_anothers_things(shared: LiveService, things: Things) -> None:
    ben = await add_person(shared, "carl")
    shown = []
    for method, path in operations(shared):
        if method == "GET" and "{" not in path and path != "/metrics":
            reply = await ask(ben.http, method, path, things)
            shown += [
                (path, name)
                for name, id in things.ids.items()
                if name not in ("path", "thread_id") and id in reply.text
            ]
    assert not shown


async def test_every_operation_opens_to_its_owner(service: LiveService) -> None:
    """The positive control: what the walk is refused elsewhere isn't refused for a wrong address or body."""
    noa = await add_person(service, "noa", "admin")
    things = await make_things(noa)
    shared = await noa.http.post(f"/api/v1/runs/{things.ids['run_id']}/share")
    things.ids["token"] = shared.json()["url"].rpartition("/")[2]
    other = await add_person(service, "other")
    refused = []
    with reading_statements() as asked:
        for method, path in operations(service):
            if f"{method} {path}" in {*LAST, ENDLESS} or path.startswith("/api/v1/auth/"):
                continue
            if "/admin/accounts/" in path:
                things.ids["account_id"] = other.id
            reply = await ask(noa.http, method, path, things)
            if path == "/api/v1/account/password":  # the tokens from before have ended
                noa.http.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
            if reply.status_code not in own_statuses(method, path):
                refused.append((method, path, reply.status_code, reply.text[:200]))
    assert not refused
    assert asked.total > 100
    assert sorted(set(asked.without_owner)) == []


def test_public_operations_are_those_that_are_listed(shared: LiveService) -> None:
    public = {f"{method} {path}" for method, path in operations(shared) if access_to(method, path).is_public}
    assert public == {
        "GET /healthz",
        "GET /readyz",
        "GET /shared/{token}",
        "GET /api/v1/schema/story_chunk.json",
        "GET /api/v1/auth/options",
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/token",
        "POST /api/v1/auth/token/refresh",
        "POST /api/v1/auth/register",
        "POST /api/v1/auth/email/verify",
        "POST /api/v1/auth/password/forgot",
        "POST /api/v1/auth/password/reset",
    }
    assert len(PUBLIC) == len(public) + 5  # the pages, their files, the OpenAPI document and its page


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "path",
    ["/api/v1/nothing", "/api/v1//runs", "/api/v1/runs/", "/API/v1/runs", "/redoc", "/api/v1/auth"],
)
async def test_address_where_nothing_is_needs_a_credential_too(shared: LiveService, path: str) -> None:
    assert (await anonymous(shared).get(path)).status_code == 401


@dataclass
class Statements:
    """What was asked of the database."""

    total: int = 0
    without_owner: list[str] = field(default_factory=list)


@contextmanager
def reading_statements() -> Iterator[Statements]:
    """Reads every statement of this process meanwhile."""
    seen = Statements()

    def look(connection: Any, statement: Any, *_: Any) -> None:
        del connection
        if isinstance(statement, Select | Update | Delete):
            seen.total += 1
            if (text := ask_without_owner(statement)) is not None:
                seen.without_owner.append(text)

    event.listen(Engine, "before_execute", look)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_execute", look)


def ask_without_owner(statement: Any) -> str | None:
    """The statement, if it asks an owned table without its owner and isn't listed; None if all is well."""
    tables = {
        element
        for element in visitors.iterate(statement)
        if isinstance(element, Table) and "owner" in element.c
    }
    compared = {
        side.table
        for element in visitors.iterate(statement)
        if isinstance(element, BinaryExpression)
        for side in (element.left, element.right)
        if isinstance(side, Column) and side.name == "owner"
    }
    if tables <= compared:
        return None
    text = " ".join(_text_of(statement).split())
    where = text.partition(" WHERE ")[2] or text
    return None if any(re.fullmatch(pattern, where) for pattern in WITHOUT_OWNER) else text


def _text_of(statement: Any) -> str:
    try:
        return str(statement)
    except UnsupportedCompilationError:  # functions of ours have words for real databases only
        return str(statement.compile(dialect=sqlite.dialect(paramstyle="named")))


def test_statement_that_forgets_the_owner_is_found() -> None:
    assert ask_without_owner(select(runs).where(runs.c.status == "completed")) is not None
    assert ask_without_owner(update(runs).values(title="x").where(runs.c.title == "y")) is not None
    assert ask_without_owner(select(runs).where(runs.c.owner == "me", runs.c.status == "completed")) is None
    assert ask_without_owner(select(runs.c.id).where(runs.c.title.in_(among(["x"])))) is not None
    both = select(runs.c.id).join(cached_results, cached_results.c.run_id == runs.c.id)
    assert ask_without_owner(both.where(cached_results.c.owner == "me")) is not None


def test_openapi_says_of_every_operation_what_lets_a_caller_in(shared: LiveService) -> None:
    document: dict[str, Any] = shared.server.config.app.openapi()  # type: ignore[union-attr]
    schemes = set(document["components"]["securitySchemes"])
    for method, path in operations(shared):
        said = document["paths"][path][method.lower()]["security"]
        assert (said == []) == access_to(method, path).is_public, (method, path)
        assert all(set(each) <= schemes for each in said)
