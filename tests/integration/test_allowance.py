"""What an account may use: runs at once, runs a day, money a month. And what it has: export, deletion, claim."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from backend.store.accounts.allowances.periods import next_month
from backend.store.owner import LOCAL, Owner
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.people import BODY, PASSWORD, add_person, anonymous, make_key, serve_accounts
from tests.service import STORY, LiveService, serve, settings_for

RUNS, ME = "/api/v1/runs", "/api/v1/account/me"
MARK = "zyxlighthousekeeper"


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service whose accounts have two runs at once, four a day, and two dollars a month."""
    limits = {"account_runs": 2, "account_runs_day": 4, "account_usd_month": 2.0}
    async with serve_accounts(provider, tmp_path, **limits) as running:
        yield running


async def start(http: httpx.AsyncClient, **options: object) -> httpx.Response:
    return await http.post(RUNS, json={**BODY, "options": options})


async def test_runs_at_once_are_no_more_however_many_ask_at_the_same_moment(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(default=Reply(pace=20))
    person, other = await add_person(service, "noa"), await add_person(service, "ben")
    replies = await asyncio.gather(*(start(person.http, budget_usd=0.1) for _ in range(6)))
    assert sorted(reply.status_code for reply in replies) == [201, 201, 429, 429, 429, 429]
    refused = next(reply for reply in replies if reply.status_code == 429)
    assert refused.json()["code"] == "QUOTA_EXCEEDED" and int(refused.headers["retry-after"]) >= 1
    assert (await start(other.http)).status_code == 201
    for run in (await person.http.get(RUNS)).json()["runs"]:
        await person.http.post(f"{RUNS}/{run['run_id']}/cancel")
    assert (await start(person.http, budget_usd=0.1)).status_code == 201


async def test_runs_of_a_day_count_whatever_becomes_of_them(service: LiveService) -> None:
    person = await add_person(service, "noa")
    for _ in range(4):
        reply = await person.http.post(f"{RUNS}?wait=true", json=BODY)
        assert reply.status_code == 201
        await person.http.delete(f"{RUNS}/{reply.json()['run_id']}")
    refused = await start(person.http)
    assert refused.status_code == 429 and "a day" in refused.json()["detail"]
    assert (await person.http.get(ME)).json()["allowance"]["runs_today"] == 4


async def test_run_whose_objects_come_token_by_token_is_complete_and_counted(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(default=Reply(tokens_per_chunk=1))
    person = await add_person(service, "noa")
    reply = await person.http.post(f"{RUNS}?wait=true", json=BODY)
    run = (await person.http.get(f"{RUNS}/{reply.json()['run_id']}")).json()
    assert run["status"] == "completed" and all(call.stream for call in provider.generations)
    assert run["usage"]["output_tokens"] == sum(call.tokens_sent for call in provider.generations)


async def test_money_is_reserved_at_the_start_and_settled_at_the_end(
    service: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(default=Reply(pace=20))
    person = await add_person(service, "noa")
    first = await start(person.http, budget_usd=1.5)
    assert first.status_code == 201
    use = (await person.http.get(ME)).json()["allowance"]
    assert 1.4 < use["reserved_usd"] <= 1.5
    refused = await start(person.http, budget_usd=1.0)
    assert refused.status_code == 429 and "smaller budget" in refused.json()["detail"]
    assert (await start(person.http, budget_usd=3.0)).status_code == 429
    await person.http.post(f"{RUNS}/{first.json()['run_id']}/cancel")
    use = (await person.http.get(ME)).json()["allowance"]
    assert use["reserved_usd"] == 0 and use["spent_usd"] < 1
    assert (await start(person.http, budget_usd=1.0)).status_code == 201


async def test_run_that_says_no_budget_has_one(service: LiveService) -> None:
    person = await add_person(service, "noa")
    run = (await person.http.post(f"{RUNS}?wait=true", json=BODY)).json()
    assert run["options"]["budget_usd"] == 1.0


async def test_admin_gives_an_account_limits_of_its_own(service: LiveService) -> None:
    admin, person = await add_person(service, "admin", "admin"), await add_person(service, "noa")
    path = f"/api/v1/admin/accounts/{person.id}"
    await admin.http.patch(path, json={"usd_a_month": 0.5})
    assert (await start(person.http, budget_usd=1.0)).status_code == 429
    await admin.http.patch(path, json={"usd_a_month": None})
    assert (await start(person.http, budget_usd=1.0)).status_code == 201


async def test_last_dollar_of_a_month_is_spent_by_runs_that_name_no_budget(service: LiveService) -> None:
    admin, person = await add_person(service, "admin", "admin"), await add_person(service, "noa")
    path = f"/api/v1/admin/accounts/{person.id}"
    await admin.http.patch(path, json={"usd_a_month": 0.5})
    quote = (await person.http.post(f"{RUNS}/quote", json=BODY)).json()
    run = (await person.http.post(f"{RUNS}?wait=true", json=BODY)).json()
    assert run["options"]["budget_usd"] == quote["budget_usd"] == quote["usd_left"] == 0.5
    spent = (await person.http.get(ME)).json()["allowance"]["spent_usd"]
    await admin.http.patch(path, json={"usd_a_month": spent + quote["cost_usd_low"] / 2})
    version = await person.http.post(f"{RUNS}/{run['run_id']}/versions", json={"section": 0})
    path_of_version = f"{RUNS}/{version.json()['run_id']}"
    assert 0 < (await person.http.get(path_of_version)).json()["options"]["budget_usd"] < 0.1
    await person.http.delete(path_of_version)
    refused = await start(person.http)
    assert refused.status_code == 429 and "costs at least" in refused.json()["detail"]
    seconds = (next_month(None) - datetime.now(UTC)).total_seconds()
    assert abs(int(refused.headers["retry-after"]) - seconds) < 60
    key = await make_key(person, "runs:read", "runs:write", usd_a_month=0.25)
    await admin.http.patch(path, json={"usd_a_month": None})
    machine = anonymous(service, Authorization=f"Bearer {key}")
    assert (await machine.post(f"{RUNS}?wait=true", json=BODY)).json()["options"]["budget_usd"] == 0.25


async def test_key_has_a_quota_of_its_own_which_is_shown_to_its_owner_and_to_itself(
    service: LiveService,
) -> None:
    person = await add_person(service, "noa")
    limits = {"runs_at_once": 2, "runs_a_day": 1, "runs_a_month": 3, "usd_a_month": 1.5}
    key = await make_key(person, "runs:read", "runs:write", **limits)
    machine = anonymous(service, Authorization=f"Bearer {key}")
    assert (await machine.post(f"{RUNS}?wait=true", json=BODY)).status_code == 201
    refused = await start(machine)
    assert (refused.status_code, refused.json()["code"]) == (429, "QUOTA_EXCEEDED")
    assert "API key" in refused.json()["detail"] and int(refused.headers["retry-after"]) >= 1
    [listed] = (await person.http.get("/api/v1/account/keys")).json()["keys"]
    mine = (await machine.get(ME)).json()
    assert listed["allowance"] == mine["key_allowance"]
    shown = mine["key_allowance"]
    assert {name: shown[name] for name in limits} == limits
    assert (shown["runs_now"], shown["runs_today"], shown["runs_this_month"]) == (0, 1, 1)
    assert shown["reserved_usd"] == 0 and shown["spent_usd"] == mine["allowance"]["spent_usd"] > 0
    assert (await person.http.get(ME)).json()["key_allowance"] is None
    # A ticket that the key asks for is the key's; a person has the account's.
    reader = {"name": "Maya", "age": 7}
    wish = {"format": "story", "input": {"theme": "knights", "reader": reader}}
    token = (await machine.post("/api/v1/stream-tickets", json=wish)).json()["token"]
    query = {"theme": "knights", "token": token, **reader}
    by_ticket = await anonymous(service).get("/api/v1/stories/generate/stream", params=query)
    assert by_ticket.status_code == 429
    assert (await start(person.http, budget_usd=0.1)).status_code == 201


async def test_export_holds_everything_of_one_account_and_nothing_of_another(service: LiveService) -> None:
    noa, ben = await add_person(service, "noa"), await add_person(service, "ben")
    await noa.http.post(f"{RUNS}?wait=true", json=BODY)
    await noa.http.post("/api/v1/children", json={"name": "Maya", "age": 7})
    await ben.http.post("/api/v1/documents", json={"text": MARK, "title": "Ben's"})
    path = "/api/v1/account/export"
    assert (await noa.http.post(path, json={"password": "wrong, but long enough"})).status_code == 403
    reply = await noa.http.post(path, json={"password": PASSWORD})
    lines = [json.loads(line) for line in reply.text.splitlines()]
    assert lines[0]["account"]["email"] == noa.email
    assert lines.pop() == {"end": {"rows": len(lines) - 1}}
    assert {line["table"] for line in lines[1:]} >= {"runs", "children", "usage", "quota_charges"}
    [session] = [line["row"] for line in lines[1:] if line["table"] == "login_sessions"]
    assert session["kind"] == "app" and session["client"].startswith("python-httpx")
    kinds = {line["row"]["kind"] for line in lines[1:] if line["table"] == "security_events"}
    assert kinds >= {"account_created", "login", "exported", "login_failed"}
    assert MARK not in reply.text and 'password_hash":"' not in reply.text and "argon2" not in reply.text
    key = await make_key(noa, "runs:read")
    again = await noa.http.post(path, json={"password": PASSWORD})
    lines = [json.loads(line) for line in again.text.splitlines()][:-1]
    [row] = [line["row"] for line in lines[1:] if line["table"] == "api_keys"]
    assert (row["name"], row["scopes"], "key_hash" in row) == ("a machine", ["runs:read"], False)
    noa.http.headers["Authorization"] = f"Bearer {key}"
    assert (await noa.http.post(path, json={"password": PASSWORD})).status_code == 403


async def test_export_holds_the_text_of_a_run_that_broke_off(
    service: LiveService, provider: FakeProvider
) -> None:
    """It stands in the run's log alone."""
    provider.script = Script(rules=(Rule(Reply(fault=Fault("drop", after=9)), structured=False, nth=2),))
    noa = await add_person(service, "noa")
    child = (await noa.http.post("/api/v1/children", json={"name": "Maya", "age": 7})).json()["child_id"]
    wish = {"format": "story", "input": {"theme": "dragons", "child_id": child}}
    run_id = (await noa.http.post(f"{RUNS}?wait=true", json=wish)).json()["run_id"]
    run = (await noa.http.get(f"{RUNS}/{run_id}")).json()
    assert run["status"] == "failed" and len(run["text"]) > 100
    exports = (
        await noa.http.post("/api/v1/account/export", json={"password": PASSWORD}),
        await noa.http.get(f"/api/v1/children/{child}/export"),
    )
    for export in exports:
        lines = [json.loads(line) for line in export.text.splitlines()]
        [row] = [line["row"] for line in lines if line.get("table") == "runs"]
        assert row["text"] == run["text"] and row["outline"]["title"]


async def test_deleted_account_leaves_no_byte_in_any_file(provider: FakeProvider, tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    async with serve_accounts(provider, tmp_path, record_dir=recordings) as service:
        person, other = await add_person(service, "noa"), await add_person(service, "ben")
        await other.http.post("/api/v1/documents", json={"text": "Ben's own text.", "title": "Ben's"})
        await person.http.post("/api/v1/documents", json={"text": MARK, "title": MARK})
        child = await person.http.post(
            "/api/v1/children", json={"name": "Maya", "age": 7, "interests": [MARK]}
        )
        wish = {"theme": MARK, "child_id": child.json()["child_id"]}
        done = await person.http.post(f"{RUNS}?wait=true", json={"format": "story", "input": wish})
        run_id = done.json()["run_id"]
        await person.http.post(f"{RUNS}/{run_id}/share")
        await person.http.post(f"{RUNS}/{run_id}/versions", json={"feedback": f"more {MARK}"})
        assert MARK.encode() in _bytes_below(tmp_path)
        reply = await person.http.post("/api/v1/account/deletion", json={"password": PASSWORD})
        assert reply.status_code == 202
        assert (await person.http.get(ME)).status_code == 401
        while await service.resources.people.account_repository.find(person.id) is not None:
            pass
        spent = await service.resources.usage.sums(Owner("erased"), "2000-01-01", "2999-01-01", "model")
        assert sum(row.input_tokens for row in spent) > 0
        assert len((await other.http.get("/api/v1/documents")).json()["documents"]) == 1
    left = _bytes_below(tmp_path)
    assert MARK.encode() not in left and person.email.encode() not in left
    assert b"Ben's own text." in left


async def test_deletion_goes_on_after_a_crash(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve_accounts(provider, tmp_path) as service:
        person = await add_person(service, "noa")
        await person.http.post("/api/v1/documents", json={"text": MARK, "title": "Mine"})
        # As far as a process came that was killed then.
        await service.resources.people.account_repository.update(person.id, status="deleting")
    async with serve_accounts(provider, tmp_path) as service:
        while await service.resources.people.account_repository.find(person.id) is not None:
            pass
    assert MARK.encode() not in _bytes_below(tmp_path)


async def test_claim_gives_an_account_what_the_service_had_before(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve(settings_for(provider, tmp_path)) as before:
        reply = await before.client.http.post(f"{RUNS}?wait=true", json={"format": "story", "input": STORY})
        run_id = reply.json()["run_id"]
    async with serve_accounts(provider, tmp_path) as service:
        person, other = await add_person(service, "noa"), await add_person(service, "ben")
        assert (await person.http.get(f"{RUNS}/{run_id}")).status_code == 404
        assert await service.resources.people.belongings.claim(person.id) > 0
        assert (await person.http.get(f"{RUNS}/{run_id}")).status_code == 200
        assert (await other.http.get(f"{RUNS}/{run_id}")).status_code == 404
        assert await service.resources.queries.page(LOCAL, limit=10) == []


def _bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
