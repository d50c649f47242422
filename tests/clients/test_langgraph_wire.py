"""The service as LangGraph's Agent Streaming Protocol, read by LangGraph's own clients."""

import asyncio
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client

from backend.log.entry import Entry
from backend.runs.readers.durable import DurableReader
from backend.streaming.wires.langgraph import STYLE, LangGraphMapper, ThreadTurn
from backend.streaming.wires.langgraph_events import ThreadView, frame
from tests.clients.conftest import World
from tests.clients.node import run_script
from tests.clients.planned_logs import PLAN, gather_logs
from tests.clients.test_ai_sdk_wire import joined, read_until_cut, stored
from tests.clients.test_durable_wire import written
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.people import add_person, anonymous, make_key, serve_accounts
from tests.service import CALLS, STORY, LiveService, serve, settings_for
from tests.unit.logs import read_texts
from tests.unit.messages import (
    OUTLINE,
    complete,
    content,
    error,
    number,
    retract,
    workflow,
)
from workflows.messages.messages import InputRequested, Message

RUN = "01RUN"
SDK = "@langchain/langgraph-sdk"
TURN = ThreadTurn(RUN, datetime(2026, 1, 1, tzinfo=UTC), {"type": "human", "id": "u1", "content": "owls"})


async def events_of(entries: Sequence[Entry]) -> tuple[list[Entry], LangGraphMapper]:
    """What a reader is sent who comes when the log is so long, and the state then."""
    mapper = LangGraphMapper(TURN)
    reader = DurableReader(await written(list(entries)), "run", 0, view=ThreadView(mapper, STYLE))
    return await reader.read(), mapper


def frames_of(events: Sequence[Entry]) -> str:
    return b"".join(frame(event.seq, event.type, event.data) for event in events).decode()


async def reader_of(
    entries: Sequence[Entry], cuts: Sequence[tuple[int, float]] = (), joined_at: int = 0
) -> dict[str, Any]:
    """A client that comes when the log has `joined_at` entries, and whose stream is cut when it has so many, after a
    part of the frames."""
    streams = []
    for length, part in cuts:
        body = frames_of((await events_of(entries[:length]))[0])
        streams.append(body[: int(len(body) * part)])
    events, _ = await events_of(entries)
    state = (await events_of(entries[:joined_at]))[1].state("t1") if joined_at else None
    last = decode_id(events[-1]) if events else None
    return {"state": state, "streams": [*streams, frames_of(events)], "last": last}


def decode_id(event: Entry) -> str:
    return str(event.data.split(b'"event_id":"', 1)[1].split(b'"', 1)[0].decode())


async def read_pages(*readers: dict[str, Any]) -> list[dict[str, Any]]:
    return list(await asyncio.to_thread(run_script, "langgraph_wire.mjs", {"readers": readers}, SDK))


async def page_of(*messages: Message) -> dict[str, Any]:
    [found] = await read_pages(await reader_of(number(workflow("started"), *messages)))
    return found


async def test_page_has_the_text_of_any_log_in_section_order_after_cuts_and_late_loads() -> None:
    logs, readers, luck = gather_logs(), [], random.Random(16)
    for log in logs:
        cuts = [(luck.randrange(1, len(log) + 1), luck.random()) for _ in range(2)]
        readers += [
            await reader_of(log),
            await reader_of(log, sorted(cuts)),
            await reader_of(log, joined_at=luck.randrange(1, len(log) + 1)),
        ]
    pages = await read_pages(*readers)
    for index, log in enumerate(logs):
        texts = {str(section): text for section, text in read_texts(log).items()}
        for kind, (reader, page) in enumerate(
            zip(readers[3 * index : 3 * index + 3], pages[3 * index : 3 * index + 3], strict=True)
        ):
            if reader["state"] is not None and reader["state"]["next"] == []:
                continue  # the run was over then, so the page doesn't wait for more
            assert page["sections"] == texts, (index, kind)
            assert page["order"] == sorted(set(page["order"])), (index, kind)
            assert page["asked"] == ["u1"]
            assert page["isLoading"] is (log[-1].type not in ("complete", "error"))


async def test_ids_are_the_same_whenever_a_reader_comes_and_never_the_same_twice() -> None:
    for log in gather_logs():
        whole = [decode_id(event) for event in (await events_of(log))[0]]
        assert len(whole) == len(set(whole))
        for length in range(1, len(log)):
            early = [decode_id(event) for event in (await events_of(log[:length]))[0]]
            if log[length - 1].type != "error":
                assert early == whole[: len(early)]


async def test_finished_section_withdrawn_after_later_ones_disappears_and_comes_again_in_its_place() -> None:
    before = (PLAN, content(0, "No.", ends=True), content(1, "Two"), retract(0))
    after = (*before, content(0, "One.", ends=True), content(1, ".", ends=True), complete("One.\n\nTwo."))
    entries = number(workflow("started"), *after)
    pages = await read_pages(
        await reader_of(number(workflow("started"), *before)),
        await reader_of(entries),
        await reader_of(entries, joined_at=3),  # it was finished when the page was loaded
        await reader_of(entries, joined_at=5),  # it was withdrawn then
    )
    assert (pages[0]["sections"], pages[0]["shown"]) == ({"1": "Two"}, "Two")
    for page in pages[1:]:
        assert (page["order"], page["shown"]) == ([0, 1], "One.\n\nTwo.")


async def test_failed_run_says_so_and_keeps_its_text_and_goes_on_when_it_is_resumed() -> None:
    failed = (OUTLINE, content(0, "Once"), error())
    whole = (*failed, workflow("resumed", 2), content(0, ".", ends=True), complete())
    entries = number(workflow("started"), *whole)
    first, seen, late = await read_pages(
        await reader_of(entries[:4]),
        await reader_of(entries, [(4, 1.0)]),
        await reader_of(entries, joined_at=5),
    )
    assert (first["error"], first["sections"], first["isLoading"]) == ("It broke off.", {"0": "Once"}, False)
    assert seen["sections"] == late["sections"] == {"0": "Once."}


async def test_question_is_an_interrupt_and_no_later_reader_sees_it() -> None:
    asked = (OUTLINE, InputRequested(kind="outline", payload=OUTLINE))
    page = await page_of(*asked)
    assert [each["id"] for each in page["interrupts"]] == [f"{RUN}:outline"]
    answered, _ = await events_of(number(workflow("started"), *asked, OUTLINE, content(0, "Once")))
    assert all(event.type != "input" for event in answered)


# --- the live service ---------------------------------------------------------------------------------------------


def url_of(base: str) -> str:
    return f"{base}/api/v1/langgraph"


async def play(base: str, *steps: str, **given_more: Any) -> list[dict[str, Any]]:
    """What a page has after each of the steps."""
    given_steps = {"url": url_of(base), "steps": steps, "input": {"reader": STORY["reader"]}, **given_more}
    return list(await asyncio.to_thread(run_script, "langgraph_wire.mjs", given_steps, SDK))


async def content_of(service: LiveService, index: int = 0) -> str:
    """The stored text of a run, counted from the newest."""
    listed = (await service.client.http.get("/api/v1/runs")).json()["runs"]
    return str((await stored(service, listed[index]["run_id"]))["result"]["story_content"])


async def test_page_writes_over_cuts_and_reloads_and_asks_again_in_its_thread(world: World) -> None:
    world.proxy.cut([4000, 9000])
    whole, loaded, again = await play(world.url, "submit", "whole", "load", "submit", "whole")
    assert loaded["error"] is None and not loaded["isLoading"]
    first, second = await content_of(world.service, 1), await content_of(world.service)
    assert joined(whole) == whole["shown"] == loaded["shown"] == first
    assert again["shown"] == f"{first}\n\n{second}" and again["asked"] == ["u1", "u3"]
    assert {"lifecycle", "checkpoints", "values", "messages"} <= set(again["events"])
    assert len(world.provider.generations) in (CALLS, 2 * CALLS)


async def test_failed_run_that_is_resumed_ends_with_the_stored_text(
    provider: FakeProvider, tmp_path: Path
) -> None:
    broken = Rule(Reply(fault=Fault("drop", after=15, times=1)), structured=False, nth=2)
    provider.script = Script(rules=(broken,))
    async with serve(settings_for(provider, tmp_path)) as service:
        [failed] = await play(service.client.base_url, "submit", thread="t1", options={"parallel": 3})
        assert failed["error"] and failed["sections"]
        [listed] = (await service.client.http.get("/api/v1/runs")).json()["runs"]
        await service.client.http.post(f"/api/v1/runs/{listed['run_id']}/resume")
        loaded = (await play(service.client.base_url, "load", "settle", thread="t1"))[-1]
        assert loaded["shown"] == await content_of(service)


async def test_question_is_answered_and_a_run_is_stopped_from_the_page(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        base = service.client.base_url
        steps = ("submit", "approve", "settle")
        asked, _, told = await play(base, *steps, options={"review_outline": True})
        assert [each["id"].rpartition(":")[2] for each in asked["interrupts"]] == ["outline"]
        assert told["shown"] == await content_of(service) and told["interrupts"] == []
        provider.script = Script(default=Reply(pace=50))
        _, stopped = await play(base, "begin", "stop")
        listed = (await service.client.http.get("/api/v1/runs")).json()["runs"][0]
        assert listed["status"] == "cancelled" and not stopped["isLoading"]


async def test_planned_stop_of_the_service_cuts_so_that_clients_come_again(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("hang", after=15)), structured=False, nth=2),))
    async with serve(settings_for(provider, tmp_path)) as service:
        http, threads = service.client.http, f"{url_of(service.client.base_url)}/threads/t1"
        started = await http.post(f"{threads}/commands", json=start_command())
        assert started.json()["type"] == "success"
        is_read = asyncio.Event()
        body = {"channels": ["messages"]}
        reading = asyncio.create_task(
            read_until_cut(f"{threads}/stream/events", is_read, "text-delta", body=body)
        )
        await is_read.wait()
    with pytest.raises(httpx.RemoteProtocolError):
        await reading


def start_command(id: int = 1, **params: Any) -> dict[str, Any]:
    given_input = {**STORY, "messages": [{"type": "human", "id": "u1", "content": "owls"}]}
    return {
        "id": id,
        "method": "run.start",
        "params": {"assistant_id": "story", "input": given_input, **params},
    }


async def _text_of(message: Any) -> str:
    return str(await message.text)


async def test_python_client_reads_messages_state_and_output_over_a_cut(world: World) -> None:
    world.proxy.cut([20_000, 5000])
    async with (
        get_client(url=url_of(world.url), api_key=None) as client,
        client.threads.stream(assistant_id="story") as thread,
    ):
        texts: dict[str, str] = {}

        async def read() -> None:
            found = [  # each in a task: their texts come while the next message is waited for
                (message, asyncio.create_task(_text_of(message))) async for message in thread.messages
            ]
            texts.update({str(message.message_id): await text for message, text in found})

        reading = asyncio.create_task(read())
        await thread.run.start(input={"messages": [{"role": "user", "content": "owls"}], **STORY})
        values = await thread.output
        await reading
    text = await content_of(world.service)
    assert "\n\n".join(each["content"] for each in values["messages"] if each["type"] == "ai") == text
    assert "\n\n".join(texts.values()) == text
    assert values["outline"]["title"]


async def test_commands_are_refused_in_the_protocols_own_words(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("hang", after=15)), structured=False, nth=2),))
    async with serve(settings_for(provider, tmp_path)) as service:
        http, threads = service.client.http, "/api/v1/langgraph/threads"

        async def send(command: dict[str, Any], thread: str = "t1") -> dict[str, Any]:
            headers = {"Content-Type": "application/json"}
            reply = await http.post(
                f"{threads}/{thread}/commands", content=json.dumps(command), headers=headers
            )
            assert reply.status_code == 200, reply.text
            return dict(reply.json())

        assert (await http.get(f"{threads}/t1/state")).status_code == 404
        assert (await http.post(f"{threads}/t1/history", json={})).json() == []
        first = await send(start_command())
        again = await send(start_command(2))
        assert again["result"] == first["result"] and again["id"] == 2
        run_id = first["result"]["run_id"]
        refused = {
            "invalid_argument": start_command(input={"theme": 7}),
            "unknown_command": {"id": 3, "method": "state.fork"},
            "no_such_interrupt": {
                "id": 3,
                "method": "input.respond",
                "params": {"interrupt_id": "01:outline", "response": True},
            },
        }
        for word, command in refused.items():
            told = await send(command, thread="t1" if word != "invalid_argument" else "t2")
            assert (told["type"], told["error"], told["id"]) == ("error", word, command["id"]), told
        for odd in (10**30, "\ud800", float(2**70), "a\0b"):
            hostile = start_command(input={"theme": odd, "messages": [{"type": "human", "id": odd}]})
            told = await send(hostile, thread="t3")
            assert (told["type"], told["error"]) == ("error", "invalid_argument"), told
        busy = await send(start_command(input={"theme": "foxes", "reader": STORY["reader"]}))
        assert busy["error"] == "invalid_argument" and "under way" in busy["message"]
        assert (await http.post(f"{threads}/t2/runs/{run_id}/cancel")).status_code == 404
        state = (await http.get(f"{threads}/t1/state")).json()
        assert state["next"] == ["generate_content"] and state["values"]["messages"][0]["id"] == "u1"
        bad = await http.post(f"{threads}/t1/stream/events", json={"channels": ["messsages"]})
        assert bad.status_code == 422 and bad.json()["errors"][0]["field"] == "channels"
        bad = await http.post(f"{threads}/t1/stream/events", json={"channels": [], "since": 10**14})
        assert bad.status_code == 422 and bad.json()["errors"][0]["field"] == "since"
        assert (await http.post(f"{threads}/t1/runs/{run_id}/cancel")).status_code == 204
        other = await send(start_command(input={"theme": "foxes", "reader": STORY["reader"]}))
        assert other["type"] == "success" and other["result"]["run_id"] != run_id


async def test_thread_of_another_account_is_another_thread(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve_accounts(provider, tmp_path) as service:
        noa, ben = await add_person(service, "noa"), await add_person(service, "ben")
        thread = "/api/v1/langgraph/threads/t1"
        started = (await noa.http.post(f"{thread}/commands", json=start_command())).json()
        run_id = started["result"]["run_id"]
        assert (await noa.http.get(f"{thread}/state")).json()["metadata"]["run_id"] == run_id
        assert (await ben.http.get(f"{thread}/state")).status_code == 404
        assert (await ben.http.post(f"{thread}/history", json={})).json() == []
        assert (await ben.http.post(f"{thread}/runs/{run_id}/cancel")).status_code == 404
        own = (await ben.http.post(f"{thread}/commands", json=start_command())).json()
        assert own["result"]["run_id"] != run_id


async def test_key_that_may_only_read_reads_a_thread_and_starts_nothing(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve_accounts(provider, tmp_path) as service:
        noa = await add_person(service, "noa")
        http = anonymous(service, Authorization=f"Bearer {await make_key(noa, 'runs:read')}")
        thread = "/api/v1/langgraph/threads/t1"
        assert (await http.post(f"{thread}/commands", json=start_command())).status_code == 403
        assert (await http.post(f"{thread}/history", json={})).json() == []
        async with http.stream("POST", f"{thread}/stream/events", json={"channels": []}) as reply:
            assert reply.status_code == 200
