"""Processor time a token: the whole service with a reader, against a bare loop over the graph's events."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.bare import BareLoop, spawn_bare_loop
from benchmarks.processes import ServiceProcess, cpu_seconds
from benchmarks.readers import Reading, stream_path
from benchmarks.report import Row, Rows, show_one
from benchmarks.stories import count_tokens, new_theme, prose, start
from tests.fakes.process import ProviderProcess, spawn_provider
from tests.fakes.script import Script

_TARGET = 1.5
_REPEATS = 3


@dataclass(frozen=True)
class _Load:
    name: str
    script: Script
    stories: int
    repeats: int = _REPEATS


_LOADS = (
    _Load("1 story as fast as it goes, 8,000 words, a token a chunk", prose(words=2000, burst=1), 1),
    _Load("10 stories at once, 100 tokens/s each", prose(words=400, pace=100), 10, 2),
    _Load("1 story, 100 tokens/s", prose(words=400, pace=100), 1, 2),
)


async def run() -> Rows:
    """Service and loop in turn, medians of the ratios' parts."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            spawn_provider() as provider,
            spawn_bare_loop(provider.openai_url) as bare,
            ServiceProcess(provider.openai_url, Path(folder) / "data") as service,
        ):
            await provider.set_script(prose(words=100))
            await _service_cost(provider, service, 2)  # what is loaded at first use is loaded now
            await _bare_cost(provider, bare, 2)
            return [await _compare(provider, service, bare, load) for load in _LOADS]


async def _compare(provider: ProviderProcess, service: ServiceProcess, bare: BareLoop, load: _Load) -> Row:
    await provider.set_script(load.script)
    ours, theirs = [], []
    for _ in range(load.repeats):
        theirs.append(await _bare_cost(provider, bare, load.stories))
        ours.append(await _service_cost(provider, service, load.stories))
    ratio = median(ours) / median(theirs)
    return Row(
        load.name,
        f"{median(ours) * 1e6:.0f} µs of CPU a token",
        f"bare astream_events loop: {median(theirs) * 1e6:.0f} µs",
        ratio,
        f"≤ {_TARGET} ×",
        ratio <= _TARGET,
    )


async def _service_cost(provider: ProviderProcess, service: ServiceProcess, stories: int) -> float:
    known, before = len(await provider.calls()), cpu_seconds(service.pid)
    await asyncio.gather(*(_read_story(service) for _ in range(stories)))
    spent = cpu_seconds(service.pid) - before
    return spent / count_tokens((await provider.calls())[known:])


async def _bare_cost(provider: ProviderProcess, bare: BareLoop, stories: int) -> float:
    known = len(await provider.calls())
    work = await bare.write([new_theme() for _ in range(stories)])
    return work.cpu / count_tokens((await provider.calls())[known:])


async def _read_story(service: ServiceProcess) -> None:
    run_id = await start(service.client, new_theme())
    arrivals = await (await Reading.open(service.port, stream_path(run_id))).read()
    assert arrivals[-1].message["type"] == "complete", arrivals[-1]


if __name__ == "__main__":
    show_one(run, "cpu_per_token")
