"""Models by allow-list, of an account and of an API key: every way to start a run is refused before anything is spent,
and what lists models shows only those."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.provider import FakeProvider
from tests.people import BODY, PRICES, Person, add_person, anonymous, make_key, serve_accounts
from tests.service import STORY, LiveService

RUNS, ME, MODELS = "/api/v1/runs", "/api/v1/account/me", "/api/v1/models"
START = "/api/v1/stories/generate/stream"
ALLOWED, OTHER = "openai:gpt-test", "openai:gpt-other"
CHAT = {"messages": [{"role": "user", "parts": [{"type": "data-input", "data": STORY}]}]}


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service with two models."""
    prices = tmp_path / "both.toml"
    prices.write_text(PRICES + PRICES.replace(ALLOWED, OTHER))
    limits = {"account_runs": 20, "account_usd_month": 100}
    async with serve_accounts(provider, tmp_path, prices=prices, **limits) as running:
        yield running


async def allow(service: LiveService, person: Person, models: list[str] | None) -> httpx.Response:
    admin = await add_person(service, "admin", "admin")
    return await admin.http.patch(f"/api/v1/admin/accounts/{person.id}", json={"models": models})


async def test_account_has_no_text_written_by_a_model_that_is_not_in_its_list(
    service: LiveService, provider: FakeProvider
) -> None:
    person, other = await add_person(service, "noa"), await add_person(service, "ben")
    run = (await person.http.post(f"{RUNS}?wait=true", json=BODY)).json()["run_id"]
    session = (await person.http.post("/api/v1/stories/sessions", json={"run_id": run})).json()["session_id"]
    ticket = {"format": "story", "input": STORY, "options": {"model": OTHER}}
    token = (await person.http.post("/api/v1/stream-tickets", json=ticket)).json()["token"]
    query: dict[str, Any] = {"theme": STORY["theme"], "model": OTHER}
    by_ticket = {**query, "name": "Maya", "age": 7, "reading_level": "beginner", "token": token}

    assert (await allow(service, person, [ALLOWED])).json()["models"] == [ALLOWED]
    spent = len(provider.calls)
    named = {"model": OTHER}
    http = person.http
    replies = {
        "start": await http.post(RUNS, json={**BODY, "options": named}),
        "start and wait": await http.post(f"{RUNS}?wait=true", json={**BODY, "options": named}),
        "start by GET": await http.get(START, params=query),
        "start by POST": await http.post(START, json={**STORY, "options": named}),
        "chat": await http.post("/api/v1/stories/chat", json={**CHAT, "options": named}),
        "version": await http.post(f"{RUNS}/{run}/versions", json=named),
        "choice": await http.post(
            f"/api/v1/stories/sessions/{session}/choices", json={"choice_index": 0, "options": named}
        ),
        "ticket": await anonymous(service).get(START, params=by_ticket),
    }
    for name, reply in replies.items():
        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (422, "INVALID_INPUT"), (name, problem)
        [error] = problem["errors"]
        assert error["field"].endswith("model"), name
        assert f"{OTHER} is not allowed for this account; allowed: {ALLOWED}" in error["message"], name
    assert len(provider.calls) == spent
    assert len((await http.get(RUNS)).json()["runs"]) == 1
    assert (await http.post(RUNS, json={**BODY, "options": {"model": ALLOWED}})).status_code == 201
    assert (await other.http.post(RUNS, json={**BODY, "options": named})).status_code == 201


async def test_run_that_names_no_model_is_written_by_one_of_the_list(service: LiveService) -> None:
    person = await add_person(service, "noa")
    await allow(service, person, [OTHER])
    run = (await person.http.post(f"{RUNS}?wait=true", json=BODY)).json()
    assert run["model"] == OTHER


async def test_key_has_a_list_of_its_own_within_the_accounts(
    service: LiveService, provider: FakeProvider
) -> None:
    person = await add_person(service, "noa")
    await allow(service, person, [ALLOWED, OTHER])
    body = {"name": "k", "scopes": ["runs:write"], "models": [OTHER, "openai:gpt-5"]}
    refused = await person.http.post("/api/v1/account/keys", json=body)
    assert (refused.status_code, [e["field"] for e in refused.json()["errors"]]) == (422, ["models.1"])
    assert f"allowed: {ALLOWED}, {OTHER}" in refused.json()["detail"]
    for wrong in ([], ["gpt-5"], ["openai:x"] * 51, "openai:x"):
        reply = await person.http.post("/api/v1/account/keys", json={**body, "models": wrong})
        assert reply.status_code == 422 and reply.json()["errors"][0]["field"].startswith("models"), wrong

    http = anonymous(
        service, Authorization=f"Bearer {await make_key(person, 'runs:read', 'runs:write', models=[OTHER])}"
    )
    [listed] = (await person.http.get("/api/v1/account/keys")).json()["keys"]
    assert listed["models"] == [OTHER]
    reply = await http.post(RUNS, json={**BODY, "options": {"model": ALLOWED}})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "options.model")
    assert f"for this API key; allowed: {OTHER}" in reply.json()["detail"]
    assert provider.calls == []
    assert (await http.post(f"{RUNS}?wait=true", json=BODY)).json()["model"] == OTHER
    assert (await person.http.post(RUNS, json={**BODY, "options": {"model": ALLOWED}})).status_code == 201


async def test_list_of_models_shows_only_those_that_the_caller_may_name(service: LiveService) -> None:
    person, other = await add_person(service, "noa"), await add_person(service, "ben")
    everything = (await other.http.get(MODELS)).json()
    assert {ALLOWED, "groq:openai/gpt-oss-120b"} <= {model["id"] for model in everything["models"]}
    assert (everything["default"], everything["allowed"]) == (ALLOWED, [])

    await allow(service, person, [ALLOWED, OTHER, "ollama:*"])
    shown = (await person.http.get(MODELS)).json()
    assert {model["id"] for model in shown["models"]} == {ALLOWED, OTHER, "ollama:llama3.2"}
    assert (shown["default"], shown["allowed"]) == (ALLOWED, [ALLOWED, OTHER, "ollama:*"])
    me = (await person.http.get(ME)).json()
    assert me["models"] == me["account"]["models"] == [ALLOWED, OTHER, "ollama:*"]

    http = anonymous(service, Authorization=f"Bearer {await make_key(person, 'runs:read', models=[OTHER])}")
    shown = (await http.get(MODELS)).json()
    assert [(model["id"], "writing" in model["roles"]) for model in shown["models"]] == [(OTHER, True)]
    assert (shown["default"], shown["allowed"]) == (OTHER, [OTHER])
    assert ALLOWED not in str(shown)
    assert (await http.get(ME)).json()["models"] == [OTHER]


async def test_list_of_an_account_is_refused_by_place_and_lifted_by_null(service: LiveService) -> None:
    person, admin = await add_person(service, "noa"), await add_person(service, "admin", "admin")
    path = f"/api/v1/admin/accounts/{person.id}"
    refused = await admin.http.patch(path, json={"models": [ALLOWED, "nobody:model"]})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "models.1")
    for models in ([OTHER], None):
        assert (await admin.http.patch(path, json={"models": models})).json()["models"] == models
    # What isn't named stays.
    await admin.http.patch(path, json={"models": [OTHER]})
    assert (await admin.http.patch(path, json={"runs_a_day": 7})).json()["models"] == [OTHER]
