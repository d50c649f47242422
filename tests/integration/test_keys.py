"""Changing an API key after it was made: its limits, models, name and lifetime, by its owner and nobody else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import update

from backend.store.accounts.tables import api_keys
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.people import BODY, Person, add_person, anonymous, make_key, serve_accounts
from tests.service import LiveService

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUNS, ME, KEYS = "/api/v1/runs", "/api/v1/account/me", "/api/v1/account/keys"
BOTH = ("runs:read", "runs:write")
_names = iter(range(1000))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def provider() -> AsyncIterator[FakeProvider]:
    """A provider for all tests of this file."""
    async with FakeProvider() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    provider: FakeProvider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LiveService]:
    """A service for all tests of this file."""
    async with serve_accounts(provider, tmp_path_factory.mktemp("keys")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def noa(service: LiveService) -> Person:
    """Somebody who has no key yet."""
    return await add_person(service, f"noa{next(_names)}")


async def add_machine(service: LiveService, person: Person, **values: Any) -> tuple[httpx.AsyncClient, str]:
    """A client that shows a new key, and the key's address."""
    secret = await make_key(person, *BOTH, **values)
    newest = (await person.http.get(KEYS)).json()["keys"][0]
    return anonymous(service, Authorization=f"Bearer {secret}"), f"{KEYS}/{newest['id']}"


async def start(machine: httpx.AsyncClient, **options: Any) -> httpx.Response:
    return await machine.post(f"{RUNS}?wait=true", json={**BODY, "options": options})


async def test_changed_limits_of_a_key_count_from_the_next_run_on(service: LiveService, noa: Person) -> None:
    machine, path = await add_machine(service, noa, runs_a_month=1)
    assert [(await start(machine)).status_code for _ in range(2)] == [201, 429]
    changed = await noa.http.patch(path, json={"runs_a_month": 2})
    assert (changed.status_code, changed.json()["allowance"]["runs_a_month"]) == (200, 2)
    assert changed.json()["allowance"]["runs_this_month"] == 1 and changed.json()["key"] is None
    assert [(await start(machine)).status_code for _ in range(2)] == [201, 429]
    # Null is no narrower limit than the account's.
    await noa.http.patch(path, json={"runs_a_month": None})
    assert (await start(machine)).status_code == 201
    await noa.http.patch(path, json={"usd_a_month": 0.01})
    refused = await start(machine, budget_usd=0.5)
    assert (refused.status_code, "API key" in refused.json()["detail"]) == (429, True)
    await noa.http.patch(path, json={"usd_a_month": 1.5, "runs_a_day": 3})
    assert "a day" in (await start(machine, budget_usd=0.5)).json()["detail"]


async def test_lowered_number_of_runs_at_once_ends_none_and_starts_no_more(
    service: LiveService, noa: Person, provider: FakeProvider
) -> None:
    machine, path = await add_machine(service, noa, runs_at_once=2)
    provider.script = Script(default=Reply(hold_after=1))
    body = {**BODY, "options": {"budget_usd": 0.1}}
    run_id = (await machine.post(RUNS, json=body)).json()["run_id"]
    await noa.http.patch(path, json={"runs_at_once": 1})
    assert (await machine.post(RUNS, json=body)).status_code == 429
    assert (await machine.get(f"{RUNS}/{run_id}")).json()["status"] == "running"
    await machine.post(f"{RUNS}/{run_id}/cancel")
    provider.script = Script()


async def test_changed_models_of_a_key_count_from_the_next_run_on(service: LiveService, noa: Person) -> None:
    machine, path = await add_machine(service, noa)
    changed = await noa.http.patch(path, json={"models": ["groq:*"], "name": "narrower"})
    assert (changed.json()["models"], changed.json()["name"]) == (["groq:*"], "narrower")
    me = (await machine.get(ME)).json()
    assert (me["models"], me["account"]["email"]) == (["groq:*"], None)  # a key isn't told whose it is
    refused = await start(machine, model="openai:gpt-test")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "options.model")
    await noa.http.patch(path, json={"models": None})
    assert (await start(machine, model="openai:gpt-test")).status_code == 201
    for wrong in ([], ["gpt-5"], ["openai:x"] * 51):
        reply = await noa.http.patch(path, json={"models": wrong})
        assert (reply.status_code, reply.json()["errors"][0]["field"][:6]) == (422, "models"), wrong


async def test_lifetime_of_a_key_is_counted_anew_and_one_that_has_ended_stays_so(
    service: LiveService, noa: Person
) -> None:
    machine, path = await add_machine(service, noa, days=2)
    until = datetime.fromisoformat((await noa.http.patch(path, json={"days": 30})).json()["expires_at"])
    assert abs(until - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=5)
    ended = update(api_keys).where(api_keys.c.id == path.rpartition("/")[2])
    past = ended.values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    await service.resources.database.write(lambda connection: connection.execute(past))
    assert (await noa.http.patch(path, json={"days": 30})).status_code == 404
    assert (await machine.get(RUNS)).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"name": ""}, "name"),
        ({"name": None}, "body"),
        ({"days": 0}, "days"),
        ({"days": 10_000}, "days"),
        ({"runs_at_once": 0}, "runs_at_once"),
        ({"usd_a_month": -1}, "usd_a_month"),
        ({"usd_a_month": "1e999"}, "usd_a_month"),
        ({"scopes": ["usage:read"]}, "scopes"),
        ({"key": "swk_x"}, "key"),
    ],
)
async def test_change_of_a_key_that_makes_no_sense_is_refused_by_its_field(
    service: LiveService, noa: Person, body: dict[str, Any], field: str
) -> None:
    _, path = await add_machine(service, noa)
    before = (await noa.http.get(KEYS)).json()
    reply = await noa.http.patch(path, json=body)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)
    assert (await noa.http.get(KEYS)).json() == before


async def test_key_is_changed_by_its_owner_alone_and_never_by_a_key(
    service: LiveService, noa: Person
) -> None:
    machine, path = await add_machine(service, noa, runs_a_month=1)
    admin = await add_person(service, f"admin{next(_names)}", "admin")
    more = {"runs_a_month": 1000}
    assert (await machine.patch(path, json=more)).status_code == 403
    assert (await admin.http.patch(path, json=more)).status_code == 404
    assert (await anonymous(service).patch(path, json=more)).status_code == 401
    assert (await noa.http.get(KEYS)).json()["keys"][0]["allowance"]["runs_a_month"] == 1
    assert (await noa.http.patch(path, json=more)).status_code == 200
    events = (await admin.http.get("/api/v1/admin/events")).json()["events"]
    key_id = path.rpartition("/")[2]
    newest = next(event for event in events if event["kind"] == "key_changed")
    assert (newest["owner"], newest["subject"]) == (noa.id, key_id)
