"""From the request that starts a run to the first byte of its stream, and to its first message; one at a time."""

import tempfile
import time
from pathlib import Path
from statistics import median

import orjson

from benchmarks.processes import ServiceProcess
from benchmarks.readers import Reading
from benchmarks.report import Row, Rows, show_one
from benchmarks.stories import new_theme, prose, start_body
from tests.fakes.process import spawn_provider

_STARTS = 40
_WARM = 5
_TARGET_MS = 5


async def run() -> Rows:
    """Small runs, each over before the next one starts; beside them a request that does nothing (`/healthz`), which
    says how fast the machine is."""
    with tempfile.TemporaryDirectory() as name:
        async with (
            spawn_provider(prose(text="Word.")) as provider,
            ServiceProcess(provider.openai_url, Path(name) / "data", judge="off") as service,
        ):
            rounds = [await _measure(service) for _ in range(_STARTS)][_WARM:]
    nothing, byte, message = (
        median(each) * 1000 for each in zip(*rounds, strict=True)
    )  # of `_measure`, in order
    baseline = f"a request that does nothing: {nothing:.1f} ms"
    return [
        _row("start to the first byte", byte, baseline, nothing),
        _row("start to the first message", message, baseline, nothing),
    ]


def _row(what: str, ms: float, baseline: str, nothing: float) -> Row:
    return Row(what, f"median {ms:.1f} ms", baseline, ms / nothing, f"≤ {_TARGET_MS} ms", ms <= _TARGET_MS)


async def _measure(service: ServiceProcess) -> tuple[float, float, float]:
    """Seconds of a request that does nothing, to the first byte of a stream, and to its first message."""
    began = time.time()
    nothing = await Reading.open(service.port, "/healthz")
    while not nothing.ended:
        await nothing.wait_for_more()
    asked = time.time()
    body = orjson.dumps(start_body(new_theme()))
    reading = await Reading.open(service.port, "/api/v1/runs", body=body)
    await reading.wait_for(b"retry:")
    first = time.time()
    arrivals = await reading.read()
    return asked - began, first - asked, arrivals[0].at - asked


if __name__ == "__main__":
    show_one(run, "first_event")
