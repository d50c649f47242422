"""Security headers on every kind of reply: pages, files, refusals of every middleware, streams, and bugs."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.people import BODY, add_person, anonymous, serve_accounts
from tests.service import LiveService

PUBLIC = "https://stories.example.org"
HOST = {"Host": "stories.example.org"}
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000",
}


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service behind TLS."""
    async with serve_accounts(provider, tmp_path, public_url=PUBLIC, max_body_bytes=2000) as running:
        yield running


async def test_every_kind_of_reply_has_all_headers(service: LiveService) -> None:
    person = await add_person(service, "noa", "admin")
    person.http.headers.update(HOST)
    run = (await person.http.post("/api/v1/runs?wait=true", json=BODY)).json()["run_id"]
    link = (await person.http.post(f"/api/v1/runs/{run}/share")).json()["url"]
    nobody = anonymous(service, **HOST)

    def bug(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    service.resources.sharing.revoke = bug  # type: ignore[method-assign, assignment]
    replies = {
        "page": (200, await nobody.get("/")),
        "account page": (200, await nobody.get("/account")),
        "its script": (200, await nobody.get("/account/page.js")),
        "an extension's script": (200, await nobody.get("/account/sections/story.js")),
        "no extension's script": (404, await nobody.get("/account/sections/podcast.js")),
        "script": (200, await nobody.get("/static/app.js")),
        "picture": (200, await nobody.get("/static/favicon.svg")),
        "shared page": (200, await nobody.get(link)),
        "no shared page": (404, await nobody.get("/shared/nothing")),
        "no file": (404, await nobody.get("/static/nothing.js")),
        "probe": (200, await nobody.get("/healthz")),
        "document": (200, await nobody.get("/openapi.json")),
        "no credential": (401, await nobody.get("/api/v1/runs")),
        "nothing there": (404, await person.http.get("/api/v1/nothing")),
        "wrong method": (405, await person.http.put("/api/v1/runs")),
        "wrong input": (422, await person.http.post("/api/v1/runs", json={})),
        "foreign host": (403, await nobody.get("/", headers={"Host": "evil.example.org"})),
        "foreign page": (403, await nobody.get("/api/v1/runs", headers={"Origin": "https://evil.example"})),
        "too large": (413, await person.http.post("/api/v1/runs", content=b"x" * 3000)),
        "stream": (200, await person.http.get(f"/api/v1/runs/{run}/stream")),
        "file to save": (200, await person.http.get(f"/api/v1/runs/{run}/export", params={"as": "txt"})),
        "metrics": (200, await person.http.get("/metrics")),
        "bug": (500, await person.http.delete(f"/api/v1/runs/{run}/share")),
        "logged out": (204, await person.http.post("/api/v1/account/logout")),
    }
    assert {name: reply.status_code for name, (_, reply) in replies.items()} == {
        name: status for name, (status, _) in replies.items()
    }
    for name, (_, reply) in replies.items():
        assert {key: reply.headers.get(key) for key in HEADERS} == HEADERS, name
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, name
        assert "geolocation=()" in reply.headers["permissions-policy"], name
        if reply.request.url.path.startswith("/api/"):
            assert "no-store" in reply.headers["cache-control"], name


async def test_reply_for_a_listed_site_may_be_used_there(provider: FakeProvider, tmp_path: Path) -> None:
    site = "http://localhost:3000"
    async with serve_accounts(provider, tmp_path, origins=site) as service:
        reply = await anonymous(service, Origin=site).get("/api/v1/auth/options")
        assert reply.headers["access-control-allow-origin"] == site
        assert "cross-origin-resource-policy" not in reply.headers
        assert "strict-transport-security" not in reply.headers  # it is http
