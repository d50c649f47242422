"""Readers of a run: what one more costs while it is written, and how soon one has more who comes back far into it."""

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.processes import ServiceProcess, cpu_seconds
from benchmarks.readers import Reading, stream_path
from benchmarks.report import Row, Rows, show_one
from benchmarks.stories import count_tokens, new_theme, prose, start
from tests.fakes.process import ProviderProcess, spawn_provider
from tests.fakes.script import Reply, Script

_PACE = 30
_READERS = 100
_TARGET_US = 20
_SECTION_WORDS = 2500  # four sections
_DEPTH = 0.9
_RETURNS = 50
_TARGET_MS = 50


async def run() -> Rows:
    """Both, of the same service."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            spawn_provider(prose(words=20)) as provider,
            ServiceProcess(provider.openai_url, Path(folder) / "data") as service,
        ):
            await _read_one(service, 1)  # what is loaded at first use
            await provider.set_script(Script(default=Reply(words=100, pace=_PACE)))
            alone = await _cpu_of_a_token(provider, service, 1)
            among = await _cpu_of_a_token(provider, service, 1 + _READERS)
            await provider.set_script(prose(words=_SECTION_WORDS))
            returns = await _seconds_to_return(service)
    each = max((among - alone) / _READERS, 0) * 1e6
    a_core = 1e6 / (each * _PACE) if each else 0
    return [
        Row(
            f"a reader more of a live run, {_PACE} tokens/s",
            f"{each:.1f} µs a token: {a_core:.0f} readers a core",
            f"the limit: {_TARGET_US} µs",
            each / _TARGET_US,
            f"≤ {_TARGET_US} µs",
            each <= _TARGET_US,
        ),
        Row(
            f"first byte of a reader who comes back after {_DEPTH:.0%} of 10,000 words",
            f"median {median(returns) * 1000:.1f} ms, worst {max(returns) * 1000:.0f} ms",
            f"the limit: {_TARGET_MS} ms",
            median(returns) * 1000 / _TARGET_MS,
            f"≤ {_TARGET_MS} ms",
            median(returns) * 1000 <= _TARGET_MS,
        ),
    ]


async def _cpu_of_a_token(provider: ProviderProcess, service: ServiceProcess, readers: int) -> float:
    await provider.forget()
    cpu = cpu_seconds(service.pid)
    await _read_one(service, readers)
    cpu = cpu_seconds(service.pid) - cpu
    return cpu / count_tokens(await provider.calls())


async def _read_one(service: ServiceProcess, readers: int) -> None:
    """A story that so many read as it is written."""
    run_id = await start(service.client, new_theme())
    opened = [await Reading.open(service.port, stream_path(run_id)) for _ in range(readers)]
    for arrivals in await asyncio.gather(*(reading.read() for reading in opened)):
        assert arrivals[-1].message["type"] == "complete", arrivals[-1]


async def _seconds_to_return(service: ServiceProcess) -> list[float]:
    run_id = await start(service.client, new_theme())
    arrivals = await (await Reading.open(service.port, stream_path(run_id))).read()
    last_id = arrivals[int(len(arrivals) * _DEPTH)].id
    found = []
    for _ in range(_RETURNS):
        began = time.perf_counter()
        reading = await Reading.open(service.port, stream_path(run_id), last_id)
        await reading.wait_for_more()
        found.append(time.perf_counter() - began)
        reading.close()
    return found


if __name__ == "__main__":
    show_one(run, "live_readers")
