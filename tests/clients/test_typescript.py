"""The TypeScript client in Node: its own tests, and the live service with cuts, stalls, kills and late readers."""

import asyncio
import gzip
import subprocess
from pathlib import Path
from typing import Any

from tests.acceptance.killable import KillableService
from tests.clients.conftest import World
from tests.clients.node import CLIENT, begin, play, run_suite
from tests.clients.proxy import STALL, proxy
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.missing import give_up
from tests.service import CALLS, STORY

MOST_BYTES = 6_000


def check(told: dict[str, Any]) -> None:
    """Nothing is lost, and nothing repeated."""
    assert told["seqs"] == sorted(set(told["seqs"]))
    assert told["text"] == told["content"]
    assert told["types"][-1] == "complete"


def test_rules_in_node_pass_their_suite() -> None:
    run_suite("rules.test.mjs")


def test_react_hook_passes_its_suite() -> None:
    run_suite("react.test.mjs")


def test_transport_of_the_ai_sdk_passes_its_suite() -> None:
    run_suite("ai.test.mjs")


def test_core_is_small() -> None:
    esbuild = CLIENT / "node_modules" / ".bin" / "esbuild"
    if not esbuild.exists():
        give_up("no packages of npm: `make npm`")
    command = [str(esbuild), "src/index.ts", "--bundle", "--minify", "--format=esm"]
    bundle = subprocess.run(command, cwd=CLIENT, capture_output=True, check=True).stdout
    assert len(gzip.compress(bundle, 9)) <= MOST_BYTES
    assert b"react" not in bundle


def test_examples_of_use_are_of_the_declared_types() -> None:
    compiler = CLIENT / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        give_up("no packages of npm: `make npm`")
    result = subprocess.run(
        [compiler, "-p", "tsconfig.check.json"], cwd=CLIENT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout


async def test_cuts_anywhere_in_a_stream_lose_and_repeat_nothing(world: World) -> None:
    world.proxy.cut(range(900, 3700, 97))
    told = await play("read", world.url, input=STORY)
    check(told)
    assert told["printed"] == told["content"]
    first, *later = world.proxy.streams
    assert (first.method, {request.method for request in later}) == ("POST", {"GET"})
    assert all(request.headers["last-event-id"].startswith(told["runId"]) for request in later)
    assert len(world.provider.generations) == CALLS


async def test_cut_before_the_first_byte_starts_one_run(world: World) -> None:
    world.proxy.cut([0, 0])
    check(await play("read", world.url, input=STORY))
    keys = [request.headers["idempotency-key"] for request in world.proxy.streams]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert len(world.provider.generations) == CALLS


async def test_proxy_that_passes_on_few_bytes_at_a_time_changes_nothing(world: World) -> None:
    world.proxy.piece = 7
    told = await play("read", world.url, input=STORY)
    check(told)
    assert told["printed"] == told["content"]


async def test_stalled_connection_is_given_up_after_the_idle_time(world: World) -> None:
    world.proxy.cut([STALL, 1500, STALL])
    told = await play("read", world.url, input=STORY, idleMs=1500)
    check(told)
    assert len(world.proxy.streams) >= 4
    keys = [request.headers["idempotency-key"] for request in world.proxy.streams if request.method == "POST"]
    assert len(keys) == 2 and len(set(keys)) == 1
    assert len(world.provider.generations) == CALLS


async def test_text_of_parallel_sections_is_printed_in_reading_order(world: World) -> None:
    world.proxy.cut([2000, 3000])
    told = await play("read", world.url, input=STORY, options={"parallel": 4})
    check(told)
    assert told["printed"] == told["content"]


async def test_token_is_fetched_anew_for_each_attempt(world: World) -> None:
    world.proxy.cut([900, 900])
    check(await play("read", world.url, input=STORY, token="token"))
    sent = [request.headers["authorization"] for request in world.proxy.streams]
    assert sent == ["Bearer token-0", "Bearer token-1", "Bearer token-2"]


async def test_late_reader_and_one_with_a_cursor_get_the_same_end(world: World) -> None:
    told = await play("read", world.url, input=STORY)
    late = await play("follow", world.url, runId=told["runId"])
    check(late)
    assert late["content"] == told["content"]
    rest = await play("follow", world.url, runId=told["runId"], after=told["ids"][10])
    assert rest["seqs"][0] > told["seqs"][10]
    assert rest["sha256"] == told["sha256"]
    nothing = await play("follow", world.url, runId=told["runId"], after=told["ids"][-1])
    assert (nothing["seqs"], nothing["sha256"]) == ([], told["sha256"])


async def test_cancelled_run_fails_and_the_same_story_goes_on_after_a_resume(world: World) -> None:
    world.provider.script = Script(default=Reply(pace=200))
    scenario = await begin("stop", world.url, input=STORY)
    stopped = (await scenario.line())["stopped"]
    world.provider.script = Script()
    await scenario.write("go on")
    told = await scenario.result()
    assert (told["failed"], told["status"], told["runId"]) == ("CANCELLED", "cancelled", stopped)
    check(told)


async def test_outline_is_answered_and_the_run_goes_on(world: World) -> None:
    assert await play("answer", world.url, input=STORY) == {"title": "Another Title", "input": None}


async def test_wrong_input_is_refused_at_once_and_names_the_field(world: World) -> None:
    told = await play("refused", world.url, input={"theme": "owls", "reader": {"age": 99}})
    assert (told["code"], told["status"]) == ("INVALID_INPUT", 422)
    assert "reader.age" in told["message"]
    assert len(world.proxy.streams) == 1


async def test_runs_are_listed_exported_and_deleted(world: World) -> None:
    told = await play("runs", world.url, input=STORY)
    assert told["listed"] == told["ids"]
    assert told["exported"] > 0
    assert told["gone"] == "NOT_FOUND"


async def test_killed_service_costs_a_reader_nothing(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script = Script(default=Reply(pace=400))
    async with (
        KillableService(provider.openai_url, tmp_path, retry_ms=10) as service,
        proxy(service.port) as between,
    ):
        scenario = await begin("read", between.url, input=STORY, options={"parallel": 2})
        reading = asyncio.create_task(scenario.result())
        for calls in (3, 6):
            await provider.wait_for_calls(calls, within=30)
            await service.kill()
            await service.start()
        told = await reading
    check(told)
