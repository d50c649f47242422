"""What is wrong is refused with a code, a field and a sentence, and nothing is stored."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.provider import FakeProvider, refuse_port
from tests.fakes.script import Fault, FaultKind, Reply, Rule, Script
from tests.service import HANG, STORY, LiveService, serve, settings_for


@pytest.fixture
async def service(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that writes with the fake provider."""
    async with serve(settings_for(provider, tmp_path)) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def refusing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveService]:
    """One service for all that is refused: nothing of it was stored, and nothing bought."""
    folder = tmp_path_factory.mktemp("refusing")
    async with FakeProvider() as provider, serve(settings_for(provider, folder)) as running:
        yield running
        assert (await running.client.http.get("/api/v1/runs")).json()["runs"] == []
        assert provider.calls == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broken(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[LiveService, FakeProvider]]:
    """One service for all that its provider may do; a test says what that is."""
    folder = tmp_path_factory.mktemp("broken")
    async with FakeProvider() as provider, serve(settings_for(provider, folder)) as running:
        yield running, provider


READER = {"name": "Maya", "age": 7}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("GET", "/api/v1/runs/a%00b", None, "path"),
        ("GET", "/api/v1/runs%0A", None, "path"),
        ("GET", "/api/v1/runs/a%7Fb", None, "path"),
        ("GET", "/api/v1/stories/generate/stream?theme=a%00b", None, "query"),
        ("GET", "/api/v1/runs?cursor=%00", None, "query"),
        ("GET", "/api/v1/runs?cursor=%F0%9F", None, "cursor"),
        ("GET", "/api/v1/documents?cursor=a+b", None, "cursor"),
        ("POST", "/api/v1/children", {"name": "M\0", "age": 7}, "name"),
        ("POST", "/api/v1/safety/check", {"text": "a\0"}, "text"),
        ("POST", "/api/v1/documents", {"text": "a\0"}, "text"),
        (
            "POST",
            "/api/v1/personas",
            {"kind": "audience", "name": "D\0", "description": "Keeps bees."},
            "name",
        ),
        ("PUT", "/api/v1/personas/1", {"kind": "script", "name": "D", "description": "\0"}, "description"),
        (
            "POST",
            "/api/v1/personas",
            {"kind": "script", "name": "D", "description": "Keeps bees.", "phrases": ["\0"]},
            "0",
        ),
    ],
)
async def test_nul_is_refused_wherever_it_stands_and_control_characters_in_an_address(
    refusing: LiveService, method: str, path: str, body: Any, field: str
) -> None:
    reply = await refusing.client.http.request(method, path, json=body)

    assert (reply.status_code, reply.json()["code"]) == (422, "INVALID_INPUT")
    assert [error["field"].rpartition(".")[2] for error in reply.json()["errors"]] == [field]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("blank", [" ", "\f", "\n", "\u00a0", "\u2003"])
@pytest.mark.parametrize("field", ["name", "description"])
async def test_persona_of_blanks_is_refused_and_not_stored(
    refusing: LiveService, field: str, blank: str
) -> None:
    body = {"kind": "audience", "name": "Dana", "description": "Keeps bees.", field: blank}
    reply = await refusing.client.http.post("/api/v1/personas", json=body)

    assert reply.status_code == 422
    assert (await refusing.client.http.get("/api/v1/personas")).json()["personas"] == []


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "story", "input": {**STORY, "reader": {**READER, "age": 2}}}, "input.reader.age"),
        ({"format": "story", "input": {**STORY, "reader": {**READER, "age": "seven"}}}, "input.reader.age"),
        ({"format": "story", "input": {**STORY, "theme": ""}}, "input.theme"),
        ({"format": "story", "input": {**STORY, "theme": "x" * 121}}, "input.theme"),
        ({"format": "story", "input": {**STORY, "theme": 7}}, "input.theme"),
        ({"format": "story", "input": {}}, "input.theme"),
        ({"format": "story", "input": {**STORY, "colour": "red"}}, "input.colour"),
        ({"format": "story", "input": "a story"}, "input"),
        ({"format": "poem", "input": STORY}, "format"),
        ({"format": "story", "input": STORY, "options": {"parallel": 0}}, "options.parallel"),
        ({"format": "story", "input": STORY, "options": {"speed": 1}}, "options.speed"),
        ({"format": "story", "input": STORY, "options": {"model": "gpt"}}, "options.model"),
        ({"format": "story", "input": {**STORY, "theme": "x\0"}}, "input.theme"),
        ({"format": "story", "input": {**STORY, "reader": {**READER, "name": "M\0"}}}, "input.reader.name"),
        (
            {"format": "story", "input": {**STORY, "reader": {**READER, "interests": ["a", "b\0"]}}},
            "input.reader.interests.1",
        ),
        ({"format": "st\0ry", "input": STORY}, "format"),
        ({"format": "story", "input": STORY, "options": {"model": "openai:\0"}}, "options.model"),
        ({"input": STORY}, "format"),
        ([1, 2], "body"),
    ],
)
async def test_wrong_field_is_named_and_nothing_is_stored(
    refusing: LiveService, body: Any, field: str
) -> None:
    reply = await refusing.client.http.post("/api/v1/runs", json=body)

    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert problem["code"] == "INVALID_INPUT" and problem["status"] == 422
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["errors"][0]["message"]
    assert (await refusing.client.http.get("/api/v1/runs")).json()["runs"] == []


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("url", ["/api/v1/runs", "/api/v1/story/generate/stream"])
async def test_body_that_is_not_json_is_refused(refusing: LiveService, url: str) -> None:
    reply = await refusing.client.http.post(
        url, content=b"{theme:", headers={"Content-Type": "application/json"}
    )

    assert (reply.status_code, reply.json()["code"]) == (422, "INVALID_INPUT")
    assert reply.json()["errors"] == [{"field": "body", "message": "this is not JSON"}]


@pytest.mark.asyncio(loop_scope="module")
async def test_body_over_the_limit_is_refused_by_length_and_by_what_comes(refusing: LiveService) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 50_000

    declared = await refusing.client.http.post("/api/v1/runs", content=b" " * 1_500_000)
    streamed = await refusing.client.http.post("/api/v1/runs", content=endless())

    assert [(r.status_code, r.json()["code"]) for r in (declared, streamed)] == [
        (413, "PAYLOAD_TOO_LARGE")
    ] * 2


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"theme": "space", "age": "99"}, "input.reader.age"),
        ({"theme": "space", "color": "red"}, "color"),
        ({"theme": "space", "order": "upwards"}, "order"),
        ({"theme": "space", "parallel": "many"}, "options.parallel"),
        ({}, "input.theme"),
    ],
)
async def test_get_that_starts_a_run_checks_its_query(
    refusing: LiveService, params: dict[str, str], field: str
) -> None:
    reply = await refusing.client.http.get("/api/v1/stories/generate/stream", params=params)

    assert reply.status_code == 422 and reply.json()["errors"][0]["field"] == field


@pytest.mark.asyncio(loop_scope="module")
async def test_query_with_a_name_that_there_is_not_is_told_of_options_too(refusing: LiveService) -> None:
    reply = await refusing.client.http.get("/api/v1/stories/generate/stream?theme=dragons&nonsense=1")
    [error] = reply.json()["errors"]
    assert error["field"] == "nonsense" and error["message"].startswith(
        "there is no such parameter; there is age,"
    )
    assert {"model,", "parallel,", "order,", "theme,"} <= set(error["message"].replace(";", ",").split())


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("event_id", ["17", "a:b", ":", "run:-1", "run:1e3", "run:" + "9" * 40])
async def test_last_event_id_that_is_none_is_refused(refusing: LiveService, event_id: str) -> None:
    reply = await refusing.client.http.get(
        "/api/v1/stories/generate/stream", headers={"Last-Event-ID": event_id}
    )

    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "last_event_id")


async def test_last_event_id_that_was_never_handed_out_is_refused(service: LiveService) -> None:
    run_id = await service.client.start()
    told = await service.client.read(run_id)
    url = f"/api/v1/runs/{run_id}/stream"

    for params in ({}, {"granularity": "section"}, {"order": "reading"}):
        reply = await service.client.http.get(
            url, params=params, headers={"Last-Event-ID": f"{run_id}:{told.last_seq + 1000}"}
        )
        assert (reply.status_code, reply.json()["code"]) == (422, "INVALID_INPUT")


async def test_last_event_id_of_another_run_is_refused(service: LiveService) -> None:
    first, second = await service.client.start(), await service.client.start()
    reply = await service.client.http.get(
        f"/api/v1/runs/{first}/stream", headers={"Last-Event-ID": f"{second}:1"}
    )

    assert (reply.status_code, reply.json()["code"]) == (409, "CONFLICT")
    for run_id in (first, second):
        await service.client.read(run_id)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/stream"),
        ("POST", "/cancel"),
        ("POST", "/resume"),
    ],
)
async def test_run_that_does_not_exist_is_not_found(refusing: LiveService, method: str, path: str) -> None:
    reply = await refusing.client.http.request(method, f"/api/v1/runs/01JD8V5S3E9T0B6Q000000000{path}")

    assert (reply.status_code, reply.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("zone", ["Mars/Olympus", "europe/berlin", "UTC+3", "../etc/passwd"])
async def test_time_zone_that_there_is_not_is_refused_by_name_wherever_it_is_given(
    refusing: LiveService, zone: str
) -> None:
    http, header = refusing.client.http, {"X-Timezone": zone}
    body: dict[str, Any] = {"format": "story", "input": STORY}
    option = {**body, "options": {"timezone": zone}}
    replies = {
        "X-Timezone": [
            await http.post("/api/v1/runs", json=body, headers=header),
            await http.get("/api/v1/stories/generate/stream?theme=sea", headers=header),
        ],
        "options.timezone": [await http.post("/api/v1/runs", json=option)],
    }
    for field, refused in replies.items():
        for reply in refused:
            assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)
            assert f"there is no time zone '{zone}'" in reply.json()["detail"]


@pytest.mark.asyncio(loop_scope="module")
async def test_unknown_path_and_method_are_problems_too(refusing: LiveService) -> None:
    missing = await refusing.client.http.get("/api/v1/nothing")
    wrong = await refusing.client.http.put("/api/v1/runs")

    assert (missing.status_code, missing.json()["code"]) == (404, "NOT_FOUND")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["allow"] == "GET, POST"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/runs/01JD8V5S3E9T0B6Q000000000", "DELETE, GET, PATCH"),
        ("PUT", "/api/v1/documents", "GET, POST"),
        ("POST", "/api/v1/personas/01JD8V5S3E9T0B6Q000000000", "DELETE, GET, PUT"),
        ("DELETE", "/static/page.js", "GET, HEAD"),
    ],
)
async def test_wrong_method_is_told_all_that_the_address_has(
    refusing: LiveService, method: str, path: str, allowed: str
) -> None:
    reply = await refusing.client.http.request(method, path)

    assert (reply.status_code, reply.headers["allow"]) == (405, allowed)


@pytest.mark.asyncio(loop_scope="module")
async def test_model_without_a_key_says_which_setting_is_missing(refusing: LiveService) -> None:
    body = {"format": "story", "input": STORY, "options": {"model": "google_genai:gemini-2.5-flash"}}
    reply = await refusing.client.http.post("/api/v1/runs", json=body)

    assert (reply.status_code, reply.json()["code"]) == (503, "MODEL_NOT_CONFIGURED")
    assert "GOOGLE_API_KEY" in reply.json()["detail"]


async def test_one_run_too_many_is_refused_with_a_time_to_come_back(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(default=Reply(hold_after=0))
    async with serve(settings_for(provider, tmp_path, max_runs=1)) as service:
        run_id = await service.client.start()
        refused = await service.client.http.post("/api/v1/runs", json={"format": "story", "input": STORY})
        ready = await service.client.http.get("/readyz")
        await service.client.http.post(f"/api/v1/runs/{run_id}/cancel")

    assert (refused.status_code, refused.json()["code"]) == (503, "OVERLOADED")
    assert int(refused.headers["retry-after"]) > 0
    assert ready.status_code == 503


async def test_runs_that_are_asked_for_at_once_do_not_exceed_the_limit(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(default=Reply(hold_after=0))
    async with serve(settings_for(provider, tmp_path, max_runs=2)) as service:
        body = {"format": "story", "input": STORY}
        replies = await asyncio.gather(
            *(service.client.http.post("/api/v1/runs", json=body) for _ in range(12))
        )
        started = [reply.json()["run_id"] for reply in replies if reply.status_code == 201]
        for run_id in started:
            await service.client.http.post(f"/api/v1/runs/{run_id}/cancel")

    assert len(started) == 2
    assert {reply.status_code for reply in replies} == {201, 503}


async def test_unreachable_provider_ends_the_stream_with_a_sentence(tmp_path: Path) -> None:
    with refuse_port() as port:
        async with serve(settings_for(f"http://127.0.0.1:{port}/v1", tmp_path)) as service:
            told = await service.client.read(await service.client.start())

    assert told.ending is not None and told.ending["code"] == "MODEL_UNAVAILABLE"
    assert told.ending["retryable"] and told.ending["resumable"]
    assert "Traceback" not in told.ending["message"]


@pytest.mark.parametrize(
    ("kind", "status", "after", "code"),
    [
        ("status", 401, None, "MODEL_AUTH"),
        ("status", 403, None, "MODEL_AUTH"),
        ("status", 404, None, "MODEL_NOT_CONFIGURED"),
        ("status", 429, None, "MODEL_RATE_LIMITED"),
        ("status", 500, None, "MODEL_UNAVAILABLE"),
        ("status", 503, 20, "MODEL_UNAVAILABLE"),
        ("drop", 0, 20, "MODEL_UNAVAILABLE"),
        ("close", 0, 20, "MODEL_UNAVAILABLE"),
        ("bad_json", 0, 20, "MODEL_UNAVAILABLE"),
        ("no_finish", 0, 20, "MODEL_TRUNCATED"),
        ("length", 0, 20, "MODEL_TRUNCATED"),
        ("content_filter", 0, 20, "SAFETY_REJECTED"),
        ("empty", 0, None, "MODEL_BAD_OUTPUT"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_provider_that_breaks_ends_the_run_with_its_code_and_keeps_the_text(
    broken: tuple[LiveService, FakeProvider], kind: FaultKind, status: int, after: int | None, code: str
) -> None:
    await _assert_broken_off(*broken, Fault(kind, after=after, status=status), code)


@pytest.mark.parametrize("after", [20, None])
async def test_provider_that_falls_silent_ends_the_run_with_its_code_and_keeps_the_text(
    provider: FakeProvider, tmp_path: Path, after: int | None
) -> None:
    async with serve(settings_for(provider, tmp_path, token_timeout=HANG)) as service:
        await _assert_broken_off(service, provider, Fault("hang", after=after), "MODEL_TIMEOUT")


async def _assert_broken_off(service: LiveService, provider: FakeProvider, fault: Fault, code: str) -> None:
    """A run whose second section breaks so ends with this code, and what came before the break."""
    # Whole sentences before the break: the gate tells no half of one.
    reply = Reply(text="The lamp went out. Maya laughed.", words=90, fault=fault)
    provider.script = Script(rules=(Rule(reply, structured=False, nth=2),))
    provider.forget()
    run_id = await service.client.start()
    told = await service.client.read(run_id)
    run = await service.client.run(run_id)

    assert told.ending is not None and told.ending["code"] == code
    assert told.ending["partial"]["sections_completed"] == 1
    assert run["text"] == told.text and run["status"] == "failed"
    assert len(told.sections) == (2 if fault.after else 1)
    assert len(provider.generations) == 3  # the plan and two scenes: nothing was tried again


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://evil.example"},
        {"Host": "evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
@pytest.mark.parametrize("url", ["/api/v1/stories/generate/stream?theme=space", "/api/v1/runs"])
async def test_page_of_another_site_can_start_nothing(
    refusing: LiveService, url: str, headers: dict[str, str]
) -> None:
    reply = await refusing.client.http.get(url, headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (403, "FORBIDDEN")
