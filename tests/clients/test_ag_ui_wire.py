"""The service's AG-UI events, read by AG-UI's own agent (`@ag-ui/client`)."""

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.log.entry import Entry
from backend.streaming.sse import data_frames
from backend.streaming.wires.ag_ui import STYLE, AgUiMapper, ClientRequest
from backend.streaming.wires.wire import UNNUMBERED, WireView
from tests.clients.conftest import World
from tests.clients.node import run_script
from tests.clients.planned_logs import PLAN, gather_logs
from tests.clients.test_ai_sdk_wire import joined, read_until_cut, stored
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.service import CALLS, STORY, LiveService, serve, settings_for
from tests.unit.logs import read_texts
from tests.unit.messages import (
    OUTLINE,
    USAGE,
    complete,
    content,
    error,
    number,
    progress,
    retract,
    workflow,
)
from workflows.messages.messages import InputRequested, Message

RUN = "01RUN"
CLIENT = ClientRequest("t1", "r1", ({"id": "u1", "role": "user", "content": "owls"},))


def view_of(client: ClientRequest = CLIENT) -> WireView:
    return WireView(AgUiMapper(RUN, client), STYLE)


def events_of(entries: Sequence[Entry], joined_at: int = 0, client: ClientRequest = CLIENT) -> list[Entry]:
    """What a reader is sent who comes when the log has so many entries. What something follows was superseded."""
    view, told = view_of(client), []
    for index, entry in enumerate(entries, 1):
        if not view.is_superseded_later(entry.type) or entry is entries[-1]:
            told += view.feed(entry)
        if index == joined_at:
            told = view.join() or told
    return told


def frames_of(events: Sequence[Entry]) -> str:
    return data_frames(RUN, events, 0).decode()


def read_agents(*readers: Sequence[str]) -> list[dict[str, Any]]:
    """What the agents have that are sent these streams, one after another; none has anything to warn of."""
    found = list(
        run_script("ag_ui_wire.mjs", {"readers": [list(bodies) for bodies in readers]}, "@ag-ui/client")
    )
    assert [agent["warnings"] for agent in found] == [[]] * len(readers)
    return found


def agent_of(*messages: Message) -> dict[str, Any]:
    [found] = read_agents([frames_of(events_of(number(workflow("started"), *messages)))])
    return found


def test_agent_has_the_text_of_any_log_in_section_order_after_cuts_and_late_joins() -> None:
    logs = gather_logs()
    readers, luck = [], random.Random(16)
    for log in logs:
        whole = frames_of(events_of(log))
        joins = sorted(luck.choices(range(1, len(log) + 1), k=2))
        # Cut anywhere, in the middle of a frame too, and come back later; or come late and never break.
        late = [frames_of(events_of(log, join)) for join in joins if log[join - 1].type not in STYLE.endings]
        cuts = [body[: luck.randrange(len(body) + 1)] for body in (whole, *late)]
        readers += [[whole], [*cuts, late[-1] if late else whole]]
    agents = read_agents(*readers)
    for index, log in enumerate(logs):
        for agent in agents[2 * index : 2 * index + 2]:
            texts = {str(section): text for section, text in read_texts(log).items()}
            assert agent["sections"] == texts
            assert agent["order"] == sorted(set(agent["order"]))
            assert agent["others"].count("u1") == 1
            if log[-1].type == "complete":
                assert agent["outcome"] == "success" and "broke" not in agent


def test_ids_count_the_events_of_the_log_whoever_reads_and_whenever_they_come() -> None:
    for log in gather_logs():
        whole = events_of(log)
        counted = [event.seq for event in whole if event.seq != UNNUMBERED]
        assert counted == list(range(1, len(counted) + 1))
        for join in range(1, len(log) + 1):
            tail = [event for event in events_of(log, join, ClientRequest()) if event.seq != UNNUMBERED]
            assert [event.seq for event in tail] == counted[len(counted) - len(tail) :]
            assert [event.type for event in tail] == [
                event.type for event in whole if event.seq in {e.seq for e in tail}
            ]


def test_finished_section_withdrawn_after_later_ones_disappears_and_comes_again_in_its_place() -> None:
    before = (PLAN, content(0, "No.", ends=True), content(1, "Two"), retract(0))
    gone = agent_of(*before)
    assert (gone["sections"], gone["shown"]) == ({"1": "Two"}, "Two")
    again = agent_of(*before, content(0, "One.", ends=True), content(1, ".", ends=True), complete())
    assert (again["order"], again["shown"]) == ([0, 1], "One.\n\nTwo.")
    assert again["others"] == ["u1", f"{RUN}:outline"]


def test_sections_written_side_by_side_are_shown_in_their_order() -> None:
    agent = agent_of(
        PLAN,
        content(2, "C"),
        content(0, "A", ends=True),
        content(2, "c", ends=True),
        content(1, "B", ends=True),
    )
    assert agent["shown"] == "A\n\nB\n\nCc"


def test_state_has_the_plan_and_the_progress_whichever_comes_first() -> None:
    for order in ((progress(3), OUTLINE), (OUTLINE, progress(3))):
        agent = agent_of(*order, progress(7))
        assert agent["state"]["outline"]["title"] == "The Lamp"
        assert agent["state"]["progress"]["percent"] == 7


def test_complete_tells_everything_but_the_text_again() -> None:
    agent = agent_of(OUTLINE, content(0, "Once.", ends=True), USAGE, complete())
    assert agent["result"]["sha256"] == "0" * 64 and "story_content" not in agent["result"]
    assert agent["custom"]["storywire.usage"]["input_tokens"] == 120
    assert (agent["runId"], agent["metadata"]["storywire.runId"]) == ("r1", RUN)


@pytest.mark.parametrize(
    ("last", "outcome", "said"), [(error(), None, "It broke off."), (error("CANCELLED"), "cancelled", None)]
)
def test_run_that_ends_badly_says_so_and_keeps_its_text(
    last: Message, outcome: str | None, said: str | None
) -> None:
    agent = agent_of(OUTLINE, content(0, "Once"), last)
    assert (agent["outcome"], agent["error"], agent["sections"]) == (outcome, said, {"0": "Once"})


def test_question_ends_the_run_with_an_interrupt_and_no_later_reader_sees_it() -> None:
    asked: tuple[Message, ...] = (OUTLINE, InputRequested(kind="outline", payload=OUTLINE))
    agent = agent_of(*asked)
    assert agent["outcome"] == "interrupt"
    assert [item["id"] for item in agent["interrupts"]] == [f"{RUN}:outline"]
    answered = events_of(number(workflow("started"), *asked, OUTLINE, content(0, "Once")))
    assert all(event.type != "RUN_FINISHED" for event in answered)


def test_piece_is_an_event_of_its_own_once_it_is_whole() -> None:
    agent = agent_of(OUTLINE, content(0, "A", piece="M1"), content(0, "B", ends=True, piece="M1"))
    assert agent["custom"]["storywire.piece"] == {"name": "M1", "text": "AB"} and agent["sections"] == {}


# --- the live service ---------------------------------------------------------------------------------------------


async def talk(
    service: LiveService, *runs: dict[str, Any], base: str = "", **given: Any
) -> list[dict[str, Any]]:
    """What an agent's runs come to, one after another."""
    url = f"{base or service.client.base_url}/api/v1/ag-ui/stories"
    props = {"input": {"reader": STORY["reader"]}}
    asked = {"url": url, "runs": [{"forwardedProps": props, **run} for run in runs], **given}
    return list(await asyncio.to_thread(run_script, "ag_ui_wire.mjs", asked, "@ag-ui/client"))


async def test_agent_that_is_cut_again_and_again_has_the_stored_text_and_buys_it_once(world: World) -> None:
    world.proxy.cut([2000, 0, 6000, 9000])
    *broken, last = await talk(world.service, {"runId": "r1"}, base=world.url, again=True)
    assert len(broken) == 4 and last["warnings"] == []
    run = await stored(world.service, last["metadata"]["storywire.runId"])
    assert joined(last) == last["shown"] == run["result"]["story_content"]
    assert run["input"]["theme"] == "owls" and last["result"]["sha256"] == run["result"]["sha256"]
    assert len(world.provider.generations) == CALLS
    [late] = await talk(world.service, {"runId": "r1"})
    assert late["shown"] == last["shown"]


async def test_failed_run_that_is_resumed_ends_with_the_stored_text(
    provider: FakeProvider, tmp_path: Path
) -> None:
    broken = Rule(Reply(fault=Fault("drop", after=15, times=1)), structured=False, nth=2)
    provider.script = Script(rules=(broken,))
    async with serve(settings_for(provider, tmp_path)) as service:
        [failed] = await talk(service, {"runId": "r1"})
        assert failed["error"] and failed["sections"]
        [listed] = (await service.client.http.get("/api/v1/runs")).json()["runs"]
        await service.client.http.post(f"/api/v1/runs/{listed['run_id']}/resume")
        [whole] = await talk(service, {"runId": "r1"})
        assert whole["outcome"] == "success"
        assert whole["shown"] == (await stored(service, listed["run_id"]))["result"]["story_content"]


async def test_interrupt_is_answered_by_another_run_of_the_agent(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        options = {"review_outline": True}
        props = {"input": {"reader": STORY["reader"]}, "options": options}
        [asked] = await talk(service, {"runId": "r1", "forwardedProps": props})
        [interrupt] = asked["interrupts"]
        plan = interrupt["metadata"]["storywire.payload"]
        answer = {"interruptId": interrupt["id"], "status": "resolved", "payload": {**plan, "title": "Mine"}}
        [told] = await talk(service, {"runId": "r2", "resume": [answer]})
        assert (told["outcome"], told["result"]["title"], told["runId"]) == ("success", "Mine", "r2")
        run = await stored(service, interrupt["id"].partition(":")[0])
        assert told["shown"] == run["result"]["story_content"]


async def test_planned_stop_of_the_service_cuts_so_that_no_agent_takes_it_for_the_end(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("hang", after=15)), structured=False, nth=2),))
    async with serve(settings_for(provider, tmp_path)) as service:
        url = f"{service.client.base_url}/api/v1/runs/{await service.client.start()}/stream?protocol=ag-ui"
        is_read = asyncio.Event()
        reading = asyncio.create_task(read_until_cut(url, is_read, "TEXT_MESSAGE_CONTENT"))
        await is_read.wait()
    with pytest.raises(httpx.RemoteProtocolError):
        await reading


async def test_events_after_an_id_are_exactly_those_that_followed_it(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        http = service.client.http
        body = {
            "threadId": "t1",
            "runId": "r1",
            "messages": [{"id": "u1", "role": "user", "content": [{"type": "text", "text": "owls"}]}],
            "forwardedProps": {"input": {"reader": STORY["reader"]}},
        }
        whole = events(await http.post("/api/v1/ag-ui/stories", json=body))
        assert whole[0][1]["type"] == "RUN_STARTED" and whole[-1][1]["type"] == "RUN_FINISHED"
        last_id = whole[6][0]
        again = await http.post("/api/v1/ag-ui/stories", json=body, headers={"Last-Event-ID": last_id})
        assert events(again) == whole[7:]
        for params in ({"offset": last_id}, {"last_event_id": last_id}):
            rest = events(await http.get("/api/v1/ag-ui/stories", params=params))
            assert [id for id, _ in rest] == [id for id, _ in whole[7:]]
        named: list[tuple[dict[str, str], dict[str, str]]] = [
            ({"offset": "-1", "runId": "r1"}, {}),
            ({}, {"X-Run-Id": "r1"}),
        ]
        for params, headers in named:
            joining = events(await http.get("/api/v1/ag-ui/stories", params=params, headers=headers))
            assert [event["type"] for _, event in joining[:2]] == ["RUN_STARTED", "STATE_SNAPSHOT"]
            assert joining[0][0] == "" and joining[-1][0] == whole[-1][0]
        ended = await http.get("/api/v1/ag-ui/stories", params={"offset": whole[-1][0]})
        assert ended.status_code == 204


def events(reply: httpx.Response) -> list[tuple[str, Any]]:
    """(id, event) of a stream."""
    assert reply.status_code == 200, reply.text
    frames = [frame for frame in reply.text.split("\n\n") if frame and not frame.startswith(":")]
    lines = [dict(line.split(": ", 1) for line in frame.split("\n") if ": " in line) for frame in frames]
    return [(line.get("id", ""), json.loads(line["data"])) for line in lines]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"threadId": "t", "messages": []}, "runId"),
        ({"threadId": "t", "runId": "r", "forwardedProps": {"input": {"theme": 7}}}, "input.theme"),
        ({"threadId": "t", "runId": "r", "forwardedProps": {"options": {"parallel": "x"}}}, "forwardedProps"),
        ({"threadId": "t", "runId": "r", "resume": [{"interruptId": "x", "status": "?"}]}, "resume"),
    ],
)
async def test_agent_without_what_it_needs_is_refused_by_name(
    provider: FakeProvider, tmp_path: Path, body: dict[str, Any], field: str
) -> None:
    async with serve(settings_for(provider, tmp_path)) as service:
        reply = await service.client.http.post("/api/v1/ag-ui/stories", json=body)
        assert reply.status_code == 422
        assert any(field in each["field"] for each in reply.json()["errors"]), reply.json()
        joining = await service.client.http.get("/api/v1/ag-ui/stories")
        assert joining.status_code == 422 and joining.json()["errors"][0]["field"] == "runId"
