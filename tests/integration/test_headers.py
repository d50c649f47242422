"""Security headers on every kind of reply: pages, files, refusals of every middleware, streams, and bugs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from backend.api.security.headers import SecurityHeaders
from backend.connections import ConnectionLimits
from tests.fakes.provider import FakeProvider
from tests.people import BODY, add_person, anonymous, serve_accounts
from tests.service import LiveService, serve, settings_for

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


async def send(service: LiveService, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the reply to these bytes, after which the server has closed the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.client.http.base_url.port)
    with closing(writer):
        writer.write(data)
        head, _, body = (await asyncio.wait_for(reader.read(), 20)).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, body


async def test_reply_that_no_application_makes_has_all_headers_too(service: LiveService) -> None:
    """What the parser refuses, and what the server does by itself."""
    host = b"Host: stories.example.org\r\n"
    sent = {
        "no request": (400, b"nonsense\r\n\r\n"),
        "no method of HTTP": (400, b"NOTHING / HTTP/1.1\r\n" + host + b"\r\n"),
        "another protocol": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        "no header": (400, b"GET / HTTP/1.1\r\n" + host + b"no header\r\n\r\n"),
        "NUL in a header": (400, b"GET / HTTP/1.1\r\n" + host + b"X-A: a\x00b\r\n\r\n"),
        "no address": (400, b"GET http://[ HTTP/1.1\r\n" + host + b"\r\n"),
        "two lengths": (
            400,
            b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
        "no chunk": (400, b"PUT / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        "endless head": (431, b"GET / HTTP/1.1\r\n" + host + b"X-A: " + b"a" * 70_000),
        "long head with its end": (
            431,
            b"GET /healthz HTTP/1.1\r\n" + host + b"X-A: " + b"a" * 70_000 + b"\r\n\r\n",
        ),
        "another protocol after it": (
            200,
            b"GET /healthz HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" + host + b"\r\nmore",
        ),
    }
    for name, (status, data) in sent.items():
        found, headers, body = await send(service, data)
        assert found == status, (name, headers, body)
        assert {key: headers.get(key) for key in HEADERS} == HEADERS, name
        assert "default-src 'none'" in headers["content-security-policy"], name
        assert "geolocation=()" in headers["permissions-policy"], name
        if status != 200:
            assert headers["content-type"] == "application/problem+json" and b"INVALID_INPUT" in body, name
            assert (headers["cache-control"], headers["connection"]) == ("no-store", "close"), name
            assert "retry-after" not in headers


async def test_connection_too_many_is_refused_with_all_headers(
    provider: FakeProvider, tmp_path: Path
) -> None:
    limits = ConnectionLimits(max_connections=0)
    async with serve(settings_for(provider, tmp_path), limits=limits) as service:
        status, headers, body = await send(service, b"")
        assert (status, headers["retry-after"]) == (503, "5") and b"OVERLOADED" in body
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cross-origin-opener-policy"] == "same-origin"


async def test_bytes_that_are_no_request_put_nothing_into_the_reply_before_them(service: LiveService) -> None:
    person = await add_person(service, "noa")
    request = (
        b"GET /api/v1/diagnostics/stream?ticks=100&interval_ms=20 HTTP/1.1\r\nHost: stories.example.org\r\n"
        b"Authorization: " + person.http.headers["Authorization"].encode() + b"\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", service.client.http.base_url.port)
    with closing(writer):
        writer.write(request)
        begun = await reader.readuntil(b"data: ")
        writer.write(b"nonsense\r\n\r\n")
        rest = await asyncio.wait_for(reader.read(), 20)
    assert begun.startswith(b"HTTP/1.1 200 ") and b"HTTP/1.1" not in rest


async def test_request_that_the_server_cancels_as_it_stops_is_told_so_with_all_headers() -> None:
    sent: list[Any] = []
    begun = asyncio.Event()

    async def wait_for_ever(*_: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def keep(message: Any) -> None:
        sent.append(message)

    app = SecurityHeaders(wait_for_ever, {"X-Kept": "here"})
    scope = {"type": "http", "path": "/api/v1/runs", "method": "POST", "headers": []}
    asking = asyncio.create_task(app(scope, keep, keep))  # type: ignore[arg-type]
    await begun.wait()
    asking.cancel()
    await asyncio.wait({asking})
    assert asking.cancelled() and sent[0]["status"] == 503
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    assert (headers["x-kept"], headers["cache-control"], headers["retry-after"]) == ("here", "no-store", "5")
    assert b"OVERLOADED" in sent[1]["body"]
