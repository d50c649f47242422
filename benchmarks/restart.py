"""`kill -9` with fifty runs going on, and a start: how soon are all of them going on again?"""

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Protocol

from benchmarks.processes import ServiceProcess
from benchmarks.readers import Reading, stream_path
from benchmarks.report import Row, Rows, show_one
from benchmarks.stories import new_theme, prose, start
from tests.acceptance.killable import KillableService
from tests.fakes.process import ProviderProcess, spawn_provider
from tests.service import Client

_RUNS = 50
_REPEATS = 3
_TARGET_SECONDS = 3.0
_RESUMED = b'"status":"resumed"'


class _Killable(Protocol):
    client: Client
    port: int

    async def start(self) -> object: ...

    async def kill(self) -> None: ...


async def run() -> Rows:
    """Both kinds of start, each with and without runs to go on with."""
    rows = []
    async with spawn_provider() as provider:
        for name in ("a fork of a loaded process", "`storywire serve`"):
            empty, full = [], []
            for _ in range(_REPEATS):
                with tempfile.TemporaryDirectory() as folder:
                    service = _service(name, provider, Path(folder) / "data")
                    empty_seconds, full_seconds = await _measure(provider, service)
                    empty.append(empty_seconds)
                    full.append(full_seconds)
            rows.append(_row(name, full, empty))
    return rows


def _service(name: str, provider: ProviderProcess, data_dir: Path) -> _Killable:
    if name.startswith("a fork"):
        return _Fork(provider.openai_url, data_dir)
    return ServiceProcess(provider.openai_url, data_dir)


class _Fork(KillableService):
    async def start(self, crash_at: str | None = None) -> "_Fork":
        await super().start(crash_at)
        return self


def _row(name: str, full: list[float], empty: list[float]) -> Row:
    seconds, alone = median(full), median(empty)
    return Row(
        f"{_RUNS} interrupted runs, {name}",
        f"all going on after {seconds:.2f} s",
        f"the same start with no run: {alone:.2f} s",
        seconds / alone,
        f"< {_TARGET_SECONDS:.0f} s",
        seconds < _TARGET_SECONDS,
    )


async def _measure(provider: ProviderProcess, service: _Killable) -> tuple[float, float]:
    """Seconds of a start with nothing to do, and of one with the interrupted runs."""
    await service.start()  # the first start also makes the database
    await service.kill()
    began = time.perf_counter()
    await service.start()
    empty = time.perf_counter() - began
    await provider.set_script(prose(words=150, pace=30))
    known = len(await provider.calls())
    run_ids = await asyncio.gather(*(start(service.client, new_theme()) for _ in range(_RUNS)))
    await _wait_until_all_write(service, run_ids)
    await service.kill()
    began = time.perf_counter()
    await service.start()
    await asyncio.gather(*(_wait_for(service, run_id, _RESUMED) for run_id in run_ids))
    full = time.perf_counter() - began
    await service.kill()
    assert len(await provider.calls()) >= known + 2 * _RUNS
    await service.client.http.aclose()
    return empty, full


async def _wait_until_all_write(service: _Killable, run_ids: list[str]) -> None:
    await asyncio.gather(*(_wait_for(service, run_id, b'"type":"content"') for run_id in run_ids))


async def _wait_for(service: _Killable, run_id: str, words: bytes) -> None:
    reading = await Reading.open(service.port, stream_path(run_id))
    await reading.wait_for(words)
    reading.close()


if __name__ == "__main__":
    show_one(run, "restart")
