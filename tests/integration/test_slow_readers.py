"""Readers that take little or nothing: they cost the run nothing, and the good reader nothing."""

import asyncio
import socket
from pathlib import Path

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.service import LiveService, serve, settings_for


def _connect(service: LiveService, run_id: str) -> socket.socket:
    """A reader that asks and then takes nothing, with as little room as the system gives it."""
    host, port = service.client.base_url.removeprefix("http://").split(":")
    reader = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    reader.connect((host, int(port)))
    reader.sendall(f"GET /api/v1/runs/{run_id}/stream HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return reader


@pytest.mark.parametrize("slow_readers", [100, pytest.param(500, marks=pytest.mark.soak)])
async def test_many_readers_that_take_nothing_do_not_hold_up_a_good_one(
    provider: FakeProvider, tmp_path: Path, slow_readers: int
) -> None:
    provider.script = Script(default=Reply(words=600))
    async with serve(settings_for(provider, tmp_path, slow_reader_seconds=1)) as service:
        run_id = await service.client.start()
        slow = [_connect(service, run_id) for _ in range(slow_readers)]
        told = await service.client.read(run_id)
        async with asyncio.timeout(20):
            while service.resources.runs.readers:  # noqa: ASYNC110 — they are closed after the set time
                await asyncio.sleep(0.05)
        late = await service.client.read(run_id)
        for reader in slow:
            reader.close()

    assert told.ending is not None and told.text == late.text == told.ending["story_content"]


async def test_many_readers_of_one_run_are_told_the_same(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script = Script(default=Reply(pace=300))
    async with serve(settings_for(provider, tmp_path)) as service:
        run_id = await service.client.start()
        readers = await asyncio.gather(*(service.client.read(run_id) for _ in range(30)))

    assert len({told.text for told in readers}) == 1
    assert all(told.ending is not None and told.text == told.ending["story_content"] for told in readers)
