"""`storywire doctor URL` in front of real proxies: each bad habit is found, and named.

How even a stream is depends on how busy this machine is; what is made of that is tested in `unit/test_findings.py`.
Here counts what no clock decides: what is there and what isn't, and replies that come whole in one read.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.types import Message
from typer.testing import CliRunner

from backend.api.monitoring.diagnostics import LONGEST_SECONDS
from backend.cli.doctor.findings import ProxyFindings
from backend.cli.doctor.proxy import measure
from backend.cli.main import app
from tests.fakes.provider import refuse_port
from tests.fakes.proxies import Habits, proxy
from tests.service import LiveService, serve, settings_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTE = "/api/v1/diagnostics/stream"
STREAM = "text/event-stream; charset=utf-8"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveService]:
    """A service that writes nothing here."""
    folder: Path = tmp_path_factory.mktemp("doctor")
    async with serve(settings_for("http://127.0.0.1:9/v1", folder)) as running:
        yield running


async def _measure(
    service: LiveService, habits: Habits | None = None, idle: float | None = None
) -> ProxyFindings:
    async with proxy(service.client.base_url, habits) as url:
        return await measure(url, ticks=4, interval_ms=30, idle=idle)


def _found(findings: ProxyFindings, expected: set[str] | None = None) -> dict[str, bool]:
    """The findings by their code, and whether they say that streaming is broken."""
    # All of these close their connections; and a busy machine can make any stream come unevenly.
    left_aside = {"connection_close", "jitter", "buffered"} - (expected or set())
    return {f.code: f.severity == "broken" for f in findings.found if f.code not in left_aside}


async def test_measurements_that_come_before_the_others_have_begun_are_counted_with_them(
    service: LiveService,
) -> None:
    """The server's end of the wire is held where the head of each reply goes out: no stream has begun then.

    The first test here: no stream of another one is still closing.
    """
    heads: asyncio.Queue[int] = asyncio.Queue()
    gate, host = asyncio.Event(), [(b"host", b"localhost")]

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            heads.put_nowait(message["status"])
            await gate.wait()

    async def receive() -> Message:
        await asyncio.Event().wait()  # the client stays
        raise AssertionError

    def ask(ticks: int) -> asyncio.Task[None]:
        query = b"ticks=%d&interval_ms=10" % ticks
        scope = {"type": "http", "method": "GET", "path": ROUTE, "query_string": query, "headers": host}
        return asyncio.create_task(service.server.config.loaded_app(scope, receive, send))

    asked = [ask(ticks=1) for _ in range(21)]
    statuses = [await heads.get() for _ in asked]
    gate.set()
    await asyncio.wait(asked)
    again = [ask(ticks=0), ask(ticks=1)]
    await asyncio.wait(again)

    assert sorted(statuses) == [200] * 20 + [503]
    assert sorted(heads.get_nowait() for _ in again) == [200, 422]  # every place was given back


async def test_service_itself_streams_as_it_should(service: LiveService) -> None:
    findings = await measure(service.client.base_url, ticks=6, interval_ms=30)

    assert not _found(findings)
    assert findings.measured.http_version == "HTTP/1.1" and len(findings.measured.ticks) == 6


async def test_clean_proxy_is_clean_also_in_silence(service: LiveService) -> None:
    findings = await _measure(service, idle=0.3)

    assert not _found(findings)
    assert findings.measured.idle is not None and not findings.measured.idle.broke


@pytest.mark.parametrize(
    ("habits", "codes", "broken"),
    [
        (Habits(whole=True), {"buffered", "content_length"}, True),
        (Habits(hold_bytes=100_000), {"buffered"}, True),
        (Habits(compress=True), {"compressed", "buffered"}, True),
        (Habits(http="1.0"), {"http_1_0"}, False),
        (Habits(drop_comments=True), {"no_heartbeat"}, False),
        (Habits(drop_request_headers=frozenset({"last-event-id"})), {"last_event_id"}, True),
        (Habits(drop_reply_headers=frozenset({"cache-control"})), {"cache_control"}, False),
        (Habits(drop_reply_headers=frozenset({"x-accel-buffering"})), {"x_accel_buffering"}, False),
        (Habits(reply_headers={"content-type": "text/plain"}), {"content_type"}, True),
        (Habits(prefix="/story"), {"prefix"}, True),
    ],
    ids=lambda value: ",".join(sorted(value)) if isinstance(value, set) else "",
)
async def test_each_bad_habit_is_found_and_named(
    service: LiveService, habits: Habits, codes: set[str], broken: bool
) -> None:
    findings = await _measure(service, habits)
    found = _found(findings, codes)

    assert set(found) == codes, findings
    assert any(found.values()) == broken
    assert all(finding.why for finding in findings.found)


async def test_impatient_proxy_is_found_by_a_silence(service: LiveService) -> None:
    findings = await _measure(service, Habits(cut_after=0.6), idle=20)

    assert _found(findings)["idle_timeout"]
    assert findings.measured.idle is not None and findings.measured.idle.lasted < 20


async def test_nobody_and_somebody_else_are_told_apart(service: LiveService) -> None:
    with refuse_port() as closed:
        nobody = await measure(f"http://127.0.0.1:{closed}", ticks=3)
    wrong_place = await measure(f"{service.client.base_url}/elsewhere", ticks=3)
    no_address = await measure("http://[", ticks=3)

    assert _found(nobody) == _found(no_address) == {"unreachable": True}
    assert _found(wrong_place) == {"not_found": True}


async def test_command_says_it_in_words_and_in_json_and_by_its_status(service: LiveService) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(
            app, ["doctor", *arguments, "--ticks", "4", "--interval", "30"], env={"COLUMNS": "200"}
        )
        return result.exit_code, result.stdout

    direct = await asyncio.to_thread(run, service.client.base_url.removeprefix("http://"))
    async with proxy(service.client.base_url, Habits(whole=True)) as url:
        broken = await asyncio.to_thread(run, url)
        as_json = await asyncio.to_thread(run, url, "--json")

    assert direct[0] == int("broken" in direct[1]) and "4 of 4" in direct[1]
    assert broken[0] == 1 and "arrived within" in broken[1] and "nginx: proxy_buffering off" in broken[1]
    told = json.loads(as_json[1])
    assert as_json[0] == 1 and told["broken"] and told["found"][0]["code"] in ("buffered", "content_length")


async def test_ticks_are_framed_as_a_stream_and_leave_nothing_behind(service: LiveService) -> None:
    reply = await service.client.http.get(ROUTE, params={"ticks": 2, "interval_ms": 10})
    real = await service.client.http.get("/api/v1/runs")

    assert reply.headers["content-type"] == STREAM
    assert reply.headers["cache-control"] == "no-store, no-transform"
    assert reply.headers["x-accel-buffering"] == "no"
    assert reply.text.startswith("retry: 2000\nid: diagnostics:1\nevent: tick\ndata: {")
    assert reply.text.count(": ping\n\n") == 2
    assert real.json()["runs"] == []


@pytest.mark.parametrize(
    "params",
    [{"ticks": 0}, {"ticks": 1000}, {"interval_ms": 1}, {"interval_ms": LONGEST_SECONDS * 1000 + 1}],
)
async def test_ticks_without_bounds_are_refused(service: LiveService, params: dict[str, int]) -> None:
    assert (await service.client.http.get(ROUTE, params=params)).status_code == 422


async def test_ticks_beyond_the_longest_time_are_left_out(service: LiveService) -> None:
    params = {"ticks": 200, "interval_ms": LONGEST_SECONDS * 1000}
    async with service.client.http.stream("GET", ROUTE, params=params) as reply:
        assert reply.status_code == 200
        async for line in reply.aiter_lines():
            if line.startswith("data: "):
                assert json.loads(line.removeprefix("data: "))["of"] == 2
                break


async def test_too_many_measurements_at_once_are_refused(service: LiveService) -> None:
    async def open_one(client: httpx.AsyncClient) -> httpx.Response:
        asked = client.build_request("GET", ROUTE, params={"ticks": 2, "interval_ms": 60_000})
        return await client.send(asked, stream=True)

    async with httpx.AsyncClient(base_url=service.client.base_url, trust_env=False) as client:
        replies = [await open_one(client) for _ in range(21)]
        assert [reply.status_code for reply in replies] == [200] * 20 + [503]
        assert replies[-1].headers["retry-after"]
        for reply in replies:
            await reply.aclose()
