"""How far the percent of a run is from a straight line, and its time that is left from what was left: texts of the five
formats over HTTP, by a provider that writes as fast as the usual models do, on a loop whose waits take no time."""

import asyncio
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from backend.logs import configure_logs
from benchmarks.report import Row, Rows, show_one
from benchmarks.virtual_time import run_virtually
from tests.endings import INPUTS, script_of
from tests.fakes.provider import serve_socket
from tests.fakes.script import Reply, Script
from tests.fakes.switchboard import Switchboard
from tests.service import LiveService, serve, settings_for
from workflows.formats.registry import list_formats
from workflows.messages.messages import ProgressReported, TextRetracted

FARTHEST = 10
"""Points that the percent may be off."""
_TOKENS_A_SECOND = 60.0
_FIRST_TOKEN_SECONDS = 0.5
_LENGTHS: dict[str, dict[str, Any]] = {
    "creator_script": {"duration_minutes": 10},
    "education_audio": {"target_minutes": 10},
}
"""Of formats whose example is over in seconds, in which a report a second is far between."""
_PLEASED = ("story", "podcast")
"""Formats whose reviews find no fault with the provider's prose."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a reader saw: seconds, percent, and the seconds that were left; and the seconds of the whole run."""

    seen: list[tuple[float, int, int | None]]
    whole: float
    rewritten: int
    """Sections that were taken back: nothing tells beforehand that they will be."""

    @property
    def farthest(self) -> float:
        """Points from the straight line, where the percent moved and where it stood."""
        moved = [abs(percent - 100 * at / self.whole) for at, percent, _ in self.seen if percent < 100]
        pairs = zip(self.seen[1:], self.seen, strict=False)
        stood = [abs(before[1] - 100 * after[0] / self.whole) for after, before in pairs]
        return max([*moved, *stood])

    @property
    def eta_error(self) -> float:
        """The most that the time that is left was off, as a share of the whole."""
        told = [abs(at + eta - self.whole) for at, _, eta in self.seen if eta is not None]
        return max(told, default=0.0) / self.whole


async def run() -> Rows:
    """Each format, with and without a judge, one section at a time and three; a first run and a second one."""
    return await asyncio.to_thread(lambda: run_virtually(_measure_all(sorted(INPUTS))))


async def _measure_all(names: list[str]) -> Rows:
    rows: Rows = []
    for name, judge, parallel in product(names, ("off", "auto"), (1, 3)):
        for turn, line in (await measure(name, judge, parallel)).items():
            rows.append(_row(f"{name}, judge {judge}, {parallel} at once, {turn}", line))
            sys.stderr.write(f"{rows[-1].what}: {rows[-1].measured}\n")
    return rows


def _row(what: str, line: Line) -> Row:
    measured = f"{line.farthest:.0f} points, time left ±{line.eta_error:.0%} of {line.whole:.0f} s"
    if line.rewritten:
        return Row(what, f"{measured}; {line.rewritten} sections written again", "")
    return Row(what, measured, "", None, f"≤ {FARTHEST} points", line.farthest <= FARTHEST)


async def measure(name: str, judge: str, parallel: int) -> dict[str, Line]:
    """The lines of a first and of a second run of one process."""
    inputs = INPUTS[name] or {**list_formats()[name].example, **_LENGTHS.get(name, {})}
    script = _paced(script_of(name, inputs, 1.0))
    options = {"cache": "off", "parallel": parallel}
    body = {"format": name, "input": inputs, "options": options}
    with tempfile.TemporaryDirectory() as folder:
        async with _provider(script) as url:
            # The provider's prose has no ideas, and isn't what the document says: it would be written twice.
            revisions = None if name in _PLEASED else 0
            settings = settings_for(url, Path(folder), judge=judge, revisions=revisions)
            configure_logs(settings)
            async with serve(settings) as service:
                return {turn: await _follow(service, body) for turn in ("first run", "second run")}


def _paced(script: Script) -> Script:
    def pace(reply: Reply) -> Reply:
        return replace(
            reply, pace=_TOKENS_A_SECOND, first_token_delay=_FIRST_TOKEN_SECONDS, tokens_per_chunk=5
        )

    rules = tuple(replace(rule, reply=pace(rule.reply)) for rule in script.rules)
    return replace(script, rules=rules, default=pace(script.default))


@asynccontextmanager
async def _provider(script: Script) -> AsyncIterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    stop = asyncio.Event()
    task = asyncio.create_task(serve_socket(Switchboard(script), listening, stop))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        stop.set()
        await task


async def _follow(service: LiveService, body: dict[str, Any]) -> Line:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    reply = await service.client.http.post("/api/v1/runs", json=body)
    assert reply.status_code == 201, reply.text
    seen: list[tuple[float, int, int | None]] = []
    last: Any = None
    rewritten = 0
    async for frame in service.client.frames(reply.json()["run_id"]):
        last = frame.message
        rewritten += isinstance(last, TextRetracted)
        if isinstance(last, ProgressReported):
            seen.append((loop.time() - begun, last.percent, last.eta_seconds))
    assert last is not None and last.type == "complete", last
    return Line(seen, loop.time() - begun, rewritten)


if __name__ == "__main__":
    show_one(run, "progress")
