"""People as tests meet them: a live service with accounts, and clients that are logged in to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from backend.store.owner import Owner
from tests.fakes.provider import FakeProvider
from tests.service import NO_TLS, STORY, LiveService, serve, settings_for

_OPEN: list[httpx.AsyncClient] = []
PASSWORD = "a long sentence, not a word"
BODY = {"format": "story", "input": STORY}
PRICES = """
["openai:gpt-test"]
input = 1.0
output = 10.0
"""


@dataclass
class Person:
    """An account, and a client that shows its app's access token."""

    id: Owner
    email: str
    http: httpx.AsyncClient
    tokens: dict[str, Any]


@asynccontextmanager
async def serve_accounts(
    provider: FakeProvider | str, folder: Path, **overrides: Any
) -> AsyncIterator[LiveService]:
    """A service in which people log in."""
    prices = folder / "prices.toml"
    prices.write_text(PRICES)
    values = {"auth": "accounts", "registration": "open", "prices": prices, **overrides}
    async with serve(settings_for(provider, folder, **values)) as running:
        try:
            yield running
        finally:
            own = [client for client in _OPEN if client.base_url == running.client.http.base_url]
            await asyncio.gather(*(client.aclose() for client in own))
            _OPEN[:] = [client for client in _OPEN if client not in own]


async def add_person(service: LiveService, name: str, role: Any = "user") -> Person:
    """An account with a log-in as an app has it."""
    email = f"{name}@example.org"
    account = await service.resources.people.accounts.add(email, PASSWORD, role)
    client = anonymous(service)
    reply = await client.post("/api/v1/auth/token", json={"email": email, "password": PASSWORD})
    assert reply.status_code == 200, reply.text
    client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
    return Person(account.id, email, client, reply.json())


def anonymous(service: LiveService, **headers: str) -> httpx.AsyncClient:
    """A client without a credential. The service's end closes it."""
    base = service.client.base_url
    client = httpx.AsyncClient(base_url=base, timeout=30, trust_env=False, headers=headers, verify=NO_TLS)
    _OPEN.append(client)
    return client


async def log_in(service: LiveService, email: str, password: str = PASSWORD) -> httpx.AsyncClient:
    """A browser's client, whose jar has the session's cookie."""
    client = anonymous(service, Origin=service.client.base_url)
    reply = await client.post("/api/v1/auth/login", json={"email": email, "password": password})
    assert reply.status_code == 200, reply.text
    return client


async def change_password(person: Person, new: str, old: str = PASSWORD, **values: Any) -> None:
    """Changes it as the person's app, which goes on with the tokens that it gets for that."""
    body = {"old_password": old, "new_password": new, **values}
    reply = await person.http.put("/api/v1/account/password", json=body)
    assert reply.status_code == 200, reply.text
    person.tokens = reply.json()
    person.http.headers["Authorization"] = f"Bearer {person.tokens['access_token']}"


async def make_key(person: Person, *scopes: str, **values: Any) -> str:
    """The secret of a new API key."""
    body = {"name": "a machine", "scopes": list(scopes), **values}
    reply = await person.http.post("/api/v1/account/keys", json=body)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["key"])
