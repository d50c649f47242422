"""Runs as Durable Streams, read by the protocol's own client and judged by its conformance suite."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sse_starlette.sse import AppStatus

from backend.log.entry import Entry
from backend.log.memory import MemoryLog
from backend.runs.readers.durable import DurableReader
from backend.streaming.options import StreamOptions
from backend.streaming.views import Wire
from backend.streaming.wires.durable import JSON, StreamPlace, cursor_at, frames_of, parse_offset
from backend.streaming.wires.wire import WireView
from tests.clients.durable_writer import serve_writer
from tests.clients.node import CLIENT, HERE, node, run_script
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.missing import give_up
from tests.service import NO_TLS, LiveService, Told, serve, settings_for
from tests.unit.logs import read_texts, run_logs
from tests.unit.messages import complete, content, error, number, workflow
from workflows.errors import InvalidInput

WIRES: tuple[Wire, ...] = ("story_chunk", "ai-sdk", "ag-ui")
OF_A_READER = (
    "^Read Operations",
    "^Long-Poll",
    "^Browser Security Headers",
    "^HEAD Metadata should",
    "^Offset Validation",
    "^Caching and ETag",
    "^Read-Your-Writes",
    "^SSE Mode",
    "^JSON Mode",
    "HEAD with Stream Closure",
    "Read Closed Streams",
    "Long-poll with Stream Closure",
    "SSE with Stream Closure",
    "Byte-Exactness",
    "Immutability",
)
"""Groups of the conformance suite that are about reading."""


async def written(entries: list[Entry]) -> MemoryLog:
    log = MemoryLog()
    await log.append("run", await log.take_over("run"), entries)
    return log


def reader(log: MemoryLog, after: int, wire: Wire = "story_chunk") -> DurableReader:
    view = StreamOptions(protocol=wire).make_view("run", None)
    return DurableReader(log, "run", after, view=view if isinstance(view, WireView) else None)


@given(run_logs, st.sampled_from(WIRES), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_reader_after_any_offset_gets_exactly_what_follows(
    run_log: list[Entry], wire: Wire, data: st.DataObject
) -> None:
    whole = await reader(await written(run_log), 0, wire).read()
    offsets = [entry.seq for entry in whole]
    assert offsets == sorted(set(offsets))
    now = data.draw(st.integers(1, len(run_log)))
    log = await written(run_log[:now])
    first = reader(log, 0, wire)
    early = await first.read()
    # What comes later follows what was read, but for an error that was the last thing then.
    log = await written(run_log)
    late = await reader(log, first.next_offset, wire).read()
    lifted = {entry.seq for entry in early} - set(offsets)
    assert [entry.seq for entry in early if entry.seq not in lifted] + [
        entry.seq for entry in late
    ] == offsets
    if wire == "story_chunk":
        assert read_texts([*early, *late]) == read_texts(run_log)


@pytest.mark.parametrize("wire", WIRES)
async def test_stream_is_closed_by_the_end_of_a_run_and_not_by_a_failure_that_can_be_resumed(
    wire: Wire,
) -> None:
    lost = error().model_copy(update={"resumable": False})
    for ending, is_closed in (
        (complete(), True),
        (error(), False),
        (lost, True),
        (workflow("resumed"), False),
    ):
        source = reader(await written(number(workflow("started"), content(0, "Once"), ending)), 0, wire)
        await source.read()
        assert source.is_closed is is_closed


@pytest.mark.parametrize("wire", WIRES)
async def test_failure_is_told_once_and_what_follows_a_resume_comes_after_it(wire: Wire) -> None:
    log = MemoryLog()
    epoch = await log.take_over("run")
    entries = number(
        workflow("started"), content(0, "Once"), error(), workflow("resumed", 2), content(0, ".")
    )
    await log.append("run", epoch, entries[:3])
    source = reader(log, 0, wire)
    told = await source.read()
    assert b"It broke off." in b"".join(entry.data for entry in told)
    assert await source.read() == []
    again = reader(log, source.next_offset, wire)
    assert await again.read() == []
    await log.append("run", epoch, entries[3:])
    for each in (source, again):
        rest = await each.read()
        assert rest and all(entry.seq > told[-1].seq for entry in rest)
    whole = await reader(log, 0, wire).read()
    assert b"It broke off." not in b"".join(entry.data for entry in whole)


async def test_offset_that_was_never_handed_out_is_refused() -> None:
    for wire in WIRES:
        with pytest.raises(InvalidInput) as refused:
            await reader(await written(number(workflow("started"))), 10**12, wire).read()
        assert refused.value.errors[0].field == "offset"
    too_large = ("18446744073709551616", "09223372036854775808", "9" * 20)
    for given_offset in ("", "7", "+0000000000000000007", "٠" * 20, "0" * 21, *too_large):
        with pytest.raises(ValueError, match="an offset is"):
            parse_offset(given_offset)


def test_cursor_is_greater_than_the_one_that_it_answers() -> None:
    now = 1_790_000_000.0
    assert int(cursor_at(now + 20, None)) == int(cursor_at(now, None)) + 1
    for given_cursor in (cursor_at(now, None), "9" * 18):
        assert int(cursor_at(now, given_cursor)) > int(given_cursor)
    for odd in ("", "x", "-1", "9" * 4000, "٣"):
        assert cursor_at(now, odd) == cursor_at(now, None)


def test_every_frame_of_data_is_followed_by_its_place_and_the_last_one_is_up_to_date() -> None:
    entries = [Entry(seq, "content", b'{"a":%d}' % seq) for seq in range(1, 1201)]
    blocks = (
        frames_of(JSON, entries, StreamPlace(1200, is_up_to_date=True, is_closed=False), "7")
        .decode()
        .split("\n\n")[:-1]
    )
    assert [block.split("\n")[0] for block in blocks] == ["event: data", "event: control"] * 3
    places = [json.loads(block.partition("data:")[2]) for block in blocks[1::2]]
    assert [int(place["streamNextOffset"]) for place in places] == [500, 1000, 1200]
    assert [place.get("upToDate") for place in places] == [None, None, True]


# --- the live service ---------------------------------------------------------------------------------------------


async def read_runs(service: LiveService, *reads: dict[str, Any]) -> list[dict[str, Any]]:
    """What the protocol's client has of runs in the end."""
    base = service.client.base_url
    given_reads = [{**each, "url": f"{base}{each['url']}"} for each in reads]
    return list(
        await asyncio.to_thread(run_script, "durable.mjs", {"reads": given_reads}, "@durable-streams/client")
    )


async def test_clients_of_durable_streams_read_a_run_while_it_is_written_and_after(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script(default=Reply(pace=200))
    async with serve(settings_for(provider, tmp_path)) as service:
        http, run_id = service.client.http, await service.client.start(parallel=3)
        url = f"/api/v1/runs/{run_id}/ds"
        lives = [
            {"url": url, "live": "sse"},
            {"url": url, "live": "long-poll"},
            {"url": f"{url}?wire=ai-sdk"},
        ]
        sse, polled, chunks = await read_runs(service, *lives)
        run = await service.client.run(run_id)
        story = run["result"]["story_content"]
        assert sse["items"] == polled["items"] and sse["isClosed"] and polled["isClosed"]
        assert text_of(sse["items"]) == story == sse["items"][-1]["data"]["story_content"]
        assert chunks["items"][-1]["type"] == "finish"

        whole = await http.get(url)
        assert whole.json() == sse["items"] and whole.headers["stream-closed"] == "true"
        assert "max-age" in whole.headers["cache-control"] and whole.headers["content-type"] == JSON
        unchanged = await http.get(url, headers={"If-None-Match": whole.headers["etag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        head = await http.head(url)
        assert head.headers["stream-next-offset"] == whole.headers["stream-next-offset"] == sse["offset"]
        assert (head.headers["stream-closed"], head.headers["cache-control"]) == ("true", "no-store")
        refused = await http.get(url, params={"offset": "7", "live": "sse"})
        assert (refused.status_code, refused.json()["status"]) == (400, 400)
        assert refused.json()["errors"][0]["field"] == "offset"
        assert (await http.get(url, params={"live": "websocket", "offset": "-1"})).status_code == 400
        assert (await http.put(url)).status_code == 405
        assert (await http.get("/api/v1/runs/none/ds")).status_code == 404


def text_of(items: list[dict[str, Any]]) -> str:
    """The reader's rule."""
    told = Told()
    for item in items:
        data = item["data"]
        if item["type"] == "content":
            told.sections[data["section"]] = told.sections.get(data["section"], "") + data["chunk"]
        elif item["type"] == "retract":
            told.sections.pop(data["section"], None)
    return told.text


async def test_planned_stop_ends_a_stream_of_events_cleanly_as_its_clients_need_it(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("hang", after=15)), structured=False, nth=2),))
    async with serve(settings_for(provider, tmp_path)) as service:
        run_id, is_read = await service.client.start(), asyncio.Event()
        url = f"{service.client.base_url}/api/v1/runs/{run_id}/ds?offset=-1&live=sse"
        reading = asyncio.create_task(read_to_the_end(url, is_read))
        await is_read.wait()
        monkeypatch.setattr(AppStatus, "should_exit", True)  # as a signal does, for the whole process
        lines = await reading  # no break: httpx raises for one
    assert lines[-1].startswith("data:") and "streamClosed" not in lines[-1]


async def read_to_the_end(url: str, is_read: asyncio.Event) -> list[str]:
    found = []
    async with (
        httpx.AsyncClient(timeout=30, trust_env=False, verify=NO_TLS) as http,
        http.stream("GET", url) as reply,
    ):
        async for line in reply.aiter_lines():
            if line and not line.startswith(":"):
                found.append(line)
            if '"content"' in line:
                is_read.set()
    return found


async def test_reader_passes_the_conformance_suite() -> None:
    vitest = CLIENT / "node_modules" / "vitest" / "vitest.mjs"
    if not vitest.exists():
        give_up("no package vitest: `make npm`")
    command = [node(), str(vitest), "run", "durable_conformance.spec.mjs", "--reporter=json", "--no-cache"]
    command += ["--root", str(HERE), "-t", "|".join(OF_A_READER)]
    async with serve_writer() as url:
        environment = {**os.environ, "CONFORMANCE_TEST_URL": url}
        ran = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, timeout=110
        )
    report = json.loads(ran.stdout[ran.stdout.index("{") :])
    failed = [
        (test["fullName"], test["failureMessages"])
        for suite in report["testResults"]
        for test in suite["assertionResults"]
        if test["status"] == "failed"
    ]
    assert not failed
    assert report["numPassedTests"] >= 100
