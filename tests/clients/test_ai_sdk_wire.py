"""The service's AI SDK stream, read by the chat of the package `ai` itself."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from backend.api.wires.chat import ChatBody
from backend.log.entry import Entry
from backend.log.memory import MemoryLog
from backend.runs.readers.reader import open_reader
from backend.streaming.options import StreamOptions
from backend.streaming.sse import data_frames
from backend.streaming.wires.ai_sdk import AiSdkMapper
from backend.streaming.wires.ai_sdk_whole import WITHDRAWN
from backend.streaming.wires.wire import UNNUMBERED, WireView
from tests.clients.conftest import World
from tests.clients.node import run_script
from tests.clients.planned_logs import PLAN
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import NO_TLS, STORY, LiveService, serve, settings_for
from tests.unit.logs import read_texts, run_logs
from tests.unit.messages import OUTLINE, complete, content, error, number, retract, workflow
from workflows.messages.messages import Message, decode


def frames_of(entries: Sequence[Entry]) -> str:
    """What a reader from the start is sent; an error that something follows was superseded."""
    view = WireView(AiSdkMapper("01RUN"))
    told = [entry for entry in entries if entry.type != "error" or entry is entries[-1]]
    return data_frames("01RUN", [item for entry in told for item in view.feed(entry)], 0).decode()


def read(given: dict[str, Any], package: str = "ai") -> Any:
    return run_script("ai_sdk_wire.mjs", {"package": package, **given}, package)


def read_chats(*logs: Sequence[Entry]) -> list[dict[str, Any]]:
    """What the chat has after each of the streams."""
    return list(read({"streams": [frames_of(log) for log in logs]}))


def chat_of(*messages: Message) -> dict[str, Any]:
    [told] = read_chats(number(workflow("started"), *messages))
    return told


def test_chat_has_the_text_of_any_log_by_section_and_in_section_order() -> None:
    logs: list[list[Entry]] = []

    @settings(max_examples=60, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(run_logs)
    def gather(log: list[Entry]) -> None:
        first, *rest = (decode(entry.data) for entry in log)
        logs.append(number(first, PLAN, *rest))

    gather()
    chats = read_chats(*logs)
    assert len(chats) == len(logs) > 25
    for log, chat in zip(logs, chats, strict=True):
        texts = {str(section): text for section, text in read_texts(log).items()}
        assert chat["sections"] == texts
        assert chat["order"] == sorted(chat["order"])
        assert chat["status"] == ("error" if log[-1].type == "error" else "ready")


def test_section_withdrawn_after_later_ones_disappears_and_comes_again_in_its_place() -> None:
    gone = chat_of(PLAN, content(0, "No.", ends=True), content(1, "Two"), retract(0))
    assert gone["sections"] == {"1": "Two"}
    again = chat_of(
        PLAN,
        content(0, "No.", ends=True),
        content(1, "Two"),
        retract(0),
        content(0, "One.", ends=True),
        content(1, "."),
    )
    assert again["sections"] == {"0": "One.", "1": "Two."}
    assert again["order"] == [0, 1, 2, 3]
    assert again["data"]["outline"]["title"] == "Four"


def test_failed_run_shows_its_error_and_keeps_its_text() -> None:
    chat = chat_of(OUTLINE, content(0, "Once"), error())
    assert (chat["status"], chat["error"]) == ("error", "It broke off.")
    assert chat["sections"] == {"0": "Once"}


def test_chunks_of_a_failure_have_no_number_and_a_resumed_run_counts_on_without_them() -> None:
    before = number(workflow("started"), OUTLINE, content(0, "Once"))
    after = number(workflow("started"), OUTLINE, content(0, "Once"), workflow("resumed", 2), content(0, "."))
    view, resumed = WireView(AiSdkMapper("r")), WireView(AiSdkMapper("r"))
    seen = [item for entry in before for item in view.feed(entry)]
    failure = view.feed(number(error())[0])
    assert [item.seq for item in failure] == [UNNUMBERED] * 3
    whole = [item for entry in after for item in resumed.feed(entry)]
    assert whole[: len(seen)] == seen
    assert [item.seq for item in whole] == list(range(1, len(whole) + 1))


def test_piece_is_a_part_of_its_own_once_it_is_whole() -> None:
    told = chat_of(
        OUTLINE,
        content(0, "A", piece="M1"),
        content(0, "B", ends=True, piece="M1"),
        content(0, "C", piece="M2"),
    )
    assert told["data"]["piece-M1"] == {"name": "M1", "text": "AB"}
    assert "piece-M2" not in told["data"] and told["sections"] == {}


def test_complete_tells_everything_but_the_text_again() -> None:
    chat = chat_of(OUTLINE, content(0, "Once.", ends=True), complete())
    assert chat["metadata"]["title"] == "The Lamp" and chat["metadata"]["sha256"] == "0" * 64
    assert chat["data"]["complete"]["metadata"] == {"word_count": 1}
    assert "story_content" not in chat["data"]["complete"]


# --- versions that can't take text back ---------------------------------------------------------------------------

OLDER = ("ai5", "ai6")


async def read_whole(log: Sequence[Entry]) -> list[Entry]:
    """What a reader of the log is sent who comes now, before the connection ends."""
    run_log = MemoryLog()
    await run_log.append("run", await run_log.take_over("run"), list(log))
    reader = open_reader(run_log, "run", 0, options=StreamOptions(protocol="ai-sdk-6"))
    found: list[Entry] = []
    while batch := await reader.poll():
        found += batch
    return found


async def test_chats_of_older_versions_have_each_whole_section_in_reading_order_of_any_log() -> None:
    logs: list[list[Entry]] = []

    @settings(max_examples=60, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(run_logs)
    def gather(log: list[Entry]) -> None:
        logs.append(log)

    gather()
    streams = [data_frames("01RUN", await read_whole(log), 0).decode() for log in logs]
    for package in OLDER:
        for log, chat in zip(logs, read({"streams": streams}, package), strict=True):
            texts = {str(section): text for section, text in read_texts(log).items()}
            if log[-1].type in ("complete", "error"):
                assert chat["sections"] == texts
            else:
                assert chat["sections"].items() <= texts.items()
            assert chat["order"] == sorted(chat["order"])
            assert chat["error"] == ("It broke off." if log[-1].type == "error" else None)


async def test_section_withdrawn_after_it_was_sent_breaks_an_older_chat_off_and_a_new_reading_is_right() -> (
    None
):
    before = (PLAN, content(0, "No.", ends=True), content(1, "Two.", ends=True))
    after = (
        retract(0),
        content(2, "C", ends=True),
        content(0, "One.", ends=True),
        content(3, "D", ends=True),
    )
    log = number(workflow("started"), *before, *after, complete())
    run_log = MemoryLog()
    epoch = await run_log.take_over("run")
    await run_log.append("run", epoch, log[:4])
    reader = open_reader(run_log, "run", 0, options=StreamOptions(protocol="ai-sdk-6"))
    sent = list(await reader.poll() or [])
    await run_log.append("run", epoch, log[4:5])
    sent += await reader.poll() or []
    assert await reader.poll() is None  # the connection ends
    between = data_frames("01RUN", await read_whole(log[:5]), 0).decode()
    streams = [data_frames("01RUN", sent, 0).decode(), between]
    streams += [data_frames("01RUN", await read_whole(log), 0).decode()]
    for package in OLDER:
        broken, left, whole = read({"streams": streams}, package)
        assert (broken["status"], broken["error"]) == ("error", WITHDRAWN)
        assert (left["sections"], left["error"]) == ({}, None)  # the second waits for the first
        assert whole["sections"] == {"0": "One.", "1": "Two.", "2": "C", "3": "D"}
        assert whole["order"] == [0, 1, 2, 3]


async def test_reader_who_comes_late_is_sent_the_state_after_all_that_there_is_however_long() -> None:
    long = [content(2, "x") for _ in range(2500)]
    log = number(workflow("started"), PLAN, content(0, "No.", ends=True), *long, retract(0), content(2, "."))
    types = [entry.type for entry in await read_whole(log)]
    assert "error" not in types and "text-delta" not in types
    again = number(*(decode(entry.data) for entry in log), content(0, "One.", ends=True))
    told = b"".join(entry.data for entry in await read_whole(again))
    assert b"One." in told and b"No." not in told


@pytest.mark.parametrize("package", OLDER)
async def test_older_chat_that_is_cut_reads_again_and_has_the_stored_text(world: World, package: str) -> None:
    world.proxy.cut([6000, 9000])
    chat = await talk(
        world.service, chat="one", base=world.url, package=package, version=package[-1], again=True
    )
    assert chat["status"] == "ready" and chat["order"] == sorted(set(chat["order"]))
    assert joined(chat) == (await stored(world.service, chat["metadata"]["runId"]))["result"]["story_content"]


async def test_version_is_chosen_by_address_or_header_and_another_one_is_refused(world: World) -> None:
    http, run_id = world.service.client.http, await world.service.client.start()
    path = f"/api/v1/runs/{run_id}/stream?protocol=ai-sdk"
    by_address = await http.get(f"{path}&v=5")
    by_header = await http.get(path, headers={"X-AI-SDK-Version": "6"})
    newest = await http.get(f"{path}&v=7")
    assert (
        by_address.text.split("data:")[1:]
        == by_header.text.split("data:")[1:]
        != newest.text.split("data:")[1:]
    )
    refused = await http.get(f"{path}&v=4")
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "v"


# --- the live service ---------------------------------------------------------------------------------------------


async def talk(
    service: LiveService, path: str = "stories/chat", base: str = "", **given: Any
) -> dict[str, Any]:
    """What a chat with the service comes to."""
    url = f"{base or service.client.base_url}/api/v1/{path}"
    body = {"input": {"reader": STORY["reader"]}}
    package = given.get("package", "ai")
    told = await asyncio.to_thread(read, {"url": url, "body": body, "text": "owls", **given}, package)
    return dict(told)


async def stored(service: LiveService, run_id: str) -> dict[str, Any]:
    return dict((await service.client.http.get(f"/api/v1/runs/{run_id}")).json())


def joined(chat: dict[str, Any]) -> str:
    return "\n\n".join(chat["sections"][key] for key in sorted(chat["sections"], key=int))


async def test_chat_writes_a_story_and_a_page_loaded_later_reads_it_again(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        chat = await talk(service, chat="one")
        run = await stored(service, chat["metadata"]["runId"])
        assert chat["status"] == "ready" and run["input"]["theme"] == "owls"
        assert joined(chat) == run["result"]["story_content"]
        late = await talk(service, chat="one", resume=True)
        assert late["sections"] == chat["sections"]
        nothing = await talk(service, chat="two", resume=True)
        assert nothing["sections"] == {} and nothing["status"] == "ready"
        assert len((await service.client.http.get("/api/v1/runs")).json()["runs"]) == 1


async def test_failed_chat_that_is_resumed_ends_with_the_stored_text(
    provider: FakeProvider, tmp_path: Path
) -> None:
    broken = Rule(Reply(fault=Fault("drop", after=15, times=1)), structured=False, nth=2)
    provider.script = Script(rules=(broken,))
    async with serve(settings_for(provider, tmp_path)) as service:
        failed = await talk(service, chat="one")
        assert failed["status"] == "error"
        run_id = failed["metadata"]["runId"]
        await service.client.http.post(f"/api/v1/runs/{run_id}/resume")
        chat = await talk(service, chat="one", resume=True)
        assert chat["status"] == "ready"
        assert joined(chat) == (await stored(service, run_id))["result"]["story_content"]


async def test_chat_that_is_cut_says_so_and_has_everything_once_it_resumes(world: World) -> None:
    world.proxy.cut([6000])
    cut = await talk(world.service, chat="one", base=world.url)
    assert cut["status"] == "error" and cut["sections"]
    chat = await talk(world.service, chat="one", base=world.url, resume=True)
    assert joined(chat) == (await stored(world.service, chat["metadata"]["runId"]))["result"]["story_content"]


async def test_planned_stop_of_the_service_cuts_so_that_no_chat_takes_it_for_the_end(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("hang", after=15)), structured=False, nth=2),))
    async with serve(settings_for(provider, tmp_path)) as service:
        url = f"{service.client.base_url}/api/v1/runs/{await service.client.start()}/stream?protocol=ai-sdk"
        is_read = asyncio.Event()
        reading = asyncio.create_task(read_until_cut(url, is_read))
        await is_read.wait()
    with pytest.raises(httpx.RemoteProtocolError):
        await reading


async def read_until_cut(
    url: str, is_read: asyncio.Event, text: str = "text-delta", body: dict[str, Any] | None = None
) -> None:
    async with (
        httpx.AsyncClient(timeout=30, trust_env=False, verify=NO_TLS) as http,
        http.stream("GET" if body is None else "POST", url, json=body) as reply,
    ):
        async for line in reply.aiter_lines():
            if text in line:
                is_read.set()


async def test_chunks_are_the_same_from_any_index_and_any_id(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        chat = await talk(service, chat="one")
        run_id = chat["metadata"]["runId"]
        whole = await chunks(service, f"/api/v1/stories/chat/{run_id}/stream?startIndex=0")
        for index in (1, 7, len(whole) - 1):
            rest = await chunks(service, f"/api/v1/stories/chat/{run_id}/stream?startIndex={index}")
            assert rest == whole[index:]
        path = f"/api/v1/runs/{run_id}/stream?protocol=ai-sdk"
        last_id = whole[6][0]
        assert await chunks(service, path, {"Last-Event-ID": last_id}) == whole[7:]
        ended = await service.client.http.get(path, headers={"Last-Event-ID": whole[-1][0]})
        assert ended.status_code == 204
        native = await service.client.http.get(
            f"/api/v1/runs/{run_id}/stream", headers={"Last-Event-ID": last_id}
        )
        assert native.status_code == 422 and "protocol=ai-sdk" in native.json()["detail"]


async def chunks(
    service: LiveService, path: str, headers: dict[str, str] | None = None
) -> list[tuple[str, Any]]:
    """(id, chunk) of a stream that ends with `[DONE]`."""
    reply = await service.client.http.get(path, headers=headers)
    assert reply.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert reply.headers["x-workflow-run-id"] == reply.headers["x-run-id"]
    *frames, done = [frame for frame in reply.text.split("\n\n") if frame and not frame.startswith(":")]
    assert done == "data: [DONE]"
    lines = [dict(line.split(": ", 1) for line in frame.split("\n") if ": " in line) for frame in frames]
    return [(line["id"], json.loads(line["data"])) for line in lines]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "assistant", "parts": []}]}, "messages"),
        (
            {"messages": [{"role": "user", "parts": [{"type": "data-input", "data": {"theme": 7}}]}]},
            "input.theme",
        ),
    ],
)
async def test_chat_without_what_it_needs_is_refused_by_name(
    provider: FakeProvider, tmp_path: Path, body: dict[str, Any], field: str
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        reply = await service.client.http.post("/api/v1/stories/chat", json=body)
        assert reply.status_code == 422
        assert any(field in error["field"] for error in reply.json()["errors"]), reply.json()


async def test_same_message_sent_again_attaches_and_one_to_be_answered_anew_starts_a_run(
    provider: FakeProvider, tmp_path: Path
) -> None:
    message = {"id": "m1", "role": "user", "parts": [{"type": "data-input", "data": dict(STORY)}]}
    body = {"id": "one", "messages": [message], "trigger": "submit-message"}
    async with serve(settings_for(provider, tmp_path)) as service:
        runs = [
            (await service.client.http.post("/api/v1/stories/chat", json={**body, **more})).headers[
                "x-run-id"
            ]
            for more in ({}, {}, {"trigger": "regenerate-message", "messageId": "a1"})
        ]
        assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize(
    ("first", "second", "are_same"),
    [
        (["a"], ["a"], True),
        (["a"], ["b"], False),
        (["a"], ["a", "a"], False),
    ],
)
def test_message_without_an_id_is_known_by_its_place_and_its_words(
    first: list[str], second: list[str], are_same: bool
) -> None:
    def key(texts: list[str]) -> str | None:
        messages = [{"role": "user", "parts": [{"type": "text", "text": text}]} for text in texts]
        return ChatBody.model_validate({"id": "one", "messages": messages}).key

    assert (key(first) == key(second)) is are_same


async def test_order_of_another_wire_is_refused(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        run_id = (
            await service.client.http.post("/api/v1/runs", json={"format": "story", "input": STORY})
        ).json()["run_id"]
        reply = await service.client.http.get(f"/api/v1/runs/{run_id}/stream?protocol=ai-sdk&order=reading")
        assert reply.status_code == 422 and reply.json()["errors"][0]["field"] == "protocol"
