"""Readers that take little or nothing: they cost the run nothing, and the good reader nothing."""

import asyncio
import http.client
import io
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.service import Frame, LiveService, Told, serve, settings_for
from workflows.messages.messages import decode

SEND_BUFFER = 4096
"""The least that the system takes in: what a reader doesn't take is soon seen by the service."""
HIGH_WATER = 64 * 1024
"""What uvicorn keeps for a connection before it makes the application wait."""
LONG = Reply(words=15_000, tokens_per_chunk=40)
"""A section that alone is longer than what all buffers on the way take in."""
LONG_RUN = Script(rules=(Rule(LONG, structured=False, nth=1),))
"""A run whose first section is that long."""


def _connect(service: LiveService, run_id: str) -> socket.socket:
    """A reader that asks for a run and then takes nothing."""
    return _ask(service, f"/api/v1/runs/{run_id}/stream")


def _ask(service: LiveService, path: str) -> socket.socket:
    """Asks, and takes nothing of the reply, with as little room for it as the system gives."""
    host, port = service.client.base_url.removeprefix("http://").split(":")
    reader = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    reader.connect((host, int(port)))
    reader.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return reader


async def _until(is_so: Callable[[], bool]) -> None:
    """A transport rings no bell."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _connections(service: LiveService, slow: list[socket.socket]) -> list[HttpToolsProtocol]:
    """Those of the readers' connections that the service still has."""
    theirs = {reader.getsockname() for reader in slow}
    return [
        connection
        for connection in service.server.server_state.connections
        if isinstance(connection, HttpToolsProtocol) and connection.client in theirs
    ]


def _are_full(service: LiveService, slow: list[socket.socket]) -> bool:
    """Whether the service has stopped sending them anything, because they take nothing."""
    stopped = [connection.flow.write_paused for connection in _connections(service, slow)]
    return len(stopped) == len(slow) and all(stopped)


def _held(service: LiveService, slow: list[socket.socket]) -> list[int]:
    """Bytes that the service keeps for each of them."""
    return [c.transport.get_write_buffer_size() for c in _connections(service, slow)]


def _whole_frames(taken: bytes) -> list[Frame]:
    """The messages in the bytes of a reply that may be cut anywhere."""

    class Cut(socket.socket):
        def makefile(self, *_: object, **__: object) -> io.BytesIO:  # type: ignore[override]
            return io.BytesIO(taken)

    with Cut() as cut:
        reply = http.client.HTTPResponse(cut)
        reply.begin()
        try:
            body = reply.read()
        except http.client.IncompleteRead as error:
            body = error.partial
    frames = []
    for block in body.decode(errors="ignore").split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            frames.append(Frame(fields["id"], decode(fields["data"])))
    return frames


def _take_all(reader: socket.socket) -> bytes:
    taken = b""
    while piece := reader.recv(65536):
        taken += piece
    return taken


@pytest.mark.parametrize("slow_readers", [100, pytest.param(500, marks=pytest.mark.soak)])
async def test_many_readers_that_take_nothing_do_not_hold_up_a_good_one_and_are_closed(
    provider: FakeProvider, tmp_path: Path, slow_readers: int
) -> None:
    provider.script = LONG_RUN
    async with serve(settings_for(provider, tmp_path, slow_reader_seconds=1), SEND_BUFFER) as service:
        run_id = await service.client.start(keep_length=False)
        slow = [_connect(service, run_id) for _ in range(slow_readers)]
        told = await service.client.read(run_id)
        await _until(lambda: not _connections(service, slow) and not service.resources.queries.readers)
        late = await service.client.read(run_id)
        numbers = (await service.client.http.get("/metrics")).text
        for reader in slow:
            reader.close()

    assert told.ending is not None and told.text == late.text == told.ending["story_content"]
    assert f"storywire_slow_readers_closed_total {slow_readers}.0" in numbers


async def test_what_is_kept_for_readers_that_take_nothing_does_not_grow_with_the_text(
    provider: FakeProvider, tmp_path: Path
) -> None:
    """The verdict's call is held: the whole text is told, and the run goes on."""
    held_call = Rule(Reply(hold_after=0), structured=True, nth=2)
    long = Rule(replace(LONG, words=30_000), structured=False, nth=1)
    provider.script = Script(rules=(long, held_call))
    async with serve(settings_for(provider, tmp_path, slow_reader_seconds=3600), SEND_BUFFER) as service:
        run_id = await service.client.start(keep_length=False)
        slow = [_connect(service, run_id) for _ in range(20)]
        await provider.wait_for_held(within=60)
        await _until(lambda: _are_full(service, slow))
        before = _held(service, slow)
        provider.release()
        told = await service.client.read(run_id)
        after = _held(service, slow)
        for reader in slow:
            reader.close()

    assert told.ending is not None and told.text == told.ending["story_content"]
    assert max(before + after) < 2 * HIGH_WATER < len(told.text)


async def test_reader_that_takes_a_byte_now_and_then_is_closed_and_comes_back_to_what_follows(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = LONG_RUN
    async with serve(settings_for(provider, tmp_path, slow_reader_seconds=1), SEND_BUFFER) as service:
        run_id = await service.client.start(keep_length=False)
        slow = _connect(service, run_id)
        slow.setblocking(False)
        taken = bytearray()

        def take_one() -> bool:
            with suppress(BlockingIOError):
                taken.extend(slow.recv(1))
            return not _connections(service, [slow])

        reading = asyncio.create_task(service.client.read(run_id))
        await _until(lambda: _are_full(service, [slow]))
        await _until(take_one)
        good = await reading
        slow.setblocking(True)
        taken += await asyncio.to_thread(_take_all, slow)
        told = Told()
        for frame in _whole_frames(bytes(taken)):
            told.take(frame)
        before = told.last_seq
        await service.client.read(run_id, told)
        slow.close()

    assert good.ending is not None and good.text == good.ending["story_content"] == told.text
    assert 0 < before < told.last_seq


async def test_reader_that_begins_to_take_again_in_time_is_served_to_the_end(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = LONG_RUN
    async with serve(settings_for(provider, tmp_path, slow_reader_seconds=3600), SEND_BUFFER) as service:
        run_id = await service.client.start(keep_length=False)
        slow = _connect(service, run_id)
        good = await service.client.read(run_id)
        await _until(lambda: _are_full(service, [slow]))
        told = Told()
        taken = b""
        while told.ending is None:
            taken += await asyncio.to_thread(slow.recv, 65536)
            if b'"complete"' in taken:
                told = Told()
                for frame in _whole_frames(taken):
                    told.take(frame)
        slow.close()

    assert told.text == good.text == told.ending["story_content"]


async def test_reader_that_is_closed_because_it_took_nothing_has_left_the_run(
    provider: FakeProvider, tmp_path: Path
) -> None:
    """The section is held near its end: there is more to tell than the reader has room for, and the run goes on."""
    provider.script = Script(rules=(Rule(replace(LONG, hold_after=17_000), structured=False, nth=1),))
    settings = settings_for(provider, tmp_path, slow_reader_seconds=1, disconnect_grace=5)
    async with serve(settings, SEND_BUFFER) as service:
        query = "theme=the+moon&name=Maya&age=7&keep_length=false&on_disconnect=cancel"
        slow = _ask(service, f"/api/v1/stories/generate/stream?{query}")
        [call] = await provider.wait_for_held(within=60)
        await provider.wait_for_disconnect(call, within=60)
        [run] = (await service.client.http.get("/api/v1/runs")).json()["runs"]
        told = await service.client.read(run["run_id"])
        # The provider is left before the run's row says so.
        while (run := await service.client.run(run["run_id"]))["status"] == "running":
            pass
        slow.close()

    assert run["status"] == "cancelled"
    assert told.ending is not None and told.ending["code"] == "CANCELLED"
    assert len(told.text) > HIGH_WATER


async def test_many_readers_of_one_run_are_told_the_same(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script = Script(default=Reply(pace=300))
    async with serve(settings_for(provider, tmp_path)) as service:
        run_id = await service.client.start()
        readers = await asyncio.gather(*(service.client.read(run_id) for _ in range(30)))

    assert len({told.text for told in readers}) == 1
    assert all(told.ending is not None and told.text == told.ending["story_content"] for told in readers)
