"""Cuts and kills at random moments, with every client: no wire loses anything, and none repeats anything.

STORYWIRE_CUTS says how often; `make soak` raises it. In each trial every client reads a story of its own, connections
break after random numbers of bytes, and every other time the service is killed meanwhile.
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.killable import KillableService
from tests.acceptance.trials import COUNTS
from tests.clients.node import play, run_script
from tests.clients.proxy import Proxy, proxy
from tests.clients.test_ai_sdk_wire import joined
from tests.clients.test_durable_wire import text_of
from tests.clients.test_langgraph_wire import SDK, url_of
from tests.clients.test_python_live import check_ids, connect
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.service import CALLS, STORY

pytestmark = pytest.mark.timeout(0)

TRIALS = int(os.environ.get("STORYWIRE_CUTS", "1"))
LONGEST_CUT = 9000
Reading = Callable[[str, dict[str, Any], str], Awaitable[tuple[str, str]]]
"""(address, options, name of the trial) → (run id, text as its reader has it)."""


async def read_python(url: str, options: dict[str, Any], _: str) -> tuple[str, str]:
    async with connect(url) as client, client.start("story", STORY, complete="brief", **options) as story:
        messages = [message async for message in story]
        result = await story.result()
    check_ids(messages)
    return story.run_id, result["story_content"]


async def read_typescript(url: str, options: dict[str, Any], _: str) -> tuple[str, str]:
    told = await play("read", url, input=STORY, options={**options, "complete": "brief"})
    assert told["seqs"] == sorted(set(told["seqs"]))
    assert told["text"] == told["content"]
    return told["runId"], told["content"]


async def _script(name: str, needs: str, /, **given: Any) -> Any:
    return await asyncio.to_thread(run_script, name, given, needs)


async def read_ai_sdk(url: str, options: dict[str, Any], trial: str) -> tuple[str, str]:
    return await _chat(url, options, trial, "ai", "7")


async def read_ai_sdk_6(url: str, options: dict[str, Any], trial: str) -> tuple[str, str]:
    return await _chat(url, options, trial, "ai6", "6")


async def _chat(url: str, options: dict[str, Any], trial: str, package: str, version: str) -> tuple[str, str]:
    given: dict[str, Any] = {
        "url": f"{url}/api/v1/stories/chat",
        "body": {"input": {"reader": STORY["reader"]}, "options": options},
        "text": "owls",
        "chat": f"{package}-{trial}",
        "version": version,
        "again": True,
    }
    chat = await _script("ai_sdk_wire.mjs", package, **given, package=package)
    assert chat["status"] == "ready"
    return chat["metadata"]["runId"], joined(chat)


async def read_ag_ui(url: str, options: dict[str, Any], trial: str) -> tuple[str, str]:
    props = {"input": {"reader": STORY["reader"]}, "options": options}
    runs = [{"runId": trial, "forwardedProps": props}]
    given = {"url": f"{url}/api/v1/ag-ui/stories", "runs": runs, "again": True}
    *_, last = await _script("ag_ui_wire.mjs", "@ag-ui/client", **given)
    assert last["shown"] == joined(last)
    return last["metadata"]["storywire.runId"], last["shown"]


async def read_durable(url: str, options: dict[str, Any], trial: str) -> tuple[str, str]:
    run_id = await _start(url, options, trial)
    reads = [{"url": f"{url}/api/v1/runs/{run_id}/ds", "live": "sse", "again": True}]
    [told] = await _script("durable.mjs", "@durable-streams/client", reads=reads)
    assert told["isClosed"]
    return run_id, text_of(told["items"])


async def _start(url: str, options: dict[str, Any], key: str) -> str:
    body = {"format": "story", "input": STORY, "options": options}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        while True:
            try:
                reply = await http.post(f"{url}/api/v1/runs", json=body, headers={"Idempotency-Key": key})
                return str(reply.json()["run_id"])
            except (httpx.TransportError, KeyError):
                await asyncio.sleep(0.1)


async def read_langgraph(url: str, options: dict[str, Any], trial: str) -> tuple[str, str]:
    given = {"url": url_of(url), "thread": trial, "steps": ["submit", "whole"], "again": True}
    more = {"input": {"reader": STORY["reader"]}, "options": options}
    *_, last = await _script("langgraph_wire.mjs", SDK, **given, **more)
    assert last["shown"] == joined(last)
    return last["run"], last["shown"]


READERS: dict[str, Reading] = {
    "python": read_python,
    "typescript": read_typescript,
    "ai-sdk": read_ai_sdk,
    "ai-sdk-6": read_ai_sdk_6,
    "ag-ui": read_ag_ui,
    "durable": read_durable,
    "langgraph": read_langgraph,
}


def _cuts(luck: random.Random) -> list[int]:
    """Bytes after which connections break; some before the first byte."""
    return [luck.choice((0, luck.randrange(1, LONGEST_CUT))) for _ in range(luck.randrange(1, 16))]


async def _kill(service: KillableService, provider: FakeProvider, luck: random.Random) -> None:
    """Once in the middle of the writing."""
    calls = len(provider.generations) + luck.randrange(2, CALLS)
    while len(provider.generations) < calls:
        await provider.wait_for_calls(len(provider.calls) + 1, within=60)
    await service.kill()
    await service.start()


async def _try(
    service: KillableService, between: Proxy, provider: FakeProvider, name: str, number: int
) -> None:
    luck, before = random.Random(f"{name}-{number}"), len(provider.generations)
    between.cut(_cuts(luck))
    options = {"parallel": luck.choice((1, 1, 3))}
    is_killed = (number + list(READERS).index(name)) % 2 == 0
    killing = asyncio.create_task(_kill(service, provider, luck) if is_killed else asyncio.sleep(0))
    run_id, text = await READERS[name](between.url, options, f"{name}-{number}")
    await killing
    run = await service.client.run(run_id)
    assert text == run["result"]["story_content"], (number, name)
    if not is_killed:  # however often it was cut, the story is written once
        assert len(provider.generations) - before == CALLS, (number, name)
    COUNTS[f"trials of {name}"] += 1


async def test_every_client_reads_its_story_whole_whatever_breaks(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(default=Reply(pace=600))
    async with (
        KillableService(provider.openai_url, tmp_path, retry_ms=10) as service,
        proxy(service.port) as between,
    ):
        for number in range(TRIALS):
            for name in READERS:
                await _try(service, between, provider, name, number)
