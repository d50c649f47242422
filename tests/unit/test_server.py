"""Connections that take nothing, and those that come as the server stops."""

import asyncio
import gc
import socket
from contextlib import suppress

import pytest
from fastapi import FastAPI

from backend.server import Server, StallDetector


@pytest.mark.parametrize("turns", range(4))
async def test_connection_that_is_accepted_as_the_server_stops_is_closed(turns: int) -> None:
    server = Server(FastAPI(), readers_leave_seconds=1)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        await server.startup(sockets=[listener])
        with socket.create_connection(listener.getsockname()) as client:
            for _ in range(turns):
                await asyncio.sleep(0)
            await server.shutdown([listener])
            client.setblocking(False)
            with suppress(ConnectionResetError):  # where it had not been accepted
                assert client.recv(1) == b""
    gc.collect()  # a socket that was left open is a warning, and that an error


def test_who_takes_nothing_is_still_for_longer_and_longer() -> None:
    stalls: StallDetector[str] = StallDetector()
    assert [stalls.look({"one": 70_000}, now) for now in (0.0, 1.0, 2.5)] == [
        {"one": 0.0},
        {"one": 1.0},
        {"one": 2.5},
    ]


def test_who_takes_slowly_while_more_comes_is_never_still() -> None:
    stalls: StallDetector[str] = StallDetector()
    buffered = [70_000, 17_000, 66_000, 30_000, 69_000, 18_000, 70_000] * 20
    looks = [stalls.look({"one": left}, float(now)) for now, left in enumerate(buffered)]
    assert max(look["one"] for look in looks) <= 1


def test_who_took_everything_begins_anew() -> None:
    stalls: StallDetector[str] = StallDetector()
    stalls.look({"one": 70_000, "other": 80_000}, 0.0)
    stalls.look({"other": 80_000}, 10.0)
    assert stalls.look({"one": 70_000, "other": 80_000}, 20.0) == {"one": 0.0, "other": 20.0}
