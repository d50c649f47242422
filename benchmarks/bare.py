"""The baseline: the same graph in a bare loop over its events, in a process of its own.

Its chat model is LangChain's with the SDK's own HTTP client, as anybody would open it. The process
(`python -m benchmarks.bare URL JUDGE`) reads one request a line and answers each with one line of JSON.
It has what the service has from its server: uvloop, and a collector that leaves the modules alone.
"""

import asyncio
import gc
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import uvloop
from openai import DefaultAsyncHttpxClient

from benchmarks.stories import story_input
from workflows.formats.registry import list_formats
from workflows.graph import Graph, build_graph
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.clients.providers import ProviderClients, load_lazy_parts
from workflows.models.settings import ModelSettings
from workflows.state import RunContext

_ROOT = Path(__file__).parents[1]
_LONGEST_LINE = 1 << 27


@dataclass(frozen=True, slots=True)
class Work:
    """What it took to write some stories: seconds of processor time, seconds, and the tokens of prose of each story
    by theme: when each came out of the loop (`time.time()`), its section, and its characters."""

    cpu: float
    wall: float
    tokens: dict[str, list[tuple[float, int, int]]]

    @property
    def first(self) -> dict[str, float]:
        """When each story's first token of prose was there."""
        return {theme: tokens[0][0] for theme, tokens in self.tokens.items()}


class BareLoop:
    """The process, as its parent has it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The process that writes."""
        return self._process.pid

    async def write(self, themes: list[str]) -> Work:
        """Writes one story a theme, all at once."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(orjson.dumps(themes) + b"\n")
        line = await self._process.stdout.readline()
        return Work(**orjson.loads(line))


@asynccontextmanager
async def spawn_bare_loop(provider_url: str, judge: str = "auto") -> AsyncIterator[BareLoop]:
    """A process that is ready to write. It ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.bare", provider_url, judge),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
        limit=_LONGEST_LINE,
    )
    try:
        yield BareLoop(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


def open_graph(provider_url: str, judge: str) -> Graph:
    """The graph of a story, with nothing that keeps anything."""
    settings: dict[str, Any] = {
        "model": "openai:gpt-test",
        "judge": judge,
        "direct_streams": False,
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": provider_url,
        "_env_file": None,
    }
    load_lazy_parts()
    return build_graph(list_formats()["story"], _PlainCatalog(ModelSettings(**settings)))


async def read_tokens(graph: Graph, theme: str) -> AsyncIterator[tuple[int, str]]:
    """Tokens of prose as they come, each with its section."""
    events = graph.astream_events(
        {"input": story_input(theme)},
        version="v2",
        context=RunContext(keep_length=False),
    )
    section = -1
    async for event in events:
        if event["event"] == "on_chain_start" and event["name"] == "generate_content":
            section += 1
        elif (
            event["event"] == "on_chat_model_stream"
            and event["metadata"]["langgraph_node"] == "generate_content"
            and (text := event["data"]["chunk"].text)
        ):
            yield section, text


class _PlainClients(ProviderClients):
    def _open_http(self, provider: str) -> Any:
        if provider not in self._http:
            self._http[provider] = DefaultAsyncHttpxClient()  # type: ignore[assignment]
        return self._http[provider]


class _PlainCatalog(ModelCatalog):
    async def _open_clients(self) -> ProviderClients:
        if self._clients is None:
            self._clients = _PlainClients(self._settings, self.turns)
        return self._clients


async def _serve(provider_url: str, judge: str) -> None:
    graph = open_graph(provider_url, judge)
    gc.collect()
    gc.freeze()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        work = await _write(graph, orjson.loads(line))
        sys.stdout.buffer.write(orjson.dumps(work) + b"\n")
        sys.stdout.flush()


async def _write(graph: Graph, themes: list[str]) -> Work:
    began, cpu = time.time(), _cpu()
    tokens = dict(await asyncio.gather(*(_write_one(graph, theme) for theme in themes)))
    return Work(_cpu() - cpu, time.time() - began, tokens)


async def _write_one(graph: Graph, theme: str) -> tuple[str, list[tuple[float, int, int]]]:
    return theme, [(time.time(), section, len(text)) async for section, text in read_tokens(graph, theme)]


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    uvloop.run(_serve(*sys.argv[1:3]))
