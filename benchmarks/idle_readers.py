"""What a connected reader of a run that waits costs in memory."""

import asyncio
import tempfile
from pathlib import Path

from benchmarks.processes import ServiceProcess, memory_bytes
from benchmarks.readers import Reading, stream_path
from benchmarks.report import Row, Rows, show_one
from benchmarks.stories import prose
from tests.fakes.process import spawn_provider

_READERS = 1000
_AT_ONCE = 50
_TARGET_KB = 100
_WAITS = b'"input_required"'


async def run() -> Rows:
    """Readers of one run that waits for a person; the heartbeat comes seldom, as it does by default."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            spawn_provider(prose(words=20)) as provider,
            ServiceProcess(provider.openai_url, Path(folder) / "data") as service,
        ):
            run_id = await service.client.start(review_outline=True)
            for reading in await _connect(service, run_id, _AT_ONCE):  # what is loaded at first use
                reading.close()
            before = memory_bytes(service.pid)
            readings = await _connect(service, run_id, _READERS)
            after = memory_bytes(service.pid)
            idle = sum(not reading.ended for reading in readings)
            for reading in readings:
                reading.close()
    each = (after - before) / idle / 1000
    return [
        Row(
            f"{idle} idle readers",
            f"{each:.1f} kB each",
            f"the limit: {_TARGET_KB} kB",
            each / _TARGET_KB,
            f"< {_TARGET_KB} kB",
            each < _TARGET_KB,
        )
    ]


async def _connect(service: ServiceProcess, run_id: str, count: int) -> list[Reading]:
    """Readers that have been told all there is."""
    readings: list[Reading] = []
    for _ in range(0, count, _AT_ONCE):
        batch = [Reading.open(service.port, stream_path(run_id)) for _ in range(_AT_ONCE)]
        opened = await asyncio.gather(*batch)
        await asyncio.gather(*(reading.wait_for(_WAITS) for reading in opened))
        readings += opened
    return readings


if __name__ == "__main__":
    show_one(run, "idle_readers")
