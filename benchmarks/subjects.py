"""What is compared: services and loops that write stories, each in a process of its own."""

import asyncio
import os
import sys
import time
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import quote

import httpx
import orjson
import psutil  # type: ignore[import-untyped]

from benchmarks.bare import BareLoop, spawn_bare_loop
from benchmarks.dev_graph import PROVIDER_VARIABLE
from benchmarks.processes import ServiceProcess, cpu_seconds
from benchmarks.readers import Arrival, Reading
from benchmarks.stories import start_body, story_input
from tests.ports import find_port

_ROOT = Path(__file__).parents[1]
_START_SECONDS = 120
_QUIET = {
    "LANGSMITH_TRACING": "false",
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "LANGGRAPH_NO_VERSION_CHECK": "true",
}
"""What keeps the development server from asking other hosts anything."""


@dataclass(frozen=True, slots=True)
class Story:
    """One story as its reader got it, in `time.time()`: its start, its first event of any kind, its end, and its
    pieces of prose with their section and characters."""

    theme: str
    began: float
    first_event: float
    ended: float
    tokens: list[tuple[float, int, int]]


class StoryNotEnded(Exception):
    """A service that ended a story's stream before the story's own end, or never began it."""


class Subject(Protocol):
    """Writes stories, in the process `pid`. Raises StoryNotEnded."""

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


class _Service(_Process, ABC):
    """A subject that is started by a command and serves on a port of its own."""

    _health = "/healthz"

    def __init__(self) -> None:
        super().__init__()
        self._port = find_port()

    async def _start(self, *command: str, **options: Any) -> None:
        """Returns when it answers. Raises TimeoutError."""
        process = await asyncio.create_subprocess_exec(*command, **options)
        self.pid = process.pid

        async def end() -> None:
            process.terminate()
            await process.wait()

        self.stack.push_async_callback(end)
        async with asyncio.timeout(_START_SECONDS), httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    await client.get(f"http://127.0.0.1:{self._port}{self._health}")
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                else:
                    return

    async def write(self, themes: list[str]) -> list[Story]:
        return list(await asyncio.gather(*(self._read(theme) for theme in themes)))

    @abstractmethod
    async def _read(self, theme: str) -> Story:
        """Starts a story and reads it to its end."""


class Naive(_Service):
    """The same loop behind FastAPI and SSE."""

    name = "naive service"

    def __init__(self, provider_url: str) -> None:
        super().__init__()
        self._url = provider_url

    async def __aenter__(self) -> Self:
        await self._start(
            sys.executable, "-m", "benchmarks.naive", self._url, str(self._port), cwd=str(_ROOT)
        )
        return self

    async def _read(self, theme: str) -> Story:
        began = time.time()
        return _story(theme, began, await _read(self._port, f"/stream?theme={quote(theme)}"))


class DevServer(_Service):
    """The same graph in LangGraph's development server, which keeps its state in memory; read as its own clients read
    it, by the stream of messages."""

    name = "langgraph dev"
    _health = "/ok"

    def __init__(self, provider_url: str, folder: Path, runs_at_once: int) -> None:
        super().__init__()
        self._url = provider_url
        self._folder = folder / "langgraph"
        self._runs_at_once = runs_at_once

    async def __aenter__(self) -> Self:
        self._folder.mkdir()
        (self._folder / "langgraph.json").write_bytes(
            orjson.dumps({"dependencies": ["."], "graphs": {"story": "benchmarks.dev_graph:graph"}})
        )
        flags = ("--no-browser", "--no-reload", "--allow-blocking", "--server-log-level", "error")
        await self._start(
            str(Path(sys.executable).with_name("langgraph")),
            *("dev", *flags, "--port", str(self._port), "--n-jobs-per-worker", str(self._runs_at_once)),
            cwd=str(self._folder),
            env={**os.environ, **_QUIET, "PYTHONPATH": str(_ROOT), PROVIDER_VARIABLE: self._url},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return self

    async def _read(self, theme: str) -> Story:
        began = time.time()
        body = {
            "assistant_id": "story",
            "input": {"input": story_input(theme)},
            "context": {"keep_length": False},
            "stream_mode": ["messages-tuple"],
        }
        reading = await Reading.open(self._port, "/runs/stream", body=orjson.dumps(body))
        await reading.until_end()
        frames = [
            frame for frame in reading.frames() if b"event" in frame[1]
        ]  # not those that only keep it open
        if not frames or frames[-1][1][b"event"] != b"messages":
            raise StoryNotEnded(frames[-1][1] if frames else "no event")
        tokens, sections = [], dict[str, int]()
        for at, fields in frames:
            if fields.get(b"event") != b"messages":
                continue
            chunk, metadata = orjson.loads(fields[b"data"])
            if metadata["langgraph_node"] == "generate_content" and chunk["content"]:
                section = sections.setdefault(chunk["id"], len(sections))
                tokens.append((at, section, len(chunk["content"])))
        return Story(theme, began, frames[0][0], frames[-1][0], tokens)


class Storywire(_Process):
    """The service as `storywire serve` starts it, durable; the gate of its readers' policy is `open` or `sentence`."""

    def __init__(self, provider_url: str, folder: Path, runs_at_once: int, gate: str) -> None:
        super().__init__()
        self.name = f"storywire, {gate}"
        policies = folder / f"policies-{gate}"
        policies.mkdir()
        (policies / "child.toml").write_text(f'extends = "child"\ngate = "{gate}"\n')
        settings: dict[str, Any] = {"policy_dir": policies, "judge": "off", "max_runs": runs_at_once}
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
        if not arrivals or arrivals[-1].message["type"] != "complete":
            raise StoryNotEnded(arrivals[-1].message if arrivals else "no message")
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
