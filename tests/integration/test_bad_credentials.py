"""Bad input where people come in: tokens, keys, names, passwords and clocks that are not as they should be."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OctKey

from backend.accounts.tokens.access_tokens import AccessTokens
from backend.accounts.tokens.claims import AccessClaims
from tests.fakes.provider import FakeProvider
from tests.people import PASSWORD, add_person, anonymous, log_in, make_key, serve_accounts
from tests.service import LiveService

RUNS, LOGIN, REGISTER = "/api/v1/runs", "/api/v1/auth/login", "/api/v1/auth/register"
SECRET = "Lw3nU0aZq9Tt7cVb5XyK1mPe8RjH2sGd"


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service whose signing secret is known here."""
    async with serve_accounts(provider, tmp_path, secrets=SECRET) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def refusing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveService]:
    """One service for what is refused and changes nothing."""
    folder = tmp_path_factory.mktemp("refusing")
    async with FakeProvider() as provider, serve_accounts(provider, folder) as running:
        yield running
        assert provider.calls == []


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_token_is_refused_unless_it_is_ours_good_and_of_the_one_algorithm(service: LiveService) -> None:
    person = await add_person(service, "noa")
    good = str(person.tokens["access_token"])
    head, body, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    own = AccessClaims(claims["sub"], claims["sid"])
    key = OctKey.import_key(SECRET, {"kid": json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]})

    def signed(alg: str = "HS256", typ: str = "at+jwt", **changes: Any) -> str:
        values = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return jwt.encode({"alg": alg, "typ": typ, "kid": key.kid}, values, key, algorithms=[alg])

    now = int(time.time())
    bad = {
        "too long": "x" * 9000,
        "too long and well formed": signed(pad="x" * 9000),
        "no algorithm": f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{body}.",
        "another algorithm": signed("HS512"),
        "another type": signed(typ="JWT"),
        "from the future": signed(iat=now + 3600, nbf=now + 3600, exp=now + 7200),
        "run out": signed(iat=now - 7200, exp=now - 3600),
        "without an end": signed(exp=None),
        "for another audience": signed(aud="somebody"),
        "of another session": signed(sid="01AAAAAAAAAAAAAAAAAAAAAAAA"),
        "of another account": signed(sub="01AAAAAAAAAAAAAAAAAAAAAAAA"),
        "another signature": f"{head}.{body}.{signature[:-4]}AAAA",
        "another secret": AccessTokens(["v4YkQ7rWx0Nz6BfJ3LtC9uSa5EhM1oDi"], 600).issue(own),
        "a character more": f"{good}.x",
        "not ASCII": "é" * 20,
        "two": f"{good} {good}",
    }
    assert (await person.http.get(RUNS)).status_code == 200
    for name, token in bad.items():
        headers = [(b"Authorization", b"Bearer " + token.encode("latin-1"))]
        reply = await anonymous(service).get(RUNS, headers=headers)
        assert (reply.status_code, reply.json()["code"]) in (
            (401, "UNAUTHENTICATED"),
            (431, "INVALID_INPUT"),
        ), name
        assert len(token) < 5 or token not in reply.text, name


async def test_key_with_a_character_more_less_or_other_is_no_key(service: LiveService) -> None:
    person = await add_person(service, "noa")
    key = await make_key(person, "runs:read")
    assert (await anonymous(service, Authorization=f"Bearer {key}").get(RUNS)).status_code == 200
    swapped = key[:-1] + ("A" if key[-1] != "A" else "B")
    for wrong in (
        f"{key}x",
        key[:-1],
        swapped,
        f"{key}=",
        f"{key}%00",
        key.upper(),
        key.replace("swk_", "sws_"),
    ):
        reply = await anonymous(service, Authorization=f"Bearer {wrong}").get(RUNS)
        assert reply.status_code == 401, wrong
    for blank in ("\xa0", "\x85", "\u3000"):  # blanks to Python, and no others' business
        header = [(b"Authorization", f"Bearer {key}{blank}".encode("utf-8" if blank > "\xff" else "latin-1"))]
        assert (await anonymous(service).get(RUNS, headers=header)).status_code == 401
    # Blanks around it are the header's, as HTTP has it.
    assert (await anonymous(service, Authorization=f"bearer   {key}").get(RUNS)).status_code == 200


@pytest.mark.parametrize(
    ("email", "same"),
    [
        ("Zoë@Example.org", "zoë@example.ORG"),
        ("zoe\u0308@example.org", "zo\u00eb@example.org"),
        ("\uff4e\uff4f\uff41@example.org", "noa@example.org"),
        ("דנה@example.org", "דנה@example.org"),
        ("straße@example.org", "STRASSE@example.org"),
    ],
)
async def test_address_is_the_same_however_it_is_written(service: LiveService, email: str, same: str) -> None:
    body = {"email": email, "password": PASSWORD}
    assert (await anonymous(service).post(REGISTER, json=body)).status_code == 202
    await log_in(service, same)
    assert len(await service.resources.people.account_repository.page(limit=5)) == 1


@pytest.mark.parametrize(
    "password", ["🦊 fox and 🗺 maps, all of them", "סיסמה ארוכה מאוד באמת", "\u202ereversed, and long enough"]
)
async def test_password_of_any_characters_lets_its_owner_in_and_nobody_else(
    service: LiveService, password: str
) -> None:
    body = {"email": "noa@example.org", "password": password}
    assert (await anonymous(service).post(REGISTER, json=body)).status_code == 202
    await log_in(service, "noa@example.org", password)
    reply = await anonymous(service).post(LOGIN, json={**body, "password": password[:-1] + "?"})
    assert reply.status_code == 401


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("field", ["email", "password"])
@pytest.mark.parametrize(
    "value", ['"\\ud800aaaaaaaaaaaaaaaa@b.c"', '"a\\u0000b@example.org"', "5", "null", "[]", "{}"]
)
@pytest.mark.parametrize("path", [LOGIN, REGISTER])
async def test_name_or_password_that_is_no_text_is_refused_and_breaks_nothing(
    refusing: LiveService, path: str, field: str, value: str
) -> None:
    body = {"email": '"noa@example.org"', "password": f'"{PASSWORD}"', field: value}
    content = "{" + ", ".join(f'"{name}": {text}' for name, text in body.items()) + "}"
    reply = await anonymous(refusing).post(
        path, content=content, headers={"Content-Type": "application/json"}
    )
    assert reply.status_code in (202, 401, 422)
    assert reply.headers["content-type"] in ("application/problem+json", "application/json")


async def test_registrations_of_one_address_at_once_make_one_account_in_two_processes(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve_accounts(provider, tmp_path) as here, serve_accounts(provider, tmp_path) as there:
        spellings = ["twin@example.org", "Twin@Example.org", "TWIN@example.org"]
        asked = (
            anonymous(service).post(REGISTER, json={"email": email, "password": PASSWORD})
            for service, email in zip((here, there, here), spellings, strict=True)
        )
        assert {reply.status_code for reply in await asyncio.gather(*asked)} == {202}
        accounts = await here.resources.people.account_repository.page(limit=5)
        assert [account.email for account in accounts] == ["twin@example.org"]


async def test_clock_that_jumps_ends_what_has_run_out_and_refuses_what_is_from_the_future(
    service: LiveService,
) -> None:
    """Half an hour ahead an access token is over, its session isn't. A day back a token is from the future."""
    person = await add_person(service, "noa")
    signer = service.resources.people.sessions._tokens._current()  # type: ignore[attr-defined]

    async def refreshed(token: str) -> httpx.Response:
        return await anonymous(service).post("/api/v1/auth/token/refresh", json={"refresh_token": token})

    signer._now = lambda: time.time() + 1800
    assert (await person.http.get(RUNS)).status_code == 401
    pair = (await refreshed(person.tokens["refresh_token"])).json()
    ahead = anonymous(service, Authorization=f"Bearer {pair['access_token']}")
    assert (await ahead.get(RUNS)).status_code == 200
    signer._now = lambda: time.time() - 86400
    assert (await ahead.get(RUNS)).status_code == 401
    assert (await refreshed(pair["refresh_token"])).status_code == 200
