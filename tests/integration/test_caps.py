"""Caps on what an account may have, share links that end, and streams counted over all processes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from backend.store.schema.tables import shares
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.people import BODY, add_person, anonymous, log_in, serve_accounts
from tests.service import STORY, LiveService

CAPS = {
    "account_children": 2,
    "account_stories": 2,
    "account_documents": 2,
    "account_document_bytes": 1000,
    "account_personas": 2,
    "account_shares": 2,
    "account_runs": 10,
    "account_usd_month": 100,
}
RUNS = "/api/v1/runs"
Ask = Callable[[httpx.AsyncClient, int], Coroutine[Any, Any, httpx.Response]]


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service whose accounts may have two of everything."""
    async with serve_accounts(provider, tmp_path, **CAPS) as running:
        yield running


def posting(path: str, **body: Any) -> Ask:
    return lambda http, number: http.post(
        path, json={**body, "title": f"N{number}"} if "text" in body else body
    )


@pytest.mark.parametrize(
    ("path", "ask"),
    [
        ("children", posting("/api/v1/children", name="Maya", age=7, consent=True)),
        ("stories/sessions", posting("/api/v1/stories/sessions", theme="dragons", reader=STORY["reader"])),
        ("documents", posting("/api/v1/documents", text="About knees.")),
        (
            "personas",
            posting(
                "/api/v1/personas", kind="audience", name="Dana", description="Keeps bees.", wants=["honey"]
            ),
        ),
    ],
)
async def test_account_has_no_more_than_its_cap_however_many_ask_at_once(
    service: LiveService, path: str, ask: Ask
) -> None:
    person, other = await add_person(service, "noa"), await add_person(service, "ben")
    replies = await asyncio.gather(*(ask(person.http, number) for number in range(5)))
    assert sorted(reply.status_code for reply in replies) == [201, 201, 409, 409, 409]
    refused = next(reply for reply in replies if reply.status_code == 409).json()
    assert refused["code"] == "CONFLICT" and "STORYWIRE_ACCOUNT_" in refused["detail"]
    assert (await ask(other.http, 0)).status_code == 201
    [listed] = [
        value
        for value in (await person.http.get(f"/api/v1/{path}")).json().values()
        if isinstance(value, list)
    ]
    id = listed[0].get("child_id") or listed[0].get("session_id") or listed[0]["id"]
    assert (await person.http.delete(f"/api/v1/{path}/{id}")).status_code in (200, 204)
    assert (await ask(person.http, 9)).status_code == 201


async def test_documents_of_an_account_have_so_many_bytes_together(service: LiveService) -> None:
    person = await add_person(service, "noa")
    replies = [
        await person.http.post("/api/v1/documents", json={"text": "knee " * 120, "title": "K"})
        for _ in range(2)
    ]
    assert [reply.status_code for reply in replies] == [201, 413]
    assert replies[1].json()["code"] == "PAYLOAD_TOO_LARGE"
    assert "STORYWIRE_ACCOUNT_DOCUMENT_BYTES" in replies[1].json()["detail"]


async def test_share_links_are_listed_capped_revoked_and_end_by_themselves(service: LiveService) -> None:
    person, other = await add_person(service, "noa"), await add_person(service, "ben")
    runs = [(await person.http.post(f"{RUNS}?wait=true", json=BODY)).json()["run_id"] for _ in range(3)]
    made = [await person.http.post(f"{RUNS}/{run}/share", params={"days": 5}) for run in runs]
    assert [reply.status_code for reply in made] == [201, 201, 409]
    ends = datetime.fromisoformat(made[0].json()["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=4.9) < ends <= timedelta(days=5)
    listed = (await person.http.get("/api/v1/shares")).json()["shares"]
    assert [share["run_id"] for share in listed] == [runs[1], runs[0]] and listed[0]["title"]
    assert (await other.http.get("/api/v1/shares")).json()["shares"] == []
    # A new link of the same run takes the place of the old one.
    again = await person.http.post(f"{RUNS}/{runs[0]}/share")
    assert again.status_code == 201
    ends = datetime.fromisoformat(again.json()["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29.9) < ends <= timedelta(days=30)
    reader = anonymous(service)
    assert (await reader.get(made[0].json()["url"])).status_code == 404
    assert (await reader.get(again.json()["url"])).status_code == 200
    await person.http.delete(f"{RUNS}/{runs[1]}/share")
    assert (await reader.get(made[1].json()["url"])).status_code == 404
    past = update(shares).where(shares.c.owner == person.id).values(expires_at=datetime.now(UTC))
    await service.resources.database.write(lambda connection: connection.execute(past))
    assert (await reader.get(again.json()["url"])).status_code == 404
    assert (await person.http.get("/api/v1/shares")).json()["shares"] == []
    assert not (await person.http.get(f"{RUNS}/{runs[0]}/share")).json()["shared"]


async def test_share_link_opens_nothing_while_its_account_is_locked(service: LiveService) -> None:
    person = await add_person(service, "noa")
    run = (await person.http.post(f"{RUNS}?wait=true", json=BODY)).json()["run_id"]
    url = (await person.http.post(f"{RUNS}/{run}/share")).json()["url"]
    accounts, seen = service.resources.people.account_repository, []
    for status in ("active", "locked", "active"):
        await accounts.update(person.id, status=status)
        seen.append((await anonymous(service).get(url)).status_code)
    assert seen == [200, 404, 200]


async def test_share_link_of_a_childs_chapter_ends_with_the_child(service: LiveService) -> None:
    person = await add_person(service, "noa")
    body = {"name": "Maya", "age": 7, "consent": True}
    child = (await person.http.post("/api/v1/children", json=body)).json()["child_id"]
    wish = {"format": "story", "input": {"theme": "dragons", "child_id": child}}
    run = (await person.http.post(f"{RUNS}?wait=true", json=wish)).json()["run_id"]
    url = (await person.http.post(f"{RUNS}/{run}/share")).json()["url"]
    assert (await anonymous(service).get(url)).status_code == 200
    deleted = await person.http.delete(f"/api/v1/children/{child}?chapters=keep")
    assert deleted.json()["runs_kept"] == 1
    assert (await anonymous(service).get(url)).status_code == 404


async def test_tickets_are_no_more_than_their_cap_however_many_ask_at_once(service: LiveService) -> None:
    person = await add_person(service, "noa")
    body = {"format": "story", "input": STORY}
    asked = (person.http.post("/api/v1/stream-tickets", json=body) for _ in range(55))
    statuses = [reply.status_code for reply in await asyncio.gather(*asked)]
    assert (statuses.count(201), statuses.count(429)) == (50, 5)


async def test_streams_are_counted_over_all_processes(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script = Script(default=Reply(pace=20))
    async with (
        serve_accounts(provider, tmp_path, account_streams=2) as here,
        serve_accounts(provider, tmp_path, account_streams=2) as there,
    ):
        person = await add_person(here, "noa")
        run_id = (await person.http.post(RUNS, json=BODY)).json()["run_id"]
        path = f"{RUNS}/{run_id}/stream"
        elsewhere = await log_in(there, person.email)
        async with person.http.stream("GET", path), elsewhere.stream("GET", path):
            for http in (person.http, elsewhere):
                reply = await http.get(path)
                assert (reply.status_code, reply.json()["code"]) == (429, "RATE_LIMITED")
                assert int(reply.headers["retry-after"]) >= 1
        while (await elsewhere.get(path, params={"last_event_id": f"{run_id}:x"})).status_code == 429:
            pass
        await person.http.post(f"{RUNS}/{run_id}/cancel")


@pytest.mark.parametrize("seconds", [-60, 3600], ids=["a minute ago", "in an hour"])
async def test_streams_of_a_process_that_is_gone_count_no_more_whatever_its_clock_said(
    service: LiveService, seconds: int
) -> None:
    from backend.store.accounts.streams import StreamRepository
    from backend.store.accounts.tables import open_streams

    person = await add_person(service, "noa")
    repository = StreamRepository(service.resources.database)
    opened = [await repository.open(person.id, 1) for _ in range(2)]
    assert opened[0] is not None and opened[1] is None
    seen_at = datetime.now(UTC) + timedelta(seconds=seconds)
    query = update(open_streams).where(open_streams.c.owner == person.id).values(seen_at=seen_at)
    await service.resources.database.write(lambda connection: connection.execute(query))
    assert await repository.open(person.id, 1) is not None
    await repository.drop_forgotten()
    count = select(func.count()).where(open_streams.c.owner == person.id)
    assert await service.resources.database.read(lambda connection: connection.scalar(count)) == 1
