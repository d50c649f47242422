"""The Python client with the live service: cuts, stalls, kills, late readers, resumed runs."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import httpx2
import pytest
from storywire_client import (
    AsyncStorywire,
    Reconnect,
    Refused,
    RunFailed,
    Story,
    Storywire,
    Unreachable,
)
from storywire_client.messages import Message

from tests.acceptance.killable import KillableService
from tests.clients.conftest import World
from tests.clients.proxy import STALL, proxy
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.service import CALLS, STORY

QUICK = Reconnect(first=0.01, most=0.05)


def connect(url: str, **kwargs: Any) -> AsyncStorywire:
    """A client that reconnects quickly and looks for no certificates."""
    transport = httpx2.AsyncHTTPTransport(verify=False, trust_env=False)
    return AsyncStorywire(url, transport=transport, **{"reconnect": QUICK, **kwargs})


def connect_blocking(url: str, **kwargs: Any) -> Storywire:
    """The same without asyncio."""
    transport = httpx2.HTTPTransport(verify=False, trust_env=False)
    return Storywire(url, transport=transport, **{"reconnect": QUICK, **kwargs})


def check_ids(messages: list[Message]) -> None:
    """Each message once, in order."""
    numbers = [message["seq"] for message in messages]
    assert numbers == sorted(set(numbers))


async def test_cuts_anywhere_in_a_stream_lose_and_repeat_nothing(world: World) -> None:
    world.proxy.cut(range(200, 3000, 97))
    async with connect(world.url) as client, client.start("story", STORY) as story:
        messages = [message async for message in story]
        result = await story.result()
    check_ids(messages)
    assert "\n\n".join(story.sections.values()) == result["story_content"]
    assert hashlib.sha256(result["story_content"].encode()).hexdigest() == result["sha256"]
    assert len(world.provider.generations) == CALLS


async def test_first_attempt_is_a_post_with_a_key_and_later_ones_are_gets_after_the_last_id(
    world: World,
) -> None:
    world.proxy.cut([900, 900, 900])
    async with connect(world.url) as client, client.start("stories", STORY) as story:
        await story.result()
    first, *later = world.proxy.streams
    assert first.method == "POST"
    assert len(first.headers["idempotency-key"]) == 36
    assert len(later) == 3
    assert {request.method for request in later} == {"GET"}
    numbers = [request.headers["last-event-id"].removeprefix(f"{story.run_id}:") for request in later]
    assert all(number.isdigit() for number in numbers)


async def test_cut_before_the_first_byte_repeats_the_post_with_its_key_and_starts_one_run(
    world: World,
) -> None:
    world.proxy.cut([0, 0])
    async with connect(world.url) as client, client.start("story", STORY) as story:
        await story.result()
        runs = [run["run_id"] async for run in client.runs.list()]
    assert runs == [story.run_id]
    keys = [request.headers["idempotency-key"] for request in world.proxy.streams]
    assert len(keys) == 3
    assert len(set(keys)) == 1


async def test_stalled_connection_is_given_up_after_the_idle_time(world: World) -> None:
    world.proxy.cut([STALL, 1500, STALL])
    reconnect = Reconnect(first=0.01, most=0.05, idle=1.5)
    async with connect(world.url, reconnect=reconnect) as client, client.start("story", STORY) as story:
        result = await story.result()
    assert "\n\n".join(story.sections.values()) == result["story_content"]


async def test_proxy_that_passes_on_few_bytes_at_a_time_changes_nothing(world: World) -> None:
    world.proxy.piece = 7
    async with connect(world.url) as client, client.start("story", STORY) as story:
        pieces = [piece async for piece in story.text()]
        result = await story.result()
    assert "".join(pieces) == result["story_content"]


@pytest.mark.parametrize("order", ["live", "reading"])
async def test_text_of_parallel_sections_is_printed_in_reading_order(world: World, order: Any) -> None:
    world.proxy.cut([2000, 3000])
    async with connect(world.url) as client, client.start("story", STORY, order=order, parallel=4) as story:
        pieces = [piece async for piece in story.text()]
        result = await story.result()
    assert "".join(pieces) == result["story_content"]


async def test_token_is_fetched_anew_for_each_attempt(world: World) -> None:
    tokens = iter(f"token-{number}" for number in range(100))

    async def token() -> str:
        return next(tokens)

    world.proxy.cut([900, 900])
    async with connect(world.url, token=token) as client, client.start("story", STORY) as story:
        await story.result()
    sent = [request.headers["authorization"] for request in world.proxy.streams]
    assert sent == ["Bearer token-0", "Bearer token-1", "Bearer token-2"]


async def test_late_reader_and_one_with_a_cursor_get_the_same_text(world: World) -> None:
    async with connect(world.url) as client:
        async with client.start("story", STORY) as story:
            cursor = ""
            seen: list[Message] = []
            async for message in story:
                seen.append(message)
                if len(seen) == 12:
                    cursor = story.last_event_id or ""
            result = await story.result()
        late = client.follow(story.run_id)
        assert (await late.result())["sha256"] == result["sha256"]
        assert late.sections == story.sections
        rest = [message async for message in client.follow(story.run_id, after=cursor)]
    assert [message["seq"] for message in rest][-1] == seen[-1]["seq"]
    assert rest[0]["seq"] > int(cursor.rpartition(":")[2])


async def test_reader_who_had_the_last_message_gets_the_result_from_the_run(world: World) -> None:
    async with connect(world.url) as client:
        async with client.start("story", STORY) as story:
            result = await story.result()
        again = client.follow(story.run_id, after=story.last_event_id)
        assert [message async for message in again] == []
        assert (await again.result())["sha256"] == result["sha256"]


async def test_cancelled_run_fails_and_is_resumed_under_the_same_id(world: World) -> None:
    world.provider.script = Script(default=Reply(pace=200))
    async with connect(world.url) as client:
        async with client.start("story", STORY) as story:
            async for message in story:
                if message["type"] == "content":
                    break
            await story.cancel()
            with pytest.raises(RunFailed) as failed:
                await story.result()
        assert (failed.value.code, failed.value.resumable) == ("CANCELLED", True)
        world.provider.script = Script()
        quote = await client.runs.quote(story.run_id)
        assert quote["resumable"]
        resumed = await client.runs.resume(story.run_id)
        result = await resumed.result()
    assert resumed.run_id == story.run_id
    assert "\n\n".join(resumed.sections.values()) == result["story_content"]


async def test_reader_goes_on_after_the_error_of_a_run_that_was_resumed(world: World) -> None:
    world.provider.script = Script(default=Reply(pace=200))
    async with connect(world.url) as client:
        async with client.start("story", STORY) as story:
            async for message in story:
                if message["type"] == "content":
                    break
            await story.cancel()
            messages = [message async for message in story]
        assert messages[-1]["type"] == "error"
        world.provider.script = Script()
        resumed = await client.runs.resume(story.run_id, after=story.last_event_id)
        async with resumed:
            assert (await anext(aiter(resumed)))["seq"] > messages[-1]["seq"]
            assert (await resumed.result())["run_id"] == story.run_id


async def test_left_story_closes_its_connection_and_the_run_goes_on(world: World) -> None:
    async with connect(world.url) as client:
        async with client.start("story", STORY) as story:
            await anext(aiter(story))
        assert (await client.follow(story.run_id).result())["run_id"] == story.run_id


async def test_outline_is_answered_and_the_run_goes_on(world: World) -> None:
    async with connect(world.url) as client, client.start("story", STORY, review_outline=True) as story:
        async for message in story:
            if message["type"] == "input_required":
                outline = message["data"]["payload"]
                outline["title"] = "Another Title"
                await client.runs.answer(story.run_id, outline)
        assert (await story.result())["title"] == "Another Title"


async def test_wrong_input_is_refused_at_once_and_names_the_field(world: World) -> None:
    async with connect(world.url) as client:
        with pytest.raises(Refused, match=r"reader\.age") as refused:
            await client.start("story", {"theme": "owls", "reader": {"age": 99}}).open()
    assert (refused.value.code, refused.value.status, refused.value.retryable) == (
        "INVALID_INPUT",
        422,
        False,
    )
    assert len(world.proxy.streams) == 1


async def test_service_that_is_not_there_is_unreachable_after_the_last_attempt(world: World) -> None:
    world.proxy.upstream = 1
    reconnect = Reconnect(attempts=3, first=0.001, most=0.002)
    async with connect(world.url, reconnect=reconnect) as client:
        with pytest.raises(Unreachable) as unreachable:
            await client.start("story", STORY).open()
    assert (unreachable.value.code, unreachable.value.retryable) == ("UNREACHABLE", True)


async def test_runs_are_listed_page_by_page_exported_and_deleted(world: World) -> None:
    async with connect(world.url) as client:
        started = [client.start("story", STORY) for _ in range(2)]
        for story in started:
            await story.result()
        listed = [run["run_id"] async for run in client.runs.list(status="completed", format="story")]
        assert listed == [story.run_id for story in reversed(started)]
        text = (await client.runs.export(listed[0], "txt")).decode()
        assert (await client.runs.get(listed[0]))["text"].split("\n\n")[0] in text
        await client.runs.delete(listed[0])
        with pytest.raises(Refused) as gone:
            await client.runs.get(listed[0])
    assert gone.value.code == "NOT_FOUND"


async def test_killed_service_costs_a_reader_nothing(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script = Script(default=Reply(pace=400))
    async with (
        KillableService(provider.openai_url, tmp_path, retry_ms=10) as service,
        proxy(service.port) as between,
        connect(between.url) as client,
        client.start("story", STORY, parallel=2) as story,
    ):
        kills = iter((5, 25))
        due = next(kills)
        contents = 0
        retracts = 0
        async for message in story:
            contents += message["type"] == "content"
            retracts += message["type"] == "retract"
            if contents == due:
                due = next(kills, 0)
                await service.kill()
                await service.start()
        result = await story.result()
    assert retracts
    assert "\n\n".join(story.sections.values()) == result["story_content"]


async def test_blocking_client_reads_over_cuts(world: World) -> None:
    world.proxy.cut([1200, 1500, 0, 2500])

    def read() -> tuple[str, str, Story]:
        with connect_blocking(world.url) as client, client.start("story", STORY) as story:
            assert story.run_id
            text = "".join(story.text())
            return text, story.result()["story_content"], story

    text, content, story = await asyncio.to_thread(read)
    assert text == content == "\n\n".join(story.sections.values())
    assert [request.method for request in world.proxy.streams] == ["POST", "GET", "GET", "GET", "GET"]


async def test_blocking_client_cancels_resumes_and_lists(world: World) -> None:
    world.provider.script = Script(default=Reply(pace=200))

    def stop_and_go_on() -> tuple[str, list[str]]:
        with connect_blocking(world.url) as client:
            with client.start("story", STORY) as story:
                next(message for message in story if message["type"] == "content")
                story.cancel()
                with pytest.raises(RunFailed, match=r"."):
                    story.result()
            world.provider.script = Script()
            result = client.runs.resume(story.run_id).result()
            assert story.run_id == result["run_id"]
            return story.run_id, [run["run_id"] for run in client.runs.list()]

    run_id, listed = await asyncio.to_thread(stop_and_go_on)
    assert listed == [run_id]
