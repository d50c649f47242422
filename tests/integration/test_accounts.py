"""Accounts: registering, logging in and out, sessions, passwords, links. Over a live service."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from nacl.pwhash import argon2id
from structlog.testing import capture_logs

from backend.accounts import throttle
from backend.accounts.credentials.argon2 import PARAMETERS
from backend.accounts.credentials.sessions import LOGIN_REFUSED
from backend.documents.documents import Upload
from backend.runs.requests import RunRequest
from backend.store.accounts.accounts import Account, AccountRepository
from backend.store.accounts.belongings import BelongingsRepository, owned_tables
from backend.store.accounts.callers import CallerCredential, calling_as
from backend.store.owner import Owner
from backend.store.schema.run_values import RunOptions
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.people import BODY, PASSWORD, add_person, anonymous, log_in, make_key, serve_accounts
from tests.service import STORY, LiveService
from workflows.errors import Forbidden, NotFound, Unauthenticated

LOGIN, ME, RUNS = "/api/v1/auth/login", "/api/v1/account/me", "/api/v1/runs"
TOKEN = "/api/v1/auth/token"
NEW = "another sentence, longer than most"
CLIENT = f"python-httpx/{httpx.__version__}"


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service with accounts, which anybody may register at."""
    async with serve_accounts(provider, tmp_path) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def refusing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveService]:
    """One service for what is refused and changes nothing."""
    folder = tmp_path_factory.mktemp("refusing")
    async with FakeProvider() as provider, serve_accounts(provider, folder) as running:
        yield running
        assert provider.calls == []


async def test_person_who_registers_can_log_in_and_out_again(service: LiveService) -> None:
    client = anonymous(service, Origin=service.client.base_url)
    body = {"email": "Noa@Example.org", "password": PASSWORD}
    assert (await client.post("/api/v1/auth/register", json=body)).status_code == 202
    reply = await client.post(LOGIN, json={**body, "email": "noa@example.ORG"})
    assert (reply.status_code, reply.json()["email"]) == (200, "noa@example.org")
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie
    assert (await client.get(ME)).json()["credential"] == "browser"
    kept = dict(client.cookies)
    assert (await client.post("/api/v1/account/logout")).status_code == 204
    assert not dict(client.cookies)
    # The cookie that somebody kept opens nothing any more.
    again = await anonymous(service, Cookie="; ".join(f"{k}={v}" for k, v in kept.items())).get(ME)
    assert (again.status_code, again.json()["code"]) == (401, "UNAUTHENTICATED")
    assert again.headers["www-authenticate"] == "Bearer"


async def test_request_that_ends_its_own_session_is_answered_whenever_that_is_noticed(
    service: LiveService,
) -> None:
    """Here it is noticed before the reply begins."""
    person, people = await add_person(service, "noa"), service.resources.people

    def noticed(end: Any) -> Any:
        async def end_and_look(*args: Any) -> Any:
            result = await end(*args)
            await people.open_requests.check()
            return result

        return end_and_look

    people.sessions.end = noticed(people.sessions.end)  # type: ignore[method-assign]
    people.accounts.change_password = noticed(people.accounts.change_password)  # type: ignore[method-assign]
    people.belongings.ask_deletion = noticed(people.belongings.ask_deletion)  # type: ignore[method-assign]
    browser = await log_in(service, person.email)
    reply = await browser.post("/api/v1/account/logout")
    assert (reply.status_code, reply.headers["clear-site-data"]) == (204, '"storage"')
    assert not dict(browser.cookies)
    browser = await log_in(service, person.email)
    [here] = [
        each["id"]
        for each in (await browser.get("/api/v1/account/sessions")).json()["sessions"]
        if each["is_this_one"]
    ]
    assert (await browser.delete(f"/api/v1/account/sessions/{here}")).status_code == 204
    browser = await log_in(service, person.email)
    change = {"old_password": PASSWORD, "new_password": NEW}
    assert (await browser.put("/api/v1/account/password", json=change)).status_code == 204
    reply = await browser.post("/api/v1/account/deletion", json={"password": NEW})
    assert reply.status_code == 202 and not dict(browser.cookies)


async def test_cookie_behind_tls_is_bound_to_host_and_tls(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve_accounts(provider, tmp_path, public_url="https://stories.example.org") as service:
        person = await add_person(service, "noa")
        headers = {"Host": "stories.example.org", "Origin": "https://stories.example.org"}
        reply = await anonymous(service, **headers).post(
            LOGIN, json={"email": person.email, "password": PASSWORD}
        )
        cookie = reply.headers["set-cookie"]
        assert cookie.startswith("__Host-storywire=") and "Secure" in cookie and "Domain" not in cookie
        assert reply.headers["strict-transport-security"] == "max-age=31536000"
        # The same name over http is another origin.
        plain = {**headers, "Origin": "http://stories.example.org"}
        reply = await anonymous(service, **plain).post(
            LOGIN, json={"email": person.email, "password": PASSWORD}
        )
        assert reply.status_code == 403


async def test_log_in_makes_a_new_session_whatever_cookie_came_with_it(service: LiveService) -> None:
    person = await add_person(service, "noa")
    planted = "sws_" + "A" * 43
    client = anonymous(service, Origin=service.client.base_url)
    client.cookies.set("storywire-session", planted)
    await client.post(LOGIN, json={"email": person.email, "password": PASSWORD})
    reply = await anonymous(service, Cookie=f"storywire-session={planted}").get(ME)
    assert reply.status_code == 401


@pytest.mark.parametrize(
    "name", ["noa@example.org", "nobody@example.org", "not an address", "locked@example.org"]
)
async def test_refused_log_in_says_the_same_of_every_address(service: LiveService, name: str) -> None:
    await add_person(service, "noa")
    locked = await add_person(service, "locked")
    await service.resources.people.account_repository.update(locked.id, status="locked")
    password = PASSWORD if name.startswith("locked") else "wrong, but long enough"
    reply = await anonymous(service).post(LOGIN, json={"email": name, "password": password})
    assert (reply.status_code, reply.json()["detail"]) == (401, LOGIN_REFUSED)


async def test_registration_says_the_same_of_an_address_that_has_an_account(service: LiveService) -> None:
    await add_person(service, "noa")
    replies = [
        await anonymous(service).post("/api/v1/auth/register", json={"email": name, "password": NEW})
        for name in ("noa@example.org", "new@example.org")
    ]
    assert [reply.status_code for reply in replies] == [202, 202]
    assert replies[0].json() == replies[1].json()
    # And whoever tried has not changed anything.
    await log_in(service, "noa@example.org")


async def test_two_registrations_of_one_address_at_once_make_one_account(service: LiveService) -> None:
    body = {"email": "twin@example.org", "password": PASSWORD}
    replies = await asyncio.gather(
        *(anonymous(service).post("/api/v1/auth/register", json=body) for _ in range(3))
    )
    assert {reply.status_code for reply in replies} == {202}
    accounts = await service.resources.people.account_repository.page(limit=10)
    assert [account.email for account in accounts] == ["twin@example.org"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaaaaaa", "x" * 129, "passwordpassword", "weak-name@example.org", ""]
)
async def test_password_that_anybody_would_try_is_refused(refusing: LiveService, password: str) -> None:
    body = {"email": "weak-name@example.org", "password": password}
    reply = await anonymous(refusing).post("/api/v1/auth/register", json=body)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "password")


async def test_password_is_the_same_however_its_characters_are_composed(service: LiveService) -> None:
    body = {"email": "composed@example.org", "password": "caf\u00e9 au lait, tr\u00e8s chaud"}
    await anonymous(service).post("/api/v1/auth/register", json=body)
    await log_in(service, "composed@example.org", "cafe\u0301 au lait, tre\u0300s chaud")


async def test_password_that_only_begins_with_the_right_one_is_wrong(service: LiveService) -> None:
    password = "0123456789abcdef" * 8  # the longest that is accepted
    await service.resources.people.accounts.add("long@example.org", password)
    await log_in(service, "long@example.org", password)
    reply = await anonymous(service).post(
        LOGIN, json={"email": "long@example.org", "password": password + "0"}
    )
    assert reply.status_code == 401


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "address", ["a b@example.org", "a@b\r\nBcc: c@d", "@example.org", "a@", "a" * 300 + "@b.c"]
)
async def test_address_that_is_none_is_refused(refusing: LiveService, address: str) -> None:
    reply = await anonymous(refusing).post(
        "/api/v1/auth/register", json={"email": address, "password": PASSWORD}
    )
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "email")


async def test_log_ins_are_throttled_before_the_password_is_looked_at(service: LiveService) -> None:
    person = await add_person(service, "noa")
    body = {"email": person.email, "password": "wrong, but long enough"}
    replies = [await anonymous(service).post(LOGIN, json=body) for _ in range(11)]
    assert [reply.status_code for reply in replies] == [401] * 10 + [429]
    assert int(replies[-1].headers["retry-after"]) > 60
    # The right one doesn't get through either; and of an account that isn't there the answer is the same.
    assert (await anonymous(service).post(LOGIN, json={**body, "password": PASSWORD})).status_code == 429
    ghost = {**body, "email": "ghost@example.org"}
    replies = [await anonymous(service).post(LOGIN, json=ghost) for _ in range(11)]
    assert [reply.status_code for reply in replies] == [401] * 10 + [429]


async def test_header_that_a_client_sends_itself_does_not_change_its_address(service: LiveService) -> None:
    body = {"email": "ghost@example.org", "password": "wrong, but long enough"}
    replies = [
        await anonymous(service).post(LOGIN, json=body, headers={"X-Forwarded-For": f"203.0.113.{number}"})
        for number in range(11)
    ]
    assert replies[-1].status_code == 429


async def test_changed_password_ends_every_other_session(service: LiveService) -> None:
    person = await add_person(service, "noa")
    here, there = await log_in(service, person.email), await log_in(service, person.email)
    change = {"old_password": "not it, though long", "new_password": NEW}
    assert (await here.put("/api/v1/account/password", json=change)).status_code == 403
    change["old_password"] = PASSWORD
    assert (await here.put("/api/v1/account/password", json=change)).status_code == 204
    assert (await here.get(ME)).status_code == 200
    assert (await there.get(ME)).status_code == 401
    assert (await person.http.get(ME)).status_code == 401
    await log_in(service, person.email, NEW)


async def test_browser_that_changes_the_password_gets_another_session_in_place_of_its_own(
    service: LiveService,
) -> None:
    person = await add_person(service, "noa")
    browser = await log_in(service, person.email)
    old = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)
    session = (await browser.get("/api/v1/account/sessions")).json()["sessions"][0]["id"]
    change = {"old_password": PASSWORD, "new_password": NEW}
    changed = await browser.put("/api/v1/account/password", json=change)
    assert (changed.status_code, "HttpOnly" in changed.headers["set-cookie"]) == (204, True)
    assert (await anonymous(service, Cookie=old).get(ME)).status_code == 401
    [kept] = (await browser.get("/api/v1/account/sessions")).json()["sessions"]
    assert kept["id"] != session  # what hangs on the old one ends with it
    assert (kept["kind"], kept["client"], kept["is_this_one"]) == ("browser", CLIENT, True)


async def test_app_that_changes_the_password_gets_new_tokens_and_every_session_ends(
    service: LiveService,
) -> None:
    app, client = await add_person(service, "noa"), anonymous(service)
    other = (await client.post(TOKEN, json={"email": app.email, "password": PASSWORD})).json()
    first = (await client.post(f"{TOKEN}/refresh", json=_refresh(app.tokens))).json()
    session = (await app.http.get("/api/v1/account/sessions")).json()["sessions"][-1]["id"]
    change = {"old_password": PASSWORD, "new_password": NEW}
    changed = await app.http.put("/api/v1/account/password", json=change)
    assert (changed.status_code, changed.json()["token_type"]) == (200, "Bearer")
    for old in (other, first):  # the other app's, and its own, which somebody else may have copied
        assert (await client.post(f"{TOKEN}/refresh", json=_refresh(old))).status_code == 401
    # That its old tokens are tried ends nothing: the new ones go on.
    again = await client.post(f"{TOKEN}/refresh", json=_refresh(changed.json()))
    assert again.status_code == 200
    bearer = {"Authorization": f"Bearer {again.json()['access_token']}"}
    [kept] = (await client.get("/api/v1/account/sessions", headers=bearer)).json()["sessions"]
    assert (kept["id"] != session, kept["kind"], kept["is_this_one"]) == (True, "app", True)
    # The other app's, and its own: whoever copied one could make a key with it, which outlasts any token.
    for old in (other, first, app.tokens):
        copy = anonymous(service, Authorization=f"Bearer {old['access_token']}")
        key = {"name": "a copy's", "scopes": ["runs:read"], "days": 366}
        assert (await copy.get(ME)).status_code == 401
        assert (await copy.post("/api/v1/account/keys", json=key)).status_code == 401
        assert (await copy.delete("/api/v1/account/sessions")).status_code == 401
    assert (await client.get(ME, headers=bearer)).status_code == 200
    assert (await client.get("/api/v1/account/keys", headers=bearer)).json() == {"keys": []}


@pytest.mark.parametrize("by", ["cookie", "ticket"])
async def test_changed_password_ends_what_a_copy_of_the_own_cookie_has_opened(
    service: LiveService, provider: FakeProvider, by: str
) -> None:
    provider.script = Script(default=Reply(pace=20))
    person = await add_person(service, "noa")
    browser = await log_in(service, person.email)
    run_id = (await browser.post(RUNS, json=BODY)).json()["run_id"]
    start = {"format": "story", "input": {"theme": "dragons"}}
    reading, starting = [
        (await browser.post("/api/v1/stream-tickets", json=body)).json()["token"]
        for body in ({"run_id": run_id}, start)
    ]
    copy = anonymous(service, Cookie="; ".join(f"{each.name}={each.value}" for each in browser.cookies.jar))
    path = f"{RUNS}/{run_id}/stream"
    began = asyncio.Event()

    async def follow() -> int:
        http, params = (copy, {}) if by == "cookie" else (anonymous(service), {"token": reading})
        async with http.stream("GET", path, params=params) as reply:
            async for _ in reply.aiter_lines():
                began.set()
        return reply.status_code

    following = asyncio.create_task(follow())
    await began.wait()
    change = {"old_password": PASSWORD, "new_password": NEW}
    assert (await browser.put("/api/v1/account/password", json=change)).status_code == 204
    assert await asyncio.wait_for(following, 6) == 200
    assert (await browser.get(f"{RUNS}/{run_id}")).json()[
        "status"
    ] == "running"  # it isn't the run that ended
    for where, token in ((path, reading), ("/api/v1/stories/generate/stream?theme=dragons", starting)):
        http = anonymous(service)
        assert (
            await http.get(where, params=httpx.QueryParams(where.partition("?")[2]).set("token", token))
        ).status_code == 401
    assert len((await browser.get(RUNS)).json()["runs"]) == 1


def _refresh(tokens: dict[str, Any]) -> dict[str, str]:
    return {"refresh_token": tokens["refresh_token"]}


async def test_reset_password_ends_the_tokens_of_every_app(service: LiveService) -> None:
    app, client = await add_person(service, "noa"), anonymous(service)
    link = await service.resources.people.accounts.make_link("reset", app.id)
    body = {"token": link.partition("#reset=")[2], "password": NEW}
    assert (await client.post("/api/v1/auth/password/reset", json=body)).status_code == 204
    assert (await client.post(f"{TOKEN}/refresh", json=_refresh(app.tokens))).status_code == 401
    assert (await app.http.get(ME)).status_code == 401


async def test_password_that_was_changed_meanwhile_is_not_overwritten(service: LiveService) -> None:
    """Somebody who knows the old password, at the moment in which its owner sets a new one by a link."""
    person = await add_person(service, "noa")
    accounts = service.resources.people.account_repository
    before = (await accounts.find(person.id) or pytest.fail()).password_hash
    sessions = service.resources.people.sessions
    [session] = await sessions.all(person.id)
    replacement, _ = sessions.replacement(session.id, "app")
    await accounts.update(person.id, password_hash="the owner's")
    assert await accounts.change_password(person.id, "a thief's", replacement, instead_of=before) is None
    # Nor by somebody whose log-in was ended meanwhile, with the right one.
    await sessions.end(person.id, session.id)
    now = "the owner's"
    assert await accounts.change_password(person.id, "a thief's", replacement, instead_of=now) is None
    assert (await accounts.find(person.id) or pytest.fail()).password_hash == "the owner's"


async def test_links_and_invitations_are_security_events_with_who_made_them(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve_accounts(provider, tmp_path, registration="invitation") as service:
        admin, person = await add_person(service, "admin", "admin"), await add_person(service, "noa")
        await admin.http.post(f"/api/v1/admin/accounts/{person.id}/reset-link")
        url = (await admin.http.post("/api/v1/admin/invitations")).json()["url"]
        body = {"email": "new@example.org", "password": PASSWORD, "invitation": url.partition("#invite=")[2]}
        with capture_logs() as logged:
            assert (await anonymous(service).post("/api/v1/auth/register", json=body)).status_code == 202
        page = (await admin.http.get("/api/v1/admin/events")).json()
        new = await service.resources.people.account_repository.find_by_email("new@example.org")
    events = page["events"]
    assert page["addresses"].items() >= {admin.id: admin.email, person.id: person.email}.items()
    found = {(event["kind"], event["owner"], event["actor"]) for event in events}
    assert new is not None and found >= {
        ("reset_link_made", person.id, admin.id),
        ("invitation_made", None, admin.id),
        ("invitation_used", new.id, None),
    }
    kinds = {each["kind"] for each in logged if each["event"] == "security_event"}
    assert kinds == {"invitation_used", "account_created"}


async def test_every_change_by_an_admin_is_an_event_of_its_own_with_who_made_it(service: LiveService) -> None:
    admin, person = await add_person(service, "admin", "admin"), await add_person(service, "noa")
    path = f"/api/v1/admin/accounts/{person.id}"
    changes: list[tuple[dict[str, Any], list[str]]] = [
        ({"status": "active", "role": "admin"}, ["account_promoted"]),
        ({"role": "user", "runs_a_day": 5}, ["account_demoted", "limits_changed"]),
        ({"runs_a_day": 5, "models": ["openai:*"]}, ["models_changed"]),
        ({"status": "locked", "revoke_keys": True}, ["account_locked", "key_revoked"]),
        ({"status": "locked"}, []),
    ]
    for body, kinds in changes:
        before = (await admin.http.get("/api/v1/admin/events")).json()["events"]
        assert (await admin.http.patch(path, json=body)).status_code == 200
        events = (await admin.http.get("/api/v1/admin/events")).json()["events"]
        new = events[: len(events) - len(before)][::-1]
        assert [(each["kind"], each["owner"], each["actor"]) for each in new] == [
            (kind, person.id, admin.id) for kind in kinds
        ]
    assert (await admin.http.delete(path)).status_code == 202
    while await service.resources.people.account_repository.find(person.id) is not None:
        pass
    events = (await admin.http.get("/api/v1/admin/events")).json()["events"]
    found = {(each["kind"], each["actor"]) for each in events if each["subject"] == person.id}
    assert found >= {
        ("account_promoted", admin.id),
        ("account_deletion_asked", admin.id),
    }


async def test_deletion_that_several_go_on_with_is_one_event_with_who_asked_first(
    service: LiveService,
) -> None:
    """After a crash, or while it takes long, whoever tidies goes on with it, and knows no more than what is stored."""
    admin, noa = await add_person(service, "admin", "admin"), await add_person(service, "noa")
    people = service.resources.people
    await people.belongings.lock_out(noa.id, admin.id)
    path = f"/api/v1/admin/accounts/{noa.id}"
    assert (await admin.http.post(f"{path}/reset-link")).status_code == 404
    await people.belongings.lock_out(noa.id, noa.id)
    await asyncio.gather(
        *(people.belongings.resume_deletions() for _ in range(3)), people.belongings.delete(noa.id)
    )
    await people.belongings.lock_out(noa.id, admin.id)  # somebody who saw it before it was gone
    events = (await admin.http.get("/api/v1/admin/events")).json()["events"]
    found = [(each["kind"], each["actor"]) for each in events if noa.id in (each["subject"], each["owner"])]
    assert found == [
        ("account_deleted", admin.id),
        ("account_deletion_asked", noa.id),
        ("account_deletion_asked", admin.id),
    ]


async def test_of_two_admins_who_make_users_of_each_other_one_stays(
    service: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, ben = await add_person(service, "ada", "admin"), await add_person(service, "ben", "admin")
    original, both, let_in = AccountRepository.find, asyncio.Barrier(2), list[Owner]()

    async def find(self: AccountRepository, owner: Owner) -> Account | None:
        let_in.append(owner)
        if len(let_in) <= both.parties:
            await both.wait()
        return await original(self, owner)

    monkeypatch.setattr(AccountRepository, "find", find)
    changes = ((each.http, f"/api/v1/admin/accounts/{other.id}") for each, other in ((ada, ben), (ben, ada)))
    replies = await asyncio.gather(*(http.patch(path, json={"role": "user"}) for http, path in changes))
    assert sorted(reply.status_code for reply in replies) == [200, 403]


async def test_who_is_no_admin_any_more_does_nothing_for_others(service: LiveService) -> None:
    """By the transaction of what is asked for: they were an admin when they were let in."""
    people = service.resources.people
    eve, ben = await add_person(service, "eve"), await add_person(service, "ben")
    proof = await people.accounts.log_in(eve.email, PASSWORD, "127.0.0.1")
    session, _ = await people.sessions.open_browser(proof, "a browser")
    with calling_as(CallerCredential(eve.id, "browser", session.id)):
        for act in (
            people.account_repository.update(ben.id, role="admin"),
            people.belongings.ask_deletion(ben.id, eve.id),
            people.accounts.make_link("reset", ben.id, eve.id),
            people.accounts.make_link("invite", None, eve.id),
        ):
            with pytest.raises(Forbidden):
                await act
        await people.belongings.ask_deletion(eve.id, eve.id)  # one's own


async def test_link_still_works_where_its_password_could_not_be_hashed(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve_accounts(provider, tmp_path, registration="invitation") as service:
        person, accounts = await add_person(service, "noa"), service.resources.people.accounts
        reset = (await accounts.make_link("reset", person.id)).partition("=")[2]
        invite = (await accounts.make_link("invite", None)).partition("=")[2]
        pool, client = accounts._hasher._pool, anonymous(service)
        new = {"email": "ben@example.org", "password": NEW, "invitation": invite}
        for path, body in (("password/reset", {"token": reset, "password": NEW}), ("register", new)):
            pool._taken += 64
            assert (await client.post(f"/api/v1/auth/{path}", json=body)).status_code == 503
            pool._taken -= 64
            assert (await client.post(f"/api/v1/auth/{path}", json=body)).status_code in (202, 204)
        await log_in(service, person.email, NEW)
        await log_in(service, "ben@example.org", NEW)


async def test_sessions_are_listed_and_ended_one_by_one(service: LiveService) -> None:
    person = await add_person(service, "noa")
    browser = await log_in(service, person.email)
    listed = (await person.http.get("/api/v1/account/sessions")).json()["sessions"]
    assert [(each["kind"], each["is_this_one"]) for each in listed] == [("browser", False), ("app", True)]
    reply = await person.http.delete(f"/api/v1/account/sessions/{listed[0]['id']}")
    assert reply.status_code == 204
    assert (await browser.get(ME)).status_code == 401
    other = await add_person(service, "ben")
    assert (await other.http.delete(f"/api/v1/account/sessions/{listed[1]['id']}")).status_code == 404


async def test_refresh_token_works_once_and_its_second_use_ends_the_session(service: LiveService) -> None:
    person = await add_person(service, "noa")
    client, path = anonymous(service), "/api/v1/auth/token/refresh"
    first = {"refresh_token": person.tokens["refresh_token"]}
    second = await client.post(path, json=first)
    assert second.status_code == 200
    bearer = {"Authorization": f"Bearer {second.json()['access_token']}"}
    assert (await client.get(ME, headers=bearer)).status_code == 200
    assert (await client.post(path, json=first)).status_code == 401
    assert (await client.get(ME, headers=bearer)).status_code == 401
    third = {"refresh_token": second.json()["refresh_token"]}
    assert (await client.post(path, json=third)).status_code == 401


async def test_link_to_reset_a_password_works_once_and_ends_every_session(service: LiveService) -> None:
    person = await add_person(service, "noa")
    link = await service.resources.people.accounts.make_link("reset", person.id)
    token = link.partition("#reset=")[2]
    assert token and "?" not in link
    client, body = anonymous(service), {"token": token, "password": NEW}
    short = await client.post("/api/v1/auth/password/reset", json={**body, "password": "short"})
    assert short.status_code == 422
    assert (await client.post("/api/v1/auth/password/reset", json=body)).status_code == 204
    assert (await person.http.get(ME)).status_code == 401
    await log_in(service, person.email, NEW)
    assert (await client.post("/api/v1/auth/password/reset", json=body)).status_code == 422
    # One for something else is no link to set a password.
    other = await service.resources.people.accounts.make_link("verify", person.id)
    body["token"] = other.partition("=")[2]
    assert (await client.post("/api/v1/auth/password/reset", json=body)).status_code == 422


async def test_link_that_was_sent_before_is_no_good_after_the_password_was_changed(
    service: LiveService,
) -> None:
    person = await add_person(service, "noa")
    make_link = service.resources.people.accounts.make_link
    reset, verify = [
        (await make_link(purpose, person.id)).partition("=")[2] for purpose in ("reset", "verify")
    ]
    change = {"old_password": PASSWORD, "new_password": NEW}
    assert (await person.http.put("/api/v1/account/password", json=change)).status_code == 200
    client, body = anonymous(service), {"token": reset, "password": PASSWORD}
    for path, sent in (("password/reset", body), ("email/verify", {"token": verify})):
        reply = await client.post(f"/api/v1/auth/{path}", json=sent)
        assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "token")
    await log_in(service, person.email, NEW)


async def test_unlocked_account_logs_in_anew_and_its_keys_work_unless_they_were_revoked(
    service: LiveService,
) -> None:
    admin, person = await add_person(service, "admin", "admin"), await add_person(service, "noa")
    browser = await log_in(service, person.email)
    machine = anonymous(service, Authorization=f"Bearer {await make_key(person, 'runs:read')}")
    path = f"/api/v1/admin/accounts/{person.id}"
    for revoke, works in ((False, 200), (True, 401)):
        body = {"status": "locked", "revoke_keys": revoke}
        assert (await admin.http.patch(path, json=body)).status_code == 200
        assert (await machine.get(RUNS)).status_code == 401
        await admin.http.patch(path, json={"status": "active"})
        assert (await machine.get(RUNS)).status_code == works
        assert (await browser.get(ME)).status_code == (await person.http.get(ME)).status_code == 401
    refresh = {"refresh_token": person.tokens["refresh_token"]}
    assert (await browser.post("/api/v1/auth/token/refresh", json=refresh)).status_code == 401
    events = (await admin.http.get("/api/v1/admin/events")).json()["events"]
    assert {"account_locked", "account_unlocked", "key_revoked"} <= {event["kind"] for event in events}
    await log_in(service, person.email)


async def test_log_in_keeps_the_password_as_it_would_be_kept_today(service: LiveService) -> None:
    """One that was made with other parameters."""
    person = await add_person(service, "noa")
    accounts = service.resources.people.account_repository
    hashed = argon2id.str(PASSWORD.encode(), opslimit=2, memlimit=19456 * 1024).decode().rstrip("\x00")
    await accounts.update(person.id, password_hash=hashed)
    await log_in(service, person.email)
    while (found := await accounts.find(person.id)) is None or found.password_hash == hashed:
        pass
    assert found.password_hash is not None and found.password_hash.startswith(PARAMETERS)
    await log_in(service, person.email)


async def test_registration_by_invitation_takes_each_invitation_once(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve_accounts(provider, tmp_path, registration="invitation") as service:
        admin = await add_person(service, "admin", "admin")
        url = (await admin.http.post("/api/v1/admin/invitations")).json()["url"]
        body = {"email": "new@example.org", "password": PASSWORD}
        client, path = anonymous(service), "/api/v1/auth/register"
        assert (await client.post(path, json=body)).status_code == 403
        body["invitation"] = url.partition("#invite=")[2]
        assert (await client.post(path, json=body)).status_code == 202
        await log_in(service, "new@example.org")
        assert (await client.post(path, json={**body, "email": "next@example.org"})).status_code == 403


async def test_closed_service_registers_nobody(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve_accounts(provider, tmp_path, registration="closed") as service:
        body = {"email": "new@example.org", "password": PASSWORD}
        assert (await anonymous(service).post("/api/v1/auth/register", json=body)).status_code == 403


async def test_unconfirmed_address_does_not_log_in(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve_accounts(provider, tmp_path, email_check=True) as service:
        client, body = anonymous(service), {"email": "new@example.org", "password": PASSWORD}
        await client.post("/api/v1/auth/register", json=body)
        # Who registers with an address of another, and a password of their own, learns nothing: not from any of many.
        ben = await add_person(service, "ben")
        stolen = {"email": ben.email, "password": NEW}
        await client.post("/api/v1/auth/register", json=stolen)
        said = []
        for each in (body, stolen):
            replies = [await client.post(LOGIN, json=each) for _ in range(11)]
            said.append([(reply.status_code, reply.json()["detail"]) for reply in replies])
        assert said[0] == said[1] and said[0][0] == (401, LOGIN_REFUSED) and said[0][10][0] == 429
        await service.resources.people.throttle.forget(throttle.LOGIN, "new@example.org", "127.0.0.1")
        account = await service.resources.people.account_repository.find_by_email("new@example.org")
        assert account is not None
        link = await service.resources.people.accounts.make_link("verify", account.id)
        reply = await client.post("/api/v1/auth/email/verify", json={"token": link.partition("=")[2]})
        assert reply.status_code == 204
        await log_in(service, "new@example.org")


async def test_admin_locks_an_account_and_its_sessions_and_keys_end(service: LiveService) -> None:
    admin, person = await add_person(service, "admin", "admin"), await add_person(service, "noa")
    path = f"/api/v1/admin/accounts/{person.id}"
    assert (await person.http.patch(path, json={"role": "admin"})).status_code == 403
    assert (await admin.http.patch(path, json={"status": "locked"})).status_code == 200
    assert (await person.http.get(ME)).status_code == 401
    assert (
        await admin.http.patch(f"/api/v1/admin/accounts/{admin.id}", json={"role": "user"})
    ).status_code == 409
    kinds = [event["kind"] for event in (await admin.http.get("/api/v1/admin/events")).json()["events"]]
    assert kinds[0] == "account_locked" and "login" in kinds


async def test_log_ins_of_twenty_at_once_all_get_in(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve_accounts(provider, tmp_path, trusted_proxies="127.0.0.0/8") as service:
        person = await add_person(service, "noa")
        body = {"email": person.email, "password": PASSWORD}
        clients = [anonymous(service, **{"X-Forwarded-For": f"203.0.113.{number}"}) for number in range(20)]
        replies = await asyncio.gather(*(client.post(LOGIN, json=body) for client in clients))
        assert [reply.status_code for reply in replies] == [200] * 20


async def test_run_of_one_account_is_not_there_for_another(service: LiveService) -> None:
    noa, ben = await add_person(service, "noa"), await add_person(service, "ben")
    run_id = (await noa.http.post("/api/v1/runs?wait=true", json=BODY)).json()["run_id"]
    assert (await noa.http.get(f"/api/v1/runs/{run_id}")).status_code == 200
    assert (await ben.http.get(f"/api/v1/runs/{run_id}")).status_code == 404
    assert (await ben.http.get("/api/v1/runs")).json()["runs"] == []


async def test_request_that_outlasts_its_account_leaves_nothing_behind(service: LiveService) -> None:
    """A document takes a while to read, and the account may be gone by then."""
    owner = (await add_person(service, "noa")).id
    people, resources = service.resources.people, service.resources
    await people.account_repository.update(owner, status="deleting")
    await people.belongings.delete(owner)
    with pytest.raises(NotFound):
        await people.accounts.make_link("reset", owner)
    with pytest.raises(Unauthenticated):
        await resources.runs.start(owner, RunRequest("story", STORY, RunOptions(), None))
    with pytest.raises(Unauthenticated):
        await resources.documents.add(owner, Upload("knees.txt", b"About knees."))
    rows = BelongingsRepository(resources.database)
    left = [table.name for table in owned_tables() async for _ in rows.pages(owner, table)]
    assert left == []
