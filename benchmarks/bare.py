"""The baseline: the same graph and chat model in a bare loop over its events, in a process of its own.

The process (`python -m benchmarks.bare URL`) reads one request a line and answers each with one line of JSON.
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

from benchmarks.stories import story_input
from workflows.formats.registry import find_format
from workflows.graph import Graph, build_graph
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.clients.providers import load_lazy_parts
from workflows.models.settings import ModelSettings
from workflows.state import RunContext

_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Work:
    """What it took to write some stories: seconds of processor time, seconds, and when each story's first
    token of prose came out of the loop (`time.time()`), by theme."""

    cpu: float
    wall: float
    first: dict[str, float]


class BareLoop:
    """The process, as its parent has it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def write(self, themes: list[str]) -> Work:
        """Writes one story a theme, all at once."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(orjson.dumps(themes) + b"\n")
        line = await self._process.stdout.readline()
        return Work(**orjson.loads(line))


@asynccontextmanager
async def spawn_bare_loop(provider_url: str) -> AsyncIterator[BareLoop]:
    """A process that is ready to write. It ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.bare", provider_url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
    )
    try:
        yield BareLoop(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def _serve(provider_url: str) -> None:
    settings: dict[str, Any] = {
        "model": "openai:gpt-test",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": provider_url,
        "_env_file": None,
    }
    models = ModelCatalog(ModelSettings(**settings))
    graph = build_graph(find_format("story"), models)
    load_lazy_parts()
    gc.collect()
    gc.freeze()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        work = await _write(graph, orjson.loads(line))
        sys.stdout.buffer.write(orjson.dumps(work) + b"\n")
        sys.stdout.flush()
    await models.close()


async def _write(graph: Graph, themes: list[str]) -> Work:
    began, cpu = time.time(), _cpu()
    first = dict(await asyncio.gather(*(_write_one(graph, theme) for theme in themes)))
    return Work(_cpu() - cpu, time.time() - began, first)


async def _write_one(graph: Graph, theme: str) -> tuple[str, float]:
    first = 0.0
    events = graph.astream_events(
        {"input": story_input(theme)},
        version="v2",
        context=RunContext(keep_length=False),
    )
    async for event in events:
        if (
            not first
            and event["event"] == "on_chat_model_stream"
            and event["metadata"]["langgraph_node"] == "generate_content"
            and event["data"]["chunk"].text
        ):
            first = time.time()
    return theme, first


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1]))
