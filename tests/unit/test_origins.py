"""Which requests a service without accounts refuses: by name, and by the page that a browser makes them for."""

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from backend.api.security.origins import CROSS_ORIGIN, OwnSite

ROOT = Path(__file__).parents[2]
START = "/api/v1/stories/generate/stream"
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64)"}


async def status(
    path: str, headers: dict[str, str], *, method: str = "GET", names: set[str] | None = None
) -> int:
    """The status of the reply; 200 where the request reached the application."""
    sent: list[Message] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "path": path,
        "method": method,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await OwnSite(application, frozenset(names or {"127.0.0.1"}))(scope, receive, send)
    return int(sent[0]["status"])


def test_documentation_names_every_header_that_pages_of_listed_origins_may_send_and_read() -> None:
    text = (ROOT / "docs/accounts.md").read_text(encoding="utf-8")
    section = text.partition("## Pages on other sites")[2].partition("\n## ")[0]
    sent, read = (
        set(re.findall(r"`([A-Z][A-Za-z-]+)`", part))
        for part in re.findall(r"They may (?:send|read) (.*?)\.", section, re.DOTALL)
    )
    assert sent == {*CROSS_ORIGIN["allow_headers"]}
    assert read == {*CROSS_ORIGIN["expose_headers"]}


@pytest.mark.parametrize(
    ("host", "names", "expected"),
    [
        ("127.0.0.1:8000", set(), 200),
        ("localhost", set(), 200),
        ("LOCALHOST.:8000", set(), 200),
        ("[::1]:8000", set(), 200),
        ("evil.example.org", set(), 403),
        ("evil.example.org:8000", set(), 403),
        ("", set(), 403),
        ("192.168.1.7:8000", {"0.0.0.0"}, 403),
        ("stories.example.org", {"0.0.0.0", "stories.example.org"}, 200),
        ("[fd00::7]:8000", {"fd00::7"}, 200),
        ("anything", {"*"}, 200),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/runs", "/shared/token", "/metrics"])
async def test_host_that_is_not_a_name_of_the_service_is_refused_on_every_path(
    path: str, host: str, names: set[str], expected: int
) -> None:
    assert await status(path, {"host": host}, names=names) == expected


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_are_answered_by_any_name(path: str) -> None:
    assert await status(path, {"host": "10.1.2.3:8000"}) == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),  # another port of localhost
        ({"origin": "http://localhost:8000"}, 200),
        ({"origin": "http://localhost:8001"}, 403),
        ({"origin": "http://localhost"}, 403),
        ({"origin": "https://localhost:8000"}, 200),  # TLS ends before the service
        ({"origin": "http://evil.example.org:8000"}, 403),
        ({"origin": "http://localhost:8000.evil.example.org"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://[bad"}, 403),
        ({}, 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_page_of_another_scheme_host_or_port_is_refused(
    method: str, headers: dict[str, str], expected: int
) -> None:
    assert await status("/api/v1/runs", {"host": "localhost:8000", **headers}, method=method) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"sec-fetch-site": "same-origin", "sec-fetch-dest": "empty"}, 200),
        ({"sec-fetch-site": "none", "sec-fetch-dest": "document"}, 200),
        ({"sec-fetch-site": "same-origin", "sec-fetch-dest": "image"}, 403),
        ({"sec-fetch-site": "same-origin", "sec-fetch-dest": "iframe"}, 403),
        ({"sec-fetch-site": "same-origin", "sec-fetch-dest": "script"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"}, 403),
        # Plain http on a network: browsers send no Sec-Fetch-*, and an image no Origin.
        ({**BROWSER}, 403),
        ({**BROWSER, "referer": "http://evil.example.org/"}, 403),
        ({**BROWSER, "referer": "http://stories.lan:8000/"}, 200),
        ({**BROWSER, "origin": "http://stories.lan:8000"}, 200),
        ({"user-agent": "curl/8.5.0"}, 200),
        ({}, 200),
    ],
)
async def test_get_that_starts_a_run_is_no_image_frame_or_script_of_anybody(
    headers: dict[str, str], expected: int
) -> None:
    headers = {"host": "stories.lan:8000", **headers}
    assert await status(START, headers, names={"stories.lan"}) == expected
