"""Another issuer's tokens at a live service; the issuer on loopback is slow, huge or gone, or changes its keys."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from backend.accounts.tokens import jwks
from tests.fakes.provider import FakeProvider
from tests.people import anonymous, serve_accounts
from tests.service import LiveService

ISSUER, AUDIENCE, RUNS = "https://login.example.org/", "storywire", "/api/v1/runs"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
NEXT = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
ADMINS = "roles=storywire-admin"


@dataclass
class Issuer:
    """A server with keys. `mode` says how it answers."""

    keys: list[Any] = field(default_factory=lambda: [KEY])
    mode: str = "well"
    asked: int = 0
    url: str = ""
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        self.asked += 1
        with suppress(asyncio.IncompleteReadError):  # it gave up already
            await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()
        if self.mode == "silent":
            await self.released.wait()
        elif self.mode == "huge":
            body = b'{"keys": [' + b" " * 5_000_000
        elif self.mode == "broken":
            body = b"<html>"
        if self.mode != "gone":
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
            )
        writer.close()


@asynccontextmanager
async def serve_external(
    provider: FakeProvider, folder: Path, **overrides: Any
) -> AsyncIterator[tuple[LiveService, Issuer]]:
    """A service that accepts the tokens of an issuer on this machine."""
    issuer = Issuer()
    server = await asyncio.start_server(issuer.answer, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"
    values = {
        "auth": "external",
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "jwks_url": issuer.url,
        "jwks_private": True,
        "admin_claim": ADMINS,
        **overrides,
    }
    async with server, serve_accounts(provider, folder, **values) as service:
        yield service, issuer
        issuer.released.set()


def token(key: Any = KEY, alg: str = "RS256", **claims: Any) -> str:
    now = int(time.time())
    values = {"iss": ISSUER, "aud": AUDIENCE, "sub": "maya", "iat": now, "exp": now + 300, **claims}
    # By hand, since the library encodes no half of a surrogate pair.
    return jws.serialize_compact({"alg": alg, "kid": key.kid}, json.dumps(values), key, algorithms=[alg])


async def ask(service: LiveService, bearer: str, path: str = RUNS) -> httpx.Response:
    return await anonymous(service, Authorization=f"Bearer {bearer}").get(path)


async def test_issuers_token_opens_an_account_of_its_own_which_is_the_same_next_time(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve_external(provider, tmp_path) as (service, issuer):
        me = (await ask(service, token(), "/api/v1/account/me")).json()
        again = (await ask(service, token(), "/api/v1/account/me")).json()
        other = (await ask(service, token(sub="local"), "/api/v1/account/me")).json()
        ids = {each["account"]["id"] for each in (me, again, other)}
        assert len(ids) == 2 and "maya" not in ids and "local" not in ids
        assert issuer.asked == 1
        boss = token(sub="boss", roles=["storywire-admin"])
        listed = (await ask(service, boss, "/api/v1/admin/accounts")).json()["accounts"]
        assert {each["id"]: (each["issuer"], each["subject"]) for each in listed}[me["account"]["id"]] == (
            ISSUER,
            "maya",
        )
        assert (await ask(service, token(), "/api/v1/admin/accounts")).status_code == 403
        # Nobody logs in here, and its own tokens are nobody's.
        body = {"email": "a@example.org", "password": "a long sentence, not a word"}
        assert (await anonymous(service).post("/api/v1/auth/login", json=body)).status_code == 404


async def test_role_is_found_inside_other_claims(provider: FakeProvider, tmp_path: Path) -> None:
    """As Keycloak has it; a claim that is called so with its dots counts first."""
    async with serve_external(provider, tmp_path, admin_claim="realm_access.roles=chief") as (service, _):
        for claims, status in (
            ({"realm_access": {"roles": ["user", "chief"]}}, 200),
            ({"realm_access.roles": "chief"}, 200),
            ({"realm_access": ["roles"]}, 403),
            ({"realm_access": {"roles": {"chief": 1}}}, 403),
            ({"realm_access.roles": [], "realm_access": {"roles": ["chief"]}}, 403),
        ):
            assert (await ask(service, token(**claims), "/api/v1/admin/accounts")).status_code == status


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(aud="another"),
        lambda: token(iss="https://evil.example.org/"),
        lambda: token(exp=int(time.time()) - 60),
        lambda: token(nbf=int(time.time()) + 3600),
        lambda: token(iat=int(time.time()) + 3600),
        lambda: token(RSAKey.generate_key(2048, {"kid": "one"})),
        lambda: token(NEXT, "ES256"),
        lambda: token(OctKey.import_key("x" * 64, {"kid": "one"}), "HS256"),
        lambda: token(sub="x" * 300),
        lambda: token(sub="a\ud800"),
        lambda: token(sub="a\0b"),
        lambda: "x" * 10_000,
        lambda: token()[:-2],
        lambda: token(typ="ID"),
    ],
)
async def test_token_that_is_not_the_issuers_or_not_for_us_or_not_now_is_refused(
    provider: FakeProvider, tmp_path: Path, make: Callable[[], str]
) -> None:
    async with serve_external(provider, tmp_path) as (service, _):
        reply = await ask(service, make())
        assert (reply.status_code, reply.json()["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("mode", ["silent", "huge", "broken", "gone"])
async def test_known_keys_go_on_and_unknown_ones_wait_for_nobody(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(jwks, "_AGAIN_SECONDS", 0.0)  # as if half a minute had gone by each time
    monkeypatch.setattr(jwks, "_FRESH_SECONDS", 0.0)
    monkeypatch.setattr(jwks, "_SECONDS", 4.0)
    async with serve_external(provider, tmp_path) as (service, issuer):
        assert (await ask(service, token())).status_code == 200
        issuer.mode = mode
        for _ in range(3):
            assert (await ask(service, token())).status_code == 200
        assert (await ask(service, token(NEXT, "ES256"))).status_code == 401
        assert (await service.client.http.get("/healthz")).status_code == 200
        issuer.mode, issuer.keys = "well", [NEXT]
        issuer.released.set()
        assert (await ask(service, token(NEXT, "ES256"))).status_code == 200
        assert (await ask(service, token())).status_code == 401  # the old key was taken back


async def test_flood_of_unknown_keys_asks_the_issuer_no_more_often(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve_external(provider, tmp_path) as (service, issuer):
        strangers = [
            RSAKey.import_key(KEY.as_dict(private=True), {"kid": f"k{number}"}) for number in range(30)
        ]
        replies = await asyncio.gather(*(ask(service, token(key)) for key in strangers))
        assert {reply.status_code for reply in replies} == {401}
        assert (await ask(service, token())).status_code == 200
        assert issuer.asked == 1


async def test_issuer_that_is_gone_from_the_start_lets_nobody_in_and_stops_nothing(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve_external(provider, tmp_path, jwks_url="http://127.0.0.1:1/jwks") as (service, _):
        reply = await ask(service, token())
        assert reply.status_code == 401 and "try again later" in reply.json()["detail"]
        assert (await service.client.http.get("/")).status_code == 200
