"""The service's doors: hosts, other sites, content types, repeated starts, slow requests, headers of replies."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import pytest_asyncio

from backend.app import create_app
from backend.connections import ConnectionLimits
from backend.settings import SettingsError, load_settings
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.people import add_person, serve_accounts
from tests.service import LiveService, serve, settings_for
from workflows.messages.messages import TextAppended, TextRetracted, decode

RUNS = "/api/v1/runs"
BODY = {"format": "story", "input": {"theme": "dragons", "reader": {"name": "Noa", "age": 9}}}
SSE = {"Accept": "text/event-stream"}


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that writes with the fake provider, and has few connections."""
    async with serve(
        settings_for(provider, tmp_path), limits=ConnectionLimits(max_connections=30)
    ) as running:
        yield running


@pytest.fixture
async def impatient(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that is soon tired of slow requests."""
    limits = ConnectionLimits(request_seconds=0.5)
    async with serve(settings_for(provider, tmp_path), limits=limits) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def refusing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveService]:
    """One service for all that is refused: none of it started anything."""
    folder = tmp_path_factory.mktemp("refusing")
    async with FakeProvider() as provider, serve(settings_for(provider, folder)) as running:
        yield running
        assert provider.calls == []


def _text(data: list[str]) -> dict[int, str]:
    """The text of each section that these frames append."""
    sections: dict[int, str] = {}
    for line in data:
        message = decode(line.removeprefix("data: "))
        if isinstance(message, TextAppended):
            sections[message.section] = sections.get(message.section, "") + message.chunk
        assert not isinstance(message, TextRetracted)
    return sections


def _port(service: LiveService) -> int:
    return int(service.client.http.base_url.port or 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::"])
def test_service_that_would_listen_to_a_network_must_be_told_its_names(host: str) -> None:
    with pytest.raises(SettingsError, match="STORYWIRE_ALLOWED_HOSTS must be set"):
        load_settings(host=host, _env_file=None)
    assert load_settings(host=host, allowed_hosts="stories.lan", _env_file=None).host_names == {"stories.lan"}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
@pytest.mark.parametrize("path", [RUNS, "/api/v1/stories/generate/stream", "/api/v1/safety/check"])
async def test_body_that_does_not_say_that_it_is_json_starts_nothing(
    refusing: LiveService, path: str, content_type: str
) -> None:
    reply = await refusing.client.http.post(
        path, content=json.dumps(BODY["input"]), headers={"Content-Type": content_type}
    )
    assert (reply.status_code, reply.json()["code"]) == (422, "INVALID_INPUT")


@pytest.mark.parametrize(
    ("path", "body"),
    [(RUNS, BODY), ("/api/v1/stories/generate/stream", BODY["input"])],
)
@pytest.mark.parametrize("how", ["Last-Event-ID", "last_event_id", "lastEventId"])
async def test_start_that_is_repeated_with_the_last_id_goes_on_and_starts_nothing(
    service: LiveService, provider: FakeProvider, path: str, body: dict[str, object], how: str
) -> None:
    async with service.client.http.stream("POST", path, json=body, headers=SSE) as reply:
        lines = [line async for line in reply.aiter_lines()]
    ids = [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]
    data = [line for line in lines if line.startswith("data: ")]
    bought = len(provider.calls)

    middle = len(ids) // 2
    headers = {**SSE, how: ids[middle]} if how == "Last-Event-ID" else SSE
    params = {} if how == "Last-Event-ID" else {how: ids[middle]}
    async with service.client.http.stream("POST", path, json=body, headers=headers, params=params) as reply:
        again = [line async for line in reply.aiter_lines() if line.startswith("data: ")]

    assert reply.headers["x-run-id"] == ids[0].rpartition(":")[0]
    # What comes late may be merged, so the texts are compared.
    assert _text(again) == _text(data[middle + 1 :])
    assert again[-1] == data[-1]
    assert len(provider.calls) == bought
    assert len((await service.client.http.get(RUNS)).json()["runs"]) == 1


@pytest.mark.parametrize("how", [{"headers": {"Idempotency-Key": "k1"}}, {"params": {"request_id": "k1"}}])
async def test_start_that_is_repeated_with_the_same_key_attaches_to_the_run(
    service: LiveService, how: dict[str, dict[str, str]]
) -> None:
    replies = [await service.client.http.post(RUNS, json=BODY, **how) for _ in range(2)]  # type: ignore[arg-type]
    assert [reply.status_code for reply in replies] == [201, 200]
    assert len({reply.json()["run_id"] for reply in replies}) == 1


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("parallel", True),
        ("parallel", "2"),
        ("parallel", 10**30),
        ("max_output_tokens", 10**30),
        ("max_output_tokens", True),
        ("budget_usd", 1e300),
        ("keep_length", 1),
        ("review_outline", "yes"),
    ],
)
async def test_option_of_another_type_or_beyond_all_bounds_is_refused_by_name(
    refusing: LiveService, field: str, value: object
) -> None:
    reply = await refusing.client.http.post(RUNS, json={**BODY, "options": {field: value}})
    assert reply.status_code == 422
    assert [error["field"] for error in reply.json()["errors"]] == [f"options.{field}"]


async def test_replies_of_the_api_are_kept_by_nobody_and_taken_for_nothing_else(service: LiveService) -> None:
    for path in (RUNS, "/api/v1/formats", "/api/v1/runs/nothing", "/openapi.json"):
        headers = (await service.client.http.get(path)).headers
        assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff"), path
    run_id = await service.client.start()
    async with service.client.http.stream("GET", f"{RUNS}/{run_id}/stream") as reply:
        assert reply.headers["cache-control"] == "no-store, no-transform"
        assert reply.headers["x-content-type-options"] == "nosniff"


async def test_head_of_a_request_without_end_is_refused(service: LiveService) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", _port(service))
    with closing(writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-A: " + b"a" * 200_000)
        reply = await reader.read(2000)  # at once: what comes after may be a reset
        assert reply.startswith(b"HTTP/1.1 431 ") and b"INVALID_INPUT" in reply


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"POST /api/v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 99\r\n\r\n{",
    ],
)
async def test_request_that_never_ends_is_closed(impatient: LiveService, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", _port(impatient))
    with closing(writer):
        writer.write(sent)
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 10) == b""


async def test_stream_that_takes_longer_than_a_request_may_is_not_closed(
    impatient: LiveService, provider: FakeProvider
) -> None:
    provider.script = Script(default=Reply(pace=200))
    run = await impatient.client.start()
    frames = [frame async for frame in impatient.client.frames(run)]
    assert frames[-1].message.type == "complete"


async def test_connection_beyond_the_limit_is_told_so(service: LiveService) -> None:
    open_ones = [await asyncio.open_connection("127.0.0.1", _port(service)) for _ in range(30)]
    reader, writer = await asyncio.open_connection("127.0.0.1", _port(service))
    assert (await reader.readline()).startswith(b"HTTP/1.1 503 ")
    assert b"OVERLOADED" in await reader.read()
    for _, other in [*open_ones, (reader, writer)]:
        other.close()


async def test_services_of_one_process_share_their_routes_and_nothing_else(
    service: LiveService, provider: FakeProvider, tmp_path: Path
) -> None:
    folder = tmp_path / "accounts"
    folder.mkdir()
    async with serve_accounts(provider, folder) as other:
        run_id = await service.client.start()
        noa = await add_person(other, "noa")
        [mine] = (await service.client.http.get(RUNS)).json()["runs"]
        assert mine["run_id"] == run_id and (await noa.http.get(RUNS)).json()["runs"] == []
        assert (await other.client.http.get(RUNS)).status_code == 401
        assert (await noa.http.get(f"{RUNS}/{run_id}")).status_code == 404
        routes = [
            {id(route) for route in create_app(each.resources.settings).routes} for each in (service, other)
        ]
    assert len(routes[0] & routes[1]) > 20  # made anew for each, they cost more than most tests
