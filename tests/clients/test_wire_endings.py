"""How each wire ends when the reader's credential does, and what hostile text does to it."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from backend.streaming.wires import ag_ui, ai_sdk
from backend.streaming.wires.langgraph_events import error_frame
from backend.streaming.wires.wire import CREDENTIAL_ENDED
from tests.clients import test_ag_ui_wire as agents
from tests.clients import test_ai_sdk_wire as chats
from tests.clients import test_langgraph_wire as pages
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.people import add_person, anonymous, make_key, serve_accounts
from tests.unit.messages import OUTLINE, complete, content, number, workflow

HOSTILE = (
    "a\r\n\r\ndata: [DONE]\n\nevent: error\nid: 9:9\n: \u2028b\u2029c\u0085d\x0b </script><img src=x onerror=1> "
    '{"__proto__": {"x": 1}} \\u0000 \u202e\u200f\ufeff\ufffe \U0001f469\u200d\U0001f680 ${1} {{2}} %s'
)
PLAN = OUTLINE.model_copy(update={"title": HOSTILE})
STORY = number(workflow("started"), PLAN, content(0, HOSTILE), content(0, HOSTILE, ends=True), complete())
BROKEN = number(workflow("started"), OUTLINE, content(0, "Once"))


def test_hostile_text_and_titles_arrive_in_a_chat_as_they_are() -> None:
    [chat] = chats.read_chats(STORY)
    assert chat["sections"] == {"0": HOSTILE * 2} and chat["data"]["outline"]["title"] == HOSTILE
    assert chat["status"] == "ready"


def test_hostile_text_and_titles_arrive_at_an_agent_as_they_are() -> None:
    [agent] = agents.read_agents([agents.frames_of(agents.events_of(STORY))])
    assert agent["sections"] == {"0": HOSTILE * 2} and agent["state"]["outline"]["title"] == HOSTILE
    assert agent["outcome"] == "success"


async def test_hostile_text_and_titles_arrive_in_a_thread_as_they_are() -> None:
    [page] = await pages.read_pages(await pages.reader_of(STORY))
    assert page["sections"] == {"0": HOSTILE * 2} and page["outline"]["title"] == HOSTILE


def test_chat_whose_log_in_ends_shows_why_and_keeps_its_text() -> None:
    body = chats.frames_of(BROKEN) + ai_sdk.STYLE.refusal.decode()
    for package in ("ai", "ai5", "ai6"):
        [chat] = chats.read({"streams": [body], "package": package}, package)
        assert (chat["status"], chat["error"]) == ("error", CREDENTIAL_ENDED)
        assert chat["sections"] == {"0": "Once"}


def test_agent_whose_log_in_ends_says_why_and_keeps_its_text() -> None:
    body = agents.frames_of(agents.events_of(BROKEN)) + ag_ui.STYLE.refusal.decode()
    [agent] = agents.read_agents([body])
    assert (agent["error"], agent["sections"]) == (CREDENTIAL_ENDED, {"0": "Once"})


async def test_thread_whose_log_in_ends_says_why_and_keeps_its_text() -> None:
    reader = await pages.reader_of(BROKEN)
    reader["streams"][-1] += error_frame("permission_denied", CREDENTIAL_ENDED).decode()
    [page] = await pages.read_pages(reader)
    assert CREDENTIAL_ENDED in page["error"] and page["sections"] == {"0": "Once"}


async def test_every_wire_ends_in_its_own_words_soon_after_the_key_was_revoked(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("hang", after=15)), structured=False, nth=2),))
    async with serve_accounts(provider, tmp_path) as service:
        person = await add_person(service, "noa")
        http = anonymous(service, Authorization=f"Bearer {await make_key(person, 'runs:read', 'runs:write')}")
        threads = "/api/v1/langgraph/threads/t1"
        command = pages.start_command()
        run_id = (await http.post(f"{threads}/commands", json=command)).json()["result"]["run_id"]
        asked: dict[str, tuple[str, dict[str, Any] | None]] = {
            "native": (f"/api/v1/runs/{run_id}/stream", None),
            "ai-sdk": (f"/api/v1/runs/{run_id}/stream?protocol=ai-sdk", None),
            "ai-sdk-6": (f"/api/v1/runs/{run_id}/stream?protocol=ai-sdk&v=6", None),
            "ag-ui": (f"/api/v1/runs/{run_id}/stream?protocol=ag-ui", None),
            "durable": (f"/api/v1/runs/{run_id}/ds?offset=-1&live=sse", None),
            "langgraph": (f"{threads}/stream/events", {"channels": ["messages", "lifecycle"]}),
        }
        readings = {name: _Reading() for name in asked}
        tasks = [
            asyncio.create_task(readings[name].read(http, path, body)) for name, (path, body) in asked.items()
        ]
        for reading in readings.values():
            await asyncio.wait_for(reading.has_begun.wait(), 20)
        [listed] = (await person.http.get("/api/v1/account/keys")).json()["keys"]
        await person.http.delete(f"/api/v1/account/keys/{listed['id']}")
        await asyncio.wait_for(asyncio.gather(*tasks), 25)  # no break: httpx raises for one
        ends = {name: reading.text for name, reading in readings.items()}
        for name in ("ai-sdk", "ai-sdk-6"):
            assert ends[name].endswith(ai_sdk.STYLE.refusal.decode())
        assert ends["ag-ui"].endswith(ag_ui.STYLE.refusal.decode())
        assert ends["langgraph"].endswith(error_frame("permission_denied", CREDENTIAL_ENDED).decode())
        assert CREDENTIAL_ENDED not in ends["native"] + ends["durable"]
        assert (await http.get(f"/api/v1/runs/{run_id}/stream")).status_code == 401
        await person.http.post(f"/api/v1/runs/{run_id}/cancel")


class _Reading:
    """A stream as it comes."""

    def __init__(self) -> None:
        self.text = ""
        self.has_begun = asyncio.Event()

    async def read(self, http: httpx.AsyncClient, path: str, body: dict[str, Any] | None) -> None:
        async with http.stream("GET" if body is None else "POST", path, json=body) as reply:
            assert reply.status_code == 200
            async for part in reply.aiter_text():
                self.text += part
                if "\ndata:" in self.text:
                    self.has_begun.set()
