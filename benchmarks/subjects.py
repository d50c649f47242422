"""What is compared: services and loops that write stories, each in a process of its own."""

import asyncio
import socket
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import quote

import httpx
import orjson
import psutil  # type: ignore[import-untyped]

from benchmarks.bare import BareLoop, spawn_bare_loop
from benchmarks.processes import ServiceProcess, cpu_seconds
from benchmarks.readers import Arrival, Reading
from benchmarks.stories import start_body

_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Story:
    """One story as its reader got it, in `time.time()`: its start, its first event of any kind, its end, and its
    pieces of prose with their section and characters."""

    theme: str
    began: float
    first_event: float
    ended: float
    tokens: list[tuple[float, int, int]]


class Subject(Protocol):
    """Writes stories, in the process `pid`."""

    name: str
    pid: int

    async def write(self, themes: list[str]) -> list[Story]:
        """One story a theme, all at once, each with a reader."""

    def cpu_seconds(self) -> float:
        """Processor time of its process so far."""

    def disk(self) -> int | None:
        """Bytes that its process has written so far; None where it keeps nothing."""


class _Process:
    """A subject in a process of its own (`async with`)."""

    name = ""
    pid = 0

    def __init__(self) -> None:
        self.stack = AsyncExitStack()

    async def __aexit__(self, *_: object) -> None:
        await self.stack.aclose()

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid)

    def disk(self) -> int | None:
        return None


class Bare(_Process):
    """The bare loop over `astream_events`."""

    name = "bare loop"

    def __init__(self, provider_url: str) -> None:
        super().__init__()
        self._url = provider_url
        self._loop: BareLoop | None = None

    async def __aenter__(self) -> Self:
        self._loop = await self.stack.enter_async_context(spawn_bare_loop(self._url, "off"))
        self.pid = self._loop.pid
        return self

    async def write(self, themes: list[str]) -> list[Story]:
        assert self._loop is not None
        began = time.time()
        work = await self._loop.write(themes)
        ended = began + work.wall
        return [
            Story(theme, began, tokens[0][0], max(tokens[-1][0], ended if len(themes) == 1 else 0), tokens)
            for theme, tokens in work.tokens.items()
        ]


class Naive(_Process):
    """The same loop behind FastAPI and SSE."""

    name = "naive service"

    def __init__(self, provider_url: str) -> None:
        super().__init__()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self._url = provider_url

    async def __aenter__(self) -> Self:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.naive", self._url, str(self._port)), cwd=_ROOT
        )
        self.pid = process.pid

        async def end() -> None:
            process.terminate()
            await process.wait()

        self.stack.push_async_callback(end)
        async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    await client.get(f"http://127.0.0.1:{self._port}/healthz")
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                else:
                    return self

    async def write(self, themes: list[str]) -> list[Story]:
        return list(await asyncio.gather(*(self._read(theme) for theme in themes)))

    async def _read(self, theme: str) -> Story:
        began = time.time()
        return _story(theme, began, await _read(self._port, f"/stream?theme={quote(theme)}"))


class Storywire(_Process):
    """The service as `storywire serve` starts it, durable; the gate of its readers' policy is `open` or `sentence`."""

    def __init__(self, provider_url: str, folder: Path, gate: str) -> None:
        super().__init__()
        self.name = f"storywire, {gate}"
        policies = folder / f"policies-{gate}"
        policies.mkdir()
        (policies / "child.toml").write_text(f'extends = "child"\ngate = "{gate}"\n')
        settings: dict[str, Any] = {"policy_dir": policies, "judge": "off"}
        self._service = ServiceProcess(provider_url, folder / f"data-{gate}", **settings)

    async def __aenter__(self) -> Self:
        await self.stack.enter_async_context(self._service)
        self.pid = self._service.pid
        return self

    def disk(self) -> int | None:
        return int(psutil.Process(self.pid).io_counters().write_bytes)

    async def write(self, themes: list[str]) -> list[Story]:
        return list(await asyncio.gather(*(self._read(theme) for theme in themes)))

    async def _read(self, theme: str) -> Story:
        began, body = time.time(), orjson.dumps(start_body(theme))
        arrivals = await (await Reading.open(self._service.port, "/api/v1/runs", body=body)).read()
        assert arrivals[-1].message["type"] == "complete", arrivals[-1]
        return _story(theme, began, arrivals)


async def _read(port: int, path: str) -> list[Arrival]:
    return await (await Reading.open(port, path)).read()


def _story(theme: str, began: float, arrivals: list[Arrival]) -> Story:
    tokens = [
        (arrival.at, arrival.message["data"]["section"], len(arrival.message["data"]["chunk"]))
        for arrival in arrivals
        if arrival.message["type"] == "content" and arrival.message["data"]["chunk"]
    ]
    return Story(theme, began, arrivals[0].at, arrivals[-1].at, tokens)
