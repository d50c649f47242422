"""From the model's first token, by the provider's clock, to its frame at an HTTP reader on loopback.

The policy's gate is open here: with `gate = "sentence"` a sentence is told when it is whole and checked, and how long
that takes is the model's pace (`metadata.gate` of a run says it).
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from benchmarks.bare import BareLoop, spawn_bare_loop
from benchmarks.processes import ServiceProcess
from benchmarks.readers import Arrival, Reading, stream_path
from benchmarks.report import Row, Rows, show_one
from benchmarks.stories import new_theme, prose, sections_of, start
from tests.fakes.process import ProviderProcess, spawn_provider

_TARGET_MS = 50
_ALONE = 30
_WORKERS, _EACH = 20, 2
_WORDS, _PACE = 40, 30

_Write = Callable[[str], Awaitable[float]]
"""Writes the story of this theme; returns when its first token of prose was there (`time.time()`)."""


async def run() -> Rows:
    """Stories one after another, then twenty at a time without a pause."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            spawn_provider(prose(words=12, first_token_delay=0.02)) as provider,
            spawn_bare_loop(provider.openai_url) as bare,
            ServiceProcess(
                provider.openai_url, Path(folder) / "data", policy_dir=_open_gate(Path(folder))
            ) as service,
        ):

            async def through_service(theme: str) -> float:
                return await _read_story(service, theme)

            for _ in range(3):  # what is loaded at first use is loaded now
                await through_service(new_theme())
                await bare.write([new_theme()])
            alone = await _measure_alone(provider, through_service, _ALONE)
            loop_alone = await _measure_alone(provider, lambda theme: _loop_story(bare, theme), _ALONE)
            await provider.set_script(prose(words=_WORDS, pace=_PACE, first_token_delay=0.02))
            crowd = await _measure_crowd(provider, through_service)
            loop_crowd = await _measure_loop_crowd(provider, bare)
    return [
        _row("1 story at a time", alone, loop_alone),
        _row(f"{_WORKERS} stories at a time, {_PACE} tokens/s each", crowd, loop_crowd),
    ]


def _open_gate(folder: Path) -> Path:
    """A folder of policies in which children's text isn't held back."""
    policies = folder / "policies"
    policies.mkdir()
    (policies / "child.toml").write_text('extends = "child"\ngate = "open"\n')
    return policies


def _row(name: str, ours: list[float], theirs: list[float]) -> Row:
    ms, loop_ms = median(ours) * 1000, median(theirs) * 1000
    return Row(
        f"{name} ({len(ours)} stories)",
        f"median {ms:.1f} ms, worst {max(ours) * 1000:.1f} ms",
        f"bare loop in process: {loop_ms:.1f} ms",
        ms / loop_ms,
        f"≤ {_TARGET_MS} ms",
        ms <= _TARGET_MS,
    )


async def _measure_alone(provider: ProviderProcess, write: _Write, count: int) -> list[float]:
    seen = {(theme := new_theme()): await write(theme) for _ in range(count)}
    return await _delays(provider, seen)


async def _measure_crowd(provider: ProviderProcess, write: _Write) -> list[float]:
    seen: dict[str, float] = {}

    async def work(position: int) -> None:
        await asyncio.sleep(position * 0.15)  # so that first tokens meet other stories' streams
        for _ in range(_EACH):
            theme = new_theme()
            seen[theme] = await write(theme)

    await asyncio.gather(*(work(position) for position in range(_WORKERS)))
    return await _delays(provider, seen)


async def _measure_loop_crowd(provider: ProviderProcess, bare: BareLoop) -> list[float]:
    delays: list[float] = []
    for _ in range(_EACH):
        work = await bare.write([new_theme() for _ in range(_WORKERS)])
        delays += await _delays(provider, work.first)
    return delays


async def _delays(provider: ProviderProcess, seen: dict[str, float]) -> list[float]:
    calls = await provider.calls()
    return [at - float(sections_of(calls, theme)[0]["first_token_at"]) for theme, at in seen.items()]


async def _loop_story(bare: BareLoop, theme: str) -> float:
    return (await bare.write([theme])).first[theme]


async def _read_story(service: ServiceProcess, theme: str) -> float:
    run_id = await start(service.client, theme)
    arrivals = await (await Reading.open(service.port, stream_path(run_id))).read()
    return next(arrival.at for arrival in arrivals if _is_prose(arrival))


def _is_prose(arrival: Arrival) -> bool:
    return bool(arrival.message["type"] == "content")


if __name__ == "__main__":
    show_one(run, "first_token")
