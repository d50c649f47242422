"""Keys, tickets, other origins, and long requests that end with what let them in."""

import asyncio
import logging
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import Select

from backend.store.accounts.belongings import BelongingsRepository
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
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

ME, RUNS, TICKETS = "/api/v1/account/me", "/api/v1/runs", "/api/v1/stream-tickets"
START = "/api/v1/stories/generate/stream"
APP = "http://localhost:3000"
ENDS_WITHIN = 5.0
"""Seconds, as docs/accounts.md promises."""
NUMBERS = count()


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service with accounts, and one other site whose pages may connect."""
    async with serve_accounts(provider, tmp_path, origins=APP) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def refusing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveService]:
    """One service for what is refused and changes nothing."""
    folder = tmp_path_factory.mktemp("refusing")
    async with FakeProvider() as provider, serve_accounts(provider, folder, origins=APP) as running:
        yield running
        assert provider.calls == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def narrow(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveService]:
    """A service at which an account reads one stream at a time."""
    folder = tmp_path_factory.mktemp("narrow")
    async with FakeProvider() as provider, serve_accounts(provider, folder, account_streams=1) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def noa(refusing: LiveService) -> Person:
    """Somebody who has an account there."""
    return await add_person(refusing, "noa")


async def read(http: httpx.AsyncClient, path: str, **params: Any) -> tuple[int, list[str]]:
    """Status and ids of a stream, to its end."""
    async with http.stream("GET", path, params=params) as reply:
        lines = [line async for line in reply.aiter_lines()]
    return reply.status_code, [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]


# Keys.


async def test_key_does_what_its_scopes_say_and_makes_no_key(service: LiveService) -> None:
    person = await add_person(service, "noa")
    key = await make_key(person, "runs:read")
    http = anonymous(service, Authorization=f"Bearer {key}")
    assert (await http.get(RUNS)).status_code == 200
    assert (await http.post(RUNS, json=BODY)).status_code == 403
    # A GET that starts a run is no read.
    assert (await http.get(START, params={"theme": "dragons"})).status_code == 403
    assert (await http.post(TICKETS, json={"format": "story", "input": STORY})).status_code == 403
    body = {"name": "another", "scopes": ["runs:write"]}
    assert (await http.post("/api/v1/account/keys", json=body)).status_code == 403
    assert (await http.post("/api/v1/account/deletion", json={})).status_code == 403
    listed = (await person.http.get("/api/v1/account/keys")).json()["keys"]
    assert [each["key"] for each in listed] == [None] and listed[0]["hint"] == key[:8]
    await person.http.delete(f"/api/v1/account/keys/{listed[0]['id']}")
    assert (await http.get(RUNS)).status_code == 401


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "values", [{"scopes": ["everything"]}, {"scopes": []}, {"days": 0}, {"days": 10_000}, {"name": ""}]
)
async def test_key_that_would_be_too_good_is_refused(noa: Person, values: dict[str, Any]) -> None:
    body = {"name": "k", "scopes": ["runs:read"], **values}
    assert (await noa.http.post("/api/v1/account/keys", json=body)).status_code == 422


async def test_admins_key_reads_metrics_and_a_users_does_not(service: LiveService) -> None:
    admin, person = await add_person(service, "admin", "admin"), await add_person(service, "noa")
    for who, expected in ((admin, 200), (person, 403)):
        key = await make_key(who, "metrics:read")
        reply = await anonymous(service, Authorization=f"Bearer {key}").get("/metrics")
        assert reply.status_code == expected


# Tickets.


async def test_ticket_starts_its_one_run_and_reads_it_again(service: LiveService) -> None:
    person = await add_person(service, "noa")
    wish = {"theme": "dragons", "reader": {"age": 7}}
    made = await person.http.post(TICKETS, json={"format": "story", "input": wish})
    token = made.json()["token"]
    http = anonymous(service)
    query = {"theme": "dragons", "age": 7, "token": token}
    status, ids = await read(http, START, **query)
    assert status == 200
    # As an EventSource does that lost the connection: with the last id, or before the first frame without one.
    status, rest = await read(http, START, **query, last_event_id=ids[2])
    assert status == 200 and rest[-1] == ids[-1]
    status, again = await read(http, START, **query)
    assert again[-1] == ids[-1]
    assert len((await person.http.get(RUNS)).json()["runs"]) == 1
    # And by the run's own address.
    run_id = ids[0].partition(":")[0]
    assert (await read(http, f"{RUNS}/{run_id}/stream", token=token))[0] == 200


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "query",
    [
        {"theme": "knights", "age": 7},
        {"theme": "dragons", "age": 8},
        {"theme": "dragons", "age": 7, "budget_usd": 100},
        {"theme": "dragons", "age": 7, "model": "openai:gpt-test"},
    ],
)
async def test_ticket_starts_nothing_but_what_it_was_asked_for(
    refusing: LiveService, noa: Person, query: dict[str, Any]
) -> None:
    wish = {"theme": "dragons", "reader": {"age": 7}}
    token = (await noa.http.post(TICKETS, json={"format": "story", "input": wish})).json()["token"]
    reply = await anonymous(refusing).get(START, params={**query, "token": token})
    assert (reply.status_code, reply.json()["code"]) == (403, "FORBIDDEN")
    other = await anonymous(refusing).get(
        "/api/v1/discovery-reports/generate/stream", params={"token": token, "theme": "dragons"}
    )
    assert other.status_code in (403, 422)
    assert (await noa.http.get(RUNS)).json()["runs"] == []


async def test_ticket_reads_no_other_run_of_the_same_account(service: LiveService) -> None:
    person = await add_person(service, "noa")
    runs = [(await person.http.post(f"{RUNS}?wait=true", json=BODY)).json()["run_id"] for _ in range(2)]
    token = (await person.http.post(TICKETS, json={"run_id": runs[0]})).json()["token"]
    http = anonymous(service)
    assert (await read(http, f"{RUNS}/{runs[0]}/stream", token=token))[0] == 200
    assert (await read(http, f"{RUNS}/{runs[1]}/stream", token=token))[0] == 404
    assert (await http.get(START, params={"theme": "dragons", "token": token})).status_code == 403


async def test_ticket_ends_with_the_log_in_that_asked_for_it(service: LiveService) -> None:
    person = await add_person(service, "noa")
    run_id = (await person.http.post(f"{RUNS}?wait=true", json=BODY)).json()["run_id"]
    token = (await person.http.post(TICKETS, json={"run_id": run_id})).json()["token"]
    await person.http.post("/api/v1/account/logout")
    reply = await anonymous(service).get(f"{RUNS}/{run_id}/stream", params={"token": token})
    assert reply.status_code == 401


async def test_open_stream_by_ticket_ends_with_the_log_in_that_asked_for_it(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(default=Reply(pace=20))
    person = await add_person(service, "noa")
    run_id = (await person.http.post(RUNS, json=BODY)).json()["run_id"]
    token = (await person.http.post(TICKETS, json={"run_id": run_id})).json()["token"]
    began = asyncio.Event()

    async def follow() -> list[str]:
        lines: list[str] = []
        path, query = f"{RUNS}/{run_id}/stream", {"token": token}
        async with anonymous(service).stream("GET", path, params=query) as reply:
            async for line in reply.aiter_lines():
                lines.append(line)
                began.set()
        return lines

    following = asyncio.create_task(follow())
    await began.wait()
    await person.http.post("/api/v1/account/logout")
    lines = await asyncio.wait_for(following, ENDS_WITHIN)
    assert not any("story_content" in line for line in lines)


async def test_credential_that_lasts_is_refused_in_an_address(service: LiveService) -> None:
    person = await add_person(service, "noa")
    key = await make_key(person, "runs:read", "runs:write")
    for token in (key, person.tokens["access_token"], person.tokens["refresh_token"], "", "x"):
        reply = await anonymous(service).get(RUNS, params={"token": token})
        assert reply.status_code == 401
        assert not token or token == "x" or token not in reply.text
        # Also where a header shows one that is valid: the address is in somebody's log by now.
        assert (await person.http.get(RUNS, params={"token": token})).status_code == 401


async def test_key_gets_past_no_scope_by_what_a_request_refers_to(
    service: LiveService, provider: FakeProvider
) -> None:
    person = await add_person(service, "noa")
    run_id = (await person.http.post(f"{RUNS}?wait=true", json=BODY)).json()["run_id"]
    story = await person.http.post(
        "/api/v1/stories/sessions", json={"reader": {"age": 7}, "theme": "dragons"}
    )
    bought = len(provider.calls)

    writer = anonymous(service, Authorization=f"Bearer {await make_key(person, 'runs:write')}")
    last = {"Last-Event-ID": f"{run_id}:1"}
    for path in (f"{RUNS}?wait=true", RUNS, START):
        reply = await writer.post(path, json=BODY if path != START else STORY, headers=last)
        assert reply.status_code == 403 and "runs:read" in reply.text
    tutor = anonymous(
        service, Authorization=f"Bearer {await make_key(person, 'children:read', 'children:write')}"
    )
    path = f"/api/v1/stories/sessions/{story.json()['session_id']}/choices"
    reply = await tutor.post(path, json={"choice_index": 0})
    assert reply.status_code == 403 and "runs:write" in reply.text
    assert len(provider.calls) == bought


# Long requests.


@pytest.mark.parametrize("how", ["logout", "lock", "key", "delete", "password"])
@pytest.mark.parametrize("what", ["stream", "wait"])
async def test_long_request_ends_soon_after_what_let_it_in(
    service: LiveService, provider: FakeProvider, how: str, what: str
) -> None:
    provider.script = Script(default=Reply(pace=20))
    person = await add_person(service, "noa")
    http = person.http
    if how == "key":
        key = await make_key(person, "runs:read", "runs:write")
        http = anonymous(service, Authorization=f"Bearer {key}")
    began = asyncio.Event()

    async def follow() -> int:
        if what == "wait":
            began.set()
            return (await http.post(f"{RUNS}?wait=true", json=BODY)).status_code
        async with http.stream("POST", RUNS, json=BODY, headers={"Accept": "text/event-stream"}) as reply:
            async for line in reply.aiter_lines():
                if line.startswith("id: "):
                    began.set()
                assert "story_content" not in line
        return reply.status_code

    following = asyncio.create_task(follow())
    await began.wait()
    while not (await person.http.get(RUNS)).json()["runs"]:
        pass
    repository = service.resources.people.account_repository
    if how == "logout":
        await person.http.post("/api/v1/account/logout")
    elif how == "password":
        await change_password(person, "another sentence, longer than most")
    elif how == "key":
        [listed] = (await person.http.get("/api/v1/account/keys")).json()["keys"]
        await person.http.delete(f"/api/v1/account/keys/{listed['id']}")
    else:
        await repository.update(person.id, status="locked" if how == "lock" else "deleting")
    status = await asyncio.wait_for(following, ENDS_WITHIN)
    assert status == (401 if what == "wait" else 200)


@pytest.mark.parametrize("of_child", [False, True])
async def test_export_that_is_cut_does_not_look_whole(
    service: LiveService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, of_child: bool
) -> None:
    """It waits for a row that never comes; what came before has been sent."""
    person = await add_person(service, "noa")
    child = (await person.http.post("/api/v1/children", json={"name": "Maya", "age": 7})).json()["child_id"]
    read = BelongingsRepository._read

    async def read_or_wait(self: BelongingsRepository, query: Select[Any]) -> list[dict[str, Any]]:
        if {getattr(table, "name", "") for table in query.columns_clause_froms} & {
            "documents",
            "reading_days",
        }:
            await asyncio.Event().wait()
        return await read(self, query)

    monkeypatch.setattr(BelongingsRepository, "_read", read_or_wait)
    path, body = "/api/v1/account/export", {"password": PASSWORD}
    asked = person.http.stream("POST", path, json=body)
    if of_child:
        asked = person.http.stream("GET", f"/api/v1/children/{child}/export")
    async with asyncio.timeout(ENDS_WITHIN), asked as reply:
        parts = reply.aiter_raw()
        got = await anext(parts)
        await service.resources.people.account_repository.update(person.id, status="locked")
        with pytest.raises(httpx.TransportError):
            while True:
                got += await anext(parts)
    assert b'"end"' not in got
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_long_poll_ends_soon_after_the_log_in_that_let_it_in(service: LiveService) -> None:
    """It waits for news of a run that waits for a person itself, so that none come."""
    person = await add_person(service, "noa")
    body = {**BODY, "options": {"review_outline": True}}
    run_id = (await person.http.post(RUNS, json=body)).json()["run_id"]
    while (await person.http.get(f"{RUNS}/{run_id}")).json()["status"] != "waiting":
        pass
    poll = {"offset": "now", "live": "long-poll"}
    polling = asyncio.create_task(person.http.get(f"{RUNS}/{run_id}/ds", params=poll))
    requests = service.resources.people.open_requests
    while not any(each.stream_id for each in requests._open):
        await person.http.get(ME)
    assert (await person.http.post("/api/v1/account/logout")).status_code == 204
    assert (await asyncio.wait_for(polling, ENDS_WITHIN)).status_code == 401


async def test_account_reads_so_many_streams_at_once_and_no_more(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(default=Reply(pace=20))
    async with serve_accounts(provider, tmp_path, account_streams=1) as service:
        person, other = await add_person(service, "noa"), await add_person(service, "ben")
        run_id = (await person.http.post(RUNS, json=BODY)).json()["run_id"]
        async with person.http.stream("GET", f"{RUNS}/{run_id}/stream"):
            reply = await person.http.get(f"{RUNS}/{run_id}/stream")
            assert (reply.status_code, reply.json()["code"]) == (429, "RATE_LIMITED")
            reply = await other.http.get(f"{RUNS}/{run_id}/stream")
            assert reply.status_code == 404
        await person.http.post(f"{RUNS}/{run_id}/cancel")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("method", "path", "accept"),
    [
        ("POST", "/api/v1/stories/chat", "*/*"),
        ("GET", "/api/v1/stories/chat/a-chat/stream", "*/*"),
        ("GET", "/api/v1/stories/chat/{run_id}/stream?startIndex=0", "*/*"),
        ("GET", f"{RUNS}/{{run_id}}/stream?protocol=ai-sdk", "*/*"),
        ("GET", f"{RUNS}/{{run_id}}/stream?protocol=ag-ui", "*/*"),
        ("POST", "/api/v1/ag-ui/stories", "*/*"),
        ("POST", "/api/v1/langgraph/threads/t1/stream/events", "*/*"),
        ("GET", f"{RUNS}/{{run_id}}/ds?offset=-1&live=sse", "*/*"),
        ("GET", "/api/v1/ag-ui/stories?runId={run_id}", "*/*"),
        ("POST", RUNS, "text/event-stream"),
        ("POST", f"{RUNS}/{{run_id}}/versions", "application/json, text/event-stream"),
        ("POST", f"{RUNS}?wait=true", "*/*"),
        ("POST", f"{RUNS}?x=1&%77ait=%74rue", "*/*"),
        ("POST", f"{RUNS}?wait=false&wait=true", "*/*"),
    ],
)
async def test_reply_that_lasts_counts_as_a_stream_whichever_route_it_is_of(
    narrow: LiveService, method: str, path: str, accept: str
) -> None:
    person = await add_person(narrow, f"reader{next(NUMBERS)}")
    if "{run_id}" in path:
        made = await person.http.post(f"{RUNS}?wait=true", json=BODY)
        path = path.format(run_id=made.json()["run_id"])
    chat = {"messages": [{"role": "user", "parts": [{"type": "data-input", "data": STORY}]}]}
    agent = {"threadId": "t1", "runId": "r1", "forwardedProps": {"input": STORY}}
    body = {**BODY, **chat} if path.endswith("/chat") else agent if "/ag-ui/" in path else BODY
    async with person.http.stream("GET", "/api/v1/diagnostics/stream?ticks=100"):
        reply = await person.http.request(method, path, json=body, headers={"Accept": accept})
        assert (reply.status_code, reply.json()["code"]) == (429, "RATE_LIMITED")


async def test_stream_counts_as_one_whatever_else_is_accepted(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve_accounts(provider, tmp_path, account_streams=1) as service:
        person = await add_person(service, "noa")
        headers = [("Accept", "text/event-stream"), ("Accept", "application/json")]
        async with person.http.stream("GET", "/api/v1/diagnostics/stream?ticks=100"):
            reply = await person.http.post(RUNS, json=BODY, headers=headers)
            assert (reply.status_code, reply.json()["code"]) == (429, "RATE_LIMITED")


async def test_wait_holds_its_place_among_the_streams_until_it_ends(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve_accounts(provider, tmp_path, account_streams=1) as service:
        person = await add_person(service, "noa")
        provider.script = Script(default=Reply(pace=20))
        waiting = asyncio.create_task(person.http.post(f"{RUNS}?wait=true", json=BODY))
        while not (runs := (await person.http.get(RUNS)).json()["runs"]):
            pass
        path = f"{RUNS}/{runs[0]['run_id']}/stream"
        assert (await person.http.get(path)).status_code == 429
        await person.http.post(f"{RUNS}/{runs[0]['run_id']}/cancel")
        assert (await waiting).status_code == 201
        while (status := (await person.http.get(path)).status_code) == 429:
            pass
        assert status == 200


# Cookies and origins.


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("other", ['prefs={"a": 1}', "x=a b", "fo(o=1", "é=1", "=x", "novalue", 'q="a; b"'])
async def test_cookie_counts_whatever_other_cookies_come_with_it(
    refusing: LiveService, noa: Person, other: str
) -> None:
    cookies = (await log_in(refusing, noa.email)).cookies
    header = f"{other}; storywire-session={cookies['storywire-session']}".encode("latin-1")
    reply = await anonymous(refusing).get(ME, headers=[(b"Cookie", header)])
    assert reply.status_code == 200


async def test_cookie_alone_changes_nothing_and_starts_nothing(service: LiveService) -> None:
    person = await add_person(service, "noa")
    browser = await log_in(service, person.email)
    assert (await browser.post(RUNS, json=BODY)).status_code == 201
    del browser.headers["Origin"]
    assert (await browser.get(RUNS)).status_code == 200
    assert (await browser.post(RUNS, json=BODY)).status_code == 403
    assert (await browser.delete("/api/v1/account/sessions")).status_code == 403
    assert (await browser.get(START, params={"theme": "dragons"})).status_code == 403
    for site in ("cross-site", "same-site", "none"):
        reply = await browser.get(START, params={"theme": "dragons"}, headers={"Sec-Fetch-Site": site})
        assert reply.status_code == 403
    same = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty"}
    reply = await browser.get(START, params={"theme": "dragons", "age": "7"}, headers=same)
    assert reply.status_code == 200
    evil = {"Origin": "http://evil.example.org"}
    assert (await browser.post(RUNS, json=BODY, headers=evil)).status_code == 403


async def test_listed_origin_may_ask_send_and_read_what_streams_need(service: LiveService) -> None:
    asked = {
        "Origin": APP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,last-event-id,x-timezone",
    }
    reply = await anonymous(service).options(RUNS, headers=asked)
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == APP
    assert reply.headers["access-control-allow-credentials"] == "true"
    allowed = reply.headers["access-control-allow-headers"].lower()
    assert {"authorization", "idempotency-key", "last-event-id", "x-timezone"} <= set(
        allowed.replace(" ", "").split(",")
    )
    person = await add_person(service, "noa")
    headers = {"Origin": APP, "Sec-Fetch-Site": "same-site", "Accept": "text/event-stream"}
    async with person.http.stream("POST", RUNS, json=BODY, headers=headers) as stream:
        exposed = stream.headers["access-control-expose-headers"]
        assert "X-Run-Id" in exposed and "Location" in exposed and "Retry-After" in exposed
        assert stream.headers["vary"] == "Origin"
    # Refusals can be read too: who isn't logged in is told so.
    reply = await anonymous(service).get(RUNS, headers={"Origin": APP})
    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (401, APP)
    for status, given in ((413, {"content": b"x" * 1_100_000}), (422, {"params": {"a": "\0"}})):
        reply = await person.http.post(RUNS, headers={"Origin": APP}, **given)
        assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (status, APP)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:3001"},
        {"Origin": "https://localhost:3000"},
        {"Origin": "http://localhost:3000.evil.example.org"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},  # an image or a frame of a listed page
        {"Sec-Fetch-Site": "cross-site", "Referer": f"{APP}/"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_page_that_is_not_listed_can_do_nothing(
    noa: Person, headers: dict[str, str], method: str
) -> None:
    reply = await noa.http.request(method, RUNS, headers={**headers, "Access-Control-Request-Method": "POST"})
    assert reply.status_code == 403
    assert "access-control-allow-origin" not in reply.headers


async def test_no_secret_is_logged(
    service: LiveService, provider: FakeProvider, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    person = await add_person(service, "noa")
    key = await make_key(person, "runs:read", "runs:write")
    ticket = (await person.http.post(TICKETS, json={"format": "story", "input": STORY})).json()["token"]
    browser = await log_in(service, person.email)
    cookie = next(iter(browser.cookies.jar)).value
    secrets = [key, ticket, cookie, *(person.tokens[name] for name in ("access_token", "refresh_token"))]
    http = anonymous(service)
    for secret in secrets:
        await http.get(START, params={"theme": "dragons", "token": secret})
        await http.get(f"/api/v1/nothing/{secret}")
        await http.get(RUNS, headers={"Authorization": f"Bearer {secret}"})
        await http.post("/api/v1/auth/password/reset", json={"token": secret, "password": "x" * 20})
    metrics = await (await _admin(service)).get("/metrics")
    printed = "".join(capfd.readouterr())
    kept = _bytes_below(tmp_path)
    for secret in secrets:
        assert secret and secret not in printed and secret not in metrics.text
        assert secret.encode() not in kept
    assert all(secret not in call.prompt_text for call in provider.calls for secret in secrets)


def _bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def _admin(service: LiveService) -> httpx.AsyncClient:
    return (await add_person(service, "admin", "admin")).http
