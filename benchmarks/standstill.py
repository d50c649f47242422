"""How long the service's event loop stands still at most while a run takes hostile replies: then no stream gets a
token, no cancel is heard and no health check is answered.

The service runs in this process, so that a timer on its loop can tell; provider and readers are others. The timer is
asked for every two milliseconds. What it is late by is the stand-still: the loop's own work, or another thread that
holds the interpreter. "Of its own" is the processor time that the loop's thread took in one go: a busy machine makes
the first number larger, and not the second.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.logs import configure_logs
from backend.server import spare_collector
from benchmarks.readers import stream_path
from benchmarks.report import Row, Rows, show_one
from benchmarks.stories import new_theme, prose, start
from tests.fakes.process import spawn_provider
from tests.fakes.prose import write_prose
from tests.fakes.script import Reply, Rule, Script
from tests.service import LiveService, serve, settings_for

_LIMIT_SECONDS = 0.1
_TICK = 0.002
_SIZE = 100_000
_random = random.Random(7)


def _letters(alphabet: str) -> str:
    return "".join(_random.choices(alphabet, k=_SIZE))


def _planned(size: int) -> Script:
    return Script(rules=(Rule(Reply(json={"title": "a" * size}), structured=True),))


_ONE_CHUNK = _SIZE
_MUCH = " ".join(f"Maya saw boat {number} near the hill." for number in range(52_000))
_CALL = {"index": 0, "id": "a", "type": "function", "function": {"name": "x", "arguments": "aaaa"}}
REPLIES: dict[str, Script] = {
    "ordinary prose of 5,000 words": prose(text=write_prose("prose", 5000)),
    "12,000 dots": prose(text="." * 12_000, tokens_per_chunk=1),
    "12,000 dots in one token": prose(text="." * 12_000, tokens_per_chunk=_ONE_CHUNK),
    "10,000 a's in one token": prose(text="a" * 10_000, tokens_per_chunk=_ONE_CHUNK),
    "one line, 100 kB of it": prose(text="She ran home.\n" * 7000),
    "100 kB without a blank": prose(text=_letters("abcdefghijklmnopqrstuvwxyz013"), tokens_per_chunk=_ONE_CHUNK),
    "100 kB without a blank, in tokens": prose(text=_letters("abcdefghijklmnopqrstuvwxyz013")),
    "100 kB of letters, blanks and stops": prose(text=_letters("aiklx.. "), tokens_per_chunk=_ONE_CHUNK),
    "100 kB of marks and signs": prose(text=_letters("<>*_[(\"'`#.!-=& \n"), tokens_per_chunk=_ONE_CHUNK),
    "100 kB of blanks and lines": prose(text=_letters("\n\n \t\ra"), tokens_per_chunk=_ONE_CHUNK),
    "100 kB of combining marks": prose(text=_letters("e\u0301\u0300\u0592\u200b "), tokens_per_chunk=_ONE_CHUNK),
    "100 kB of letters and commas in one token": prose(text=_letters("abcdefg,,,,"), tokens_per_chunk=_ONE_CHUNK),
    "100 kB of opening tags of thoughts": prose(text="<think>" * 14_000, tokens_per_chunk=_ONE_CHUNK),
    "100 kB of closing tags of thoughts": prose(text="a</think>" * 11_000, tokens_per_chunk=_ONE_CHUNK),
    "100 kB of bold letters in tags": prose(text="<b>k</b> <b>i</b> " * 5500, tokens_per_chunk=_ONE_CHUNK),
    "100 kB of Chinese in one token": prose(text=_letters("的一是在不了有和人这。，"), tokens_per_chunk=_ONE_CHUNK),
    "100 kB of Hebrew in one token": prose(text=_letters("אבגדהוכלמש. "), tokens_per_chunk=_ONE_CHUNK),
    "20,000 words without a full stop": prose(text="word " * 20_000),
    "20,000 thoughts in circles": prose(text="a " * 20_000, delta={"reasoning_content": "hm "}),
    "20,000 deltas without a text": prose(text="a " * 20_000, delta={"content": ""}),
    "8,000 pieces of a function's call": prose(text="a " * 8000, delta={"tool_calls": [_CALL]}),
    "2 MB of prose in one token": prose(text=_MUCH, tokens_per_chunk=len(_MUCH)),
    "20 MB of prose in one token": prose(text=_MUCH * 11, tokens_per_chunk=len(_MUCH) * 11),
    "a plan of 2 MB": _planned(1_900_000),
    "a plan of 20 MB": _planned(20_000_000),
}  # fmt: skip


@dataclass
class Standstill:
    """The longest that the loop stood still, in seconds, and the longest that it worked in one go."""

    longest: float = 0.0
    own: float = 0.0


async def run() -> Rows:
    """A story of each kind of reply, read to its end."""
    rows: Rows = []
    with tempfile.TemporaryDirectory() as folder:
        async with spawn_provider() as provider:
            settings = settings_for(provider.openai_url, Path(folder), judge="off")
            configure_logs(settings)
            async with serve(settings) as service:
                await provider.set_script(prose(words=60))
                await _write(service)  # what is loaded at first use is loaded now
                spare_collector()
                for name, script in REPLIES.items():
                    await provider.set_script(script)
                    async with _measure() as found:
                        await _write(service)
                    rows.append(_row(name, found))
    return rows


async def _write(service: LiveService) -> None:
    run_id = await start(service.client, new_theme())
    async with service.client.http.stream("GET", stream_path(run_id), timeout=300) as reply:
        async for _ in reply.aiter_raw():
            pass


@asynccontextmanager
async def _measure() -> AsyncIterator[Standstill]:
    found = Standstill()
    watching = asyncio.create_task(_watch(found))
    try:
        yield found
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _watch(found: Standstill) -> None:
    now, worked = time.perf_counter(), time.thread_time()
    while True:
        await asyncio.sleep(_TICK)
        last, now = now, time.perf_counter()
        last_worked, worked = worked, time.thread_time()
        found.longest = max(found.longest, now - last - _TICK)
        found.own = max(found.own, worked - last_worked)


def _row(name: str, found: Standstill) -> Row:
    return Row(
        name,
        f"{found.longest * 1000:.0f} ms, {found.own * 1000:.0f} ms of its own",
        f"{_LIMIT_SECONDS * 1000:.0f} ms",
        found.longest / _LIMIT_SECONDS,
        f"≤ {_LIMIT_SECONDS * 1000:.0f} ms",
        found.longest <= _LIMIT_SECONDS,
    )


if __name__ == "__main__":
    show_one(run, "standstill")
