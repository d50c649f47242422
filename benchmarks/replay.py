"""A finished run of 10,000 words, read again from its start: from single entries, and from its packed log."""

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.processes import ServiceProcess
from benchmarks.readers import Reading, stream_path
from benchmarks.report import Row, Rows, show_one
from benchmarks.stories import new_theme, prose, start
from tests.fakes.answer import split_tokens
from tests.fakes.process import spawn_provider
from workflows.messages.messages import TextAppended, decode, encode

_SECTION_WORDS = 2500  # four sections
_REPEATS = 20
_TARGET_MS = 100
_PACKING_SECONDS = 30
_ENTRIES = "SELECT seq, type, data FROM log_entries WHERE run_id = ?"


@dataclass(frozen=True)
class _Replay:
    seconds: float
    size: int
    frames: int


async def run() -> Rows:
    """A run with an entry for every token, as a slow model's has; then the same run packed.

    The model is quick, and its log is cut up afterwards: how much a writer merges depends on the machine's
    load, and the number of entries must not.
    """
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        async with spawn_provider(prose(words=_SECTION_WORDS)) as provider:
            async with ServiceProcess(provider.openai_url, data_dir) as service:
                run_id = await start(service.client, new_theme())
                await (await Reading.open(service.port, stream_path(run_id))).read()
                await service.stop()
            _cut_up(data_dir, run_id)
            async with ServiceProcess(provider.openai_url, data_dir) as service:
                unpacked = await _replay_often(service, run_id)
                entries, baseline = _read_rows(data_dir, run_id)
                await service.stop()
            async with ServiceProcess(provider.openai_url, data_dir, pack_after=0) as service:
                await _wait_until_packed(data_dir, run_id)
                packed = await _replay_often(service, run_id)
    plain = f"{entries} rows read by sqlite3 alone: {baseline * 1000:.0f} ms"
    return [_row(f"{entries} entries", unpacked, plain, baseline), _row("packed", packed, plain, baseline)]


def _row(name: str, replays: list[_Replay], plain: str, baseline: float) -> Row:
    ms = median(replay.seconds for replay in replays) * 1000
    size, frames = replays[0].size, replays[0].frames
    return Row(
        f"10,000 words from the start, {name}",
        f"median {ms:.0f} ms; {frames} frames, {size / 1000:.0f} kB",
        plain,
        ms / baseline / 1000,
        f"< {_TARGET_MS} ms",
        ms < _TARGET_MS,
    )


async def _replay_often(service: ServiceProcess, run_id: str) -> list[_Replay]:
    await _replay(service, run_id)
    return [await _replay(service, run_id) for _ in range(_REPEATS)]


async def _replay(service: ServiceProcess, run_id: str) -> _Replay:
    began = time.perf_counter()
    reading = await Reading.open(service.port, stream_path(run_id))
    while not reading.ended:
        await reading.wait_for_more()
    seconds = time.perf_counter() - began
    arrivals = reading.arrivals()
    assert arrivals[-1].message["type"] == "complete", arrivals[-1]
    return _Replay(seconds, reading.size, len(arrivals))


def _cut_up(data_dir: Path, run_id: str) -> None:
    """Gives every token of the log an entry of its own. Nobody may be serving it."""
    with closing(sqlite3.connect(data_dir / "storywire.db")) as connection, connection:
        known = connection.execute(f"{_ENTRIES} ORDER BY seq", (run_id,)).fetchall()
        entries = [entry for _, kind, data in known for entry in _tokens_of(kind, data)]
        connection.execute("DELETE FROM log_entries WHERE run_id = ?", (run_id,))
        connection.executemany(
            "INSERT INTO log_entries (run_id, seq, type, data) VALUES (?, ?, ?, ?)",
            [(run_id, seq, kind, data) for seq, (kind, data) in enumerate(entries, start=1)],
        )


def _tokens_of(kind: str, data: bytes) -> list[tuple[str, bytes]]:
    message = decode(data)
    if not isinstance(message, TextAppended) or len(tokens := split_tokens(message.chunk)) < 2:
        return [(kind, data)]
    parts = [
        message.model_copy(
            update={"chunk": token, "is_complete": message.is_complete and position == len(tokens)}
        )
        for position, token in enumerate(tokens, start=1)
    ]
    return [(kind, encode(part)) for part in parts]


def _read_rows(data_dir: Path, run_id: str) -> tuple[int, float]:
    """How many entries the run has, and the seconds that reading them takes without any service."""
    with closing(sqlite3.connect(data_dir / "storywire.db")) as connection:
        times = []
        for _ in range(_REPEATS):
            began = time.perf_counter()
            rows = connection.execute(f"{_ENTRIES} ORDER BY seq", (run_id,)).fetchall()
            times.append(time.perf_counter() - began)
    return len(rows), median(times)


async def _wait_until_packed(data_dir: Path, run_id: str) -> None:
    async with asyncio.timeout(_PACKING_SECONDS):
        with closing(sqlite3.connect(data_dir / "storywire.db")) as connection:
            query = "SELECT 1 FROM log_archives WHERE run_id = ?"
            while not connection.execute(query, (run_id,)).fetchone():  # noqa: ASYNC110 — another process packs
                await asyncio.sleep(0.05)


if __name__ == "__main__":
    show_one(run, "replay")
