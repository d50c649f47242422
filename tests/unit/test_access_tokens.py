"""Access tokens: ours, and those of another issuer with its published keys."""

import asyncio
import base64
import gzip
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from backend.accounts.tokens.access_tokens import AccessTokens
from backend.accounts.tokens.claims import AccessClaims
from backend.accounts.tokens.issuer import ExternalIssuer
from backend.accounts.tokens.jwks import JwksKeys
from backend.store.owner import Owner
from workflows.errors import Unauthenticated

OLD, NEW = "old-secret-of-many-characters-0123456789", "new-secret-of-many-characters-9876543210"
CLAIMS = AccessClaims(Owner("01OWNER"), "01SESSION")
ISSUER, AUDIENCE = "https://login.example.org/", "storywire"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = ECKey.generate_key("P-256", {"kid": "two"})


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def at(seconds: float) -> Callable[[], float]:
    return lambda: time.time() + seconds


# Ours.


def test_token_tells_whose_log_in_it_is_until_it_runs_out() -> None:
    token = AccessTokens([NEW], 600).issue(CLAIMS)
    assert AccessTokens([NEW], 600).verify(token) == CLAIMS
    assert AccessTokens([NEW], 600, at(620)).verify(token) == CLAIMS  # clocks differ a little
    with pytest.raises(Unauthenticated):
        AccessTokens([NEW], 600, at(640)).verify(token)


def test_token_that_was_verified_before_runs_out_and_counts_for_no_other() -> None:
    now = [time.time()]
    tokens = AccessTokens([NEW], 600, lambda: now[0])
    token = tokens.issue(CLAIMS)
    other = tokens.issue(AccessClaims(Owner("01OTHER"), "02SESSION"))
    for _ in range(2):
        assert tokens.verify(token) == CLAIMS
    assert tokens.verify(other).owner == "01OTHER"
    body, _, signature = other.rpartition(".")
    for wrong in (f"{token}x", token[:-1], f"{token.rpartition('.')[0]}.{signature}", body):
        with pytest.raises(Unauthenticated):
            tokens.verify(wrong)
    begun = now[0]
    for moment in (begun + 640, begun - 100):  # it has run out; a clock that jumped back
        now[0] = moment
        with pytest.raises(Unauthenticated):
            tokens.verify(token)
    now[0] = begun + 300
    assert tokens.verify(token) == CLAIMS


def test_token_from_the_future_is_refused() -> None:
    token = AccessTokens([NEW], 600, at(100)).issue(CLAIMS)
    with pytest.raises(Unauthenticated):
        AccessTokens([NEW], 600).verify(token)


def test_secret_is_changed_without_ending_tokens_of_the_old_one() -> None:
    token = AccessTokens([OLD], 600).issue(CLAIMS)
    assert AccessTokens([NEW, OLD], 600).verify(token) == CLAIMS
    newest = AccessTokens([NEW, OLD], 600).issue(CLAIMS)
    assert AccessTokens([NEW], 600).verify(newest) == CLAIMS
    with pytest.raises(Unauthenticated):
        AccessTokens([NEW], 600).verify(token)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody"},
        {"aud": "something"},
        {"aud": ["something", "else"]},
        {"exp": None},
        {"exp": "soon"},
        {"sub": None},
        {"sid": None},
        {"sub": 5},
    ],
)
def test_token_with_another_claim_is_refused(change: dict[str, Any]) -> None:
    key = OctKey.import_key(NEW)
    now = int(time.time())
    claims = {"iss": "storywire", "aud": "storywire", "sub": "o", "sid": "s", "iat": now, "exp": now + 60}
    claims = {name: value for name, value in {**claims, **change}.items() if value is not None}
    header = {"alg": "HS256", "typ": "at+jwt", "kid": AccessTokens([NEW], 1)._newest.kid}
    with pytest.raises(Unauthenticated):
        AccessTokens([NEW], 600).verify(jwt.encode(header, claims, key))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b.c",
        "..",
        "é.b.c",
        "x" * 10_000,
        f"{encoded({'alg': 'none'})}.{encoded({'sub': 'o', 'sid': 's'})}.",
        f"{encoded({'alg': 'HS512', 'typ': 'at+jwt'})}.{encoded({'sub': 'o'})}.AAAA",
        f"{encoded({'alg': ['HS256']})}.{encoded({})}.AAAA",
        f"{encoded({'alg': 'HS256', 'kid': {'a': 1}})}.{encoded({})}.AAAA",
        "." * 8000,
    ],
)
def test_text_that_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        AccessTokens([NEW], 600).verify(token)


# Another issuer's.


class Published:
    """Keys that are there."""

    async def find(self, kid: str | None) -> KeySet | None:
        del kid
        return KeySet([KEY, OTHER])


def foreign(key: Any = KEY, alg: str = "RS256", header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token of the issuer."""
    now = int(time.time())
    values = {"iss": ISSUER, "aud": AUDIENCE, "sub": "maya", "exp": now + 60, **claims}
    given = {name: value for name, value in values.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": key.kid, **(header or {})}, given, key, algorithms=[alg])


def issuer() -> ExternalIssuer:
    return ExternalIssuer(ISSUER, AUDIENCE, Published(), "roles=boss")


async def test_issuers_token_tells_who_somebody_is() -> None:
    found = await issuer().verify(foreign(aud=["account", AUDIENCE], roles=["boss", "user"]))
    assert (found.issuer, found.subject, found.is_admin) == (ISSUER, "maya", True)
    assert not (await issuer().verify(foreign(OTHER, "ES256", roles="user"))).is_admin


@pytest.mark.parametrize(
    "end", [1_800_000_000_000, 10**30, 10**400, 9_999_999_999.5], ids=["ms", "long", "longer", "float"]
)
async def test_issuers_token_may_last_for_longer_than_calendars_go(end: float) -> None:
    """In milliseconds by mistake, or for what its issuer calls never."""
    found = await issuer().verify(foreign(exp=end))
    assert datetime.fromtimestamp(found.expires_at, UTC).year > 2200


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://login.example.org"},
        {"aud": "another"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"nbf": 9_999_999_999},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 7},
    ],
)
async def test_issuers_token_for_somebody_else_or_another_time_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        await issuer().verify(foreign(**claims))


async def test_public_key_is_no_shared_secret() -> None:
    """The classic confusion: the published key as the secret of a symmetric signature."""
    head = encoded({"alg": "HS256", "kid": "one"})
    signed = f"{head}.{encoded({'iss': ISSUER, 'aud': AUDIENCE, 'sub': 'x', 'exp': int(time.time()) + 60})}"
    mac = hmac.new(KEY.as_pem(private=False), signed.encode(), "sha256").digest()
    token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    with pytest.raises(Unauthenticated):
        await issuer().verify(token)


async def test_key_that_a_token_brings_itself_counts_for_nothing() -> None:
    own = RSAKey.generate_key(2048, {"kid": "one"})
    header = {"jwk": own.as_dict(private=False)}
    with pytest.raises(Unauthenticated):
        await issuer().verify(foreign(own, header=header))


@asynccontextmanager
async def published(reply: Callable[[], bytes]) -> AsyncIterator[tuple[str, list[str]]]:
    """A server with keys: its address, and the requests that came."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(reply())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks", asked


def http(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}Connection: close\r\n\r\n".encode() + body
    )


def key_set(*keys: Any) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_keys_are_fetched_once_and_again_for_a_new_key_but_not_at_every_request() -> None:
    keys: list[Any] = [KEY]
    clock = Clock()
    async with published(lambda: http(key_set(*keys))) as (url, asked):
        found = JwksKeys(url, allow_private=True, now=clock)
        await asyncio.gather(*(found.find("one") for _ in range(5)))
        assert len(asked) == 1
        keys.append(OTHER)
        for number in range(20):
            await found.find(f"unknown-{number}")
        assert len(asked) == 1  # whatever keys tokens name
        clock.now += 31
        known = await found.find("two")
        assert known is not None and {key.kid for key in known.keys} == {"one", "two"} and len(asked) == 2
        await found.close()


async def test_known_keys_go_on_working_for_a_day_while_the_issuer_is_gone() -> None:
    clock, gone = Clock(), False
    async with published(lambda: http(b"", "500 Broken") if gone else http(key_set(KEY))) as (url, _):
        found = JwksKeys(url, allow_private=True, now=clock)
        assert await found.find("one") is not None
        gone = True
        clock.now += 3600
        assert await found.find("one") is not None
        clock.now += 24 * 3600
        assert await found.find("one") is None
        await found.close()


@pytest.mark.parametrize(
    "odd",
    [
        {"kty": "EC", "crv": "P-999", "x": "a", "y": "b", "kid": "b"},
        {"kty": "OKP", "crv": "Ed9999", "x": "a", "kid": "b"},
        {"kty": "RSA", "kid": "b"},
        {"kty": "RSA", "n": 1, "e": "AQAB"},
        {"kty": "RSA", "n": "@@", "e": "AQAB", "kid": "b"},
        {**KEY.as_dict(private=False), "kid": ["b"]},
        {**KEY.as_dict(private=False), "kid": {}},
        "no key",
    ],
)
async def test_key_of_an_unknown_kind_takes_no_other_key_away(odd: Any) -> None:
    document = json.dumps({"keys": [odd, KEY.as_dict(private=False)]}).encode()
    async with published(lambda: http(document)) as (url, _):
        found = JwksKeys(url, allow_private=True)
        known = await found.find("one")
        assert known is not None and [key.kid for key in known.keys] == ["one"]
        await found.close()


@pytest.mark.parametrize(
    "reply",
    [
        http(b"x" * 300_000),
        http(b"not json"),
        http(b"[]"),
        http(b'{"keys": {}}'),
        http(b'{"keys": [{"kty": "oct", "k": "AAAA"}]}'),
        http(b"", "302 Found", "Location: http://169.254.169.254/latest\r\n"),
        http(b"", "404 Not Found"),
        b"nonsense\r\n\r\n",
    ],
)
async def test_reply_that_is_no_key_set_brings_no_keys(reply: bytes) -> None:
    async with published(lambda: reply) as (url, asked):
        found = JwksKeys(url, allow_private=True)
        assert await found.find("one") is None
        assert len(asked) == 1
        await found.close()


async def test_packed_reply_is_not_asked_for_and_not_unpacked() -> None:
    packed = gzip.compress(b" " * 50_000_000 + key_set(KEY))
    assert len(packed) < 256 * 1024
    async with published(lambda: http(packed, more="Content-Encoding: gzip\r\n")) as (url, asked):
        found = JwksKeys(url, allow_private=True)
        assert await found.find("one") is None
        assert "accept-encoding: identity" in asked[0].casefold()
        await found.close()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "0.0.0.0"]
)
async def test_private_address_is_not_connected_to(host: str) -> None:
    found = JwksKeys(f"https://{host}:1/jwks", allow_private=False)
    assert await found.find("one") is None
    await found.close()
