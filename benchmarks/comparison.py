"""Storywire beside its peers (the bare loop, a naive service, LangGraph's development server): the same stories,
provider and machine, in the same run.

`python -m benchmarks.comparison [--json FILE] [--runs 1,10,50,100] [--repeats 3] [--without naive]` prints one table,
and one for the readers of the service.

Every figure of a service has the bare loop's beside it; compare ratios, since the machine's load is in all of them.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks import idle_readers, live_readers, replay
from benchmarks.processes import PeakMemory
from benchmarks.report import Row, Rows
from benchmarks.report import show as show_rows
from benchmarks.stories import count_tokens, new_theme, prose, sections_of
from benchmarks.subjects import Bare, DevServer, Naive, Story, StoryNotEnded, Storywire, Subject
from benchmarks.syncs import count_syncs
from tests.fakes.answer import split_tokens
from tests.fakes.process import ProviderProcess, spawn_provider
from tests.fakes.script import Script

PACE = 30
"""Tokens a second: a little faster than people read."""
_WORDS = 100  # of each of four sections
_SMALL_RUNS = 20
_REPEATS = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """What one subject did under one load. Seconds, but for the counts."""

    subject: str
    load: str
    tokens: int
    cpu: float
    wall: float
    of_ideal: float | None = None  # of the provider's own pace
    first_event: tuple[float, float] | None = None  # median, 99 %
    first_token: tuple[float, float] | None = None
    latency: tuple[float, float] | None = (
        None  # from a token's place in the provider's schedule to its reader
    )
    written_bytes: int | None = None
    syncs: float | None = None  # a run
    memory: float | None = None  # bytes a run, at the most


async def compare(
    levels: Sequence[int],
    repeats: int,
    without: Sequence[str] = (),
    keep: Callable[[list[Figures]], object] = lambda _: None,
) -> list[Figures]:
    """Every subject under every load, in turn; the median run by processor time of `repeats`. A subject whose name has
    a word of `without` is left out. `keep` is called with what was found so far, after each load."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        most = max(levels, default=1)
        provider = await stack.enter_async_context(spawn_provider())
        url = provider.openai_url
        offered = (
            Bare(url),
            Naive(url),
            DevServer(url, folder, most),
            Storywire(url, folder, most, "open"),
            Storywire(url, folder, most, "sentence"),
        )
        subjects: list[Subject] = [
            await stack.enter_async_context(subject)
            for subject in offered
            if not any(word in subject.name for word in without)
        ]
        await provider.set_script(prose(words=100))
        for subject in subjects:  # what is loaded at first use is loaded now
            await subject.write([new_theme()])
        found: list[Figures] = []
        for load, script, runs in _loads(levels):
            rounds: dict[str, list[Figures]] = {}
            for _ in range(repeats):
                for subject in subjects:
                    await provider.set_script(script)
                    _progress(f"{load}: {subject.name}")
                    try:
                        figures = await _measure(provider, subject, load, runs)
                    except StoryNotEnded as error:
                        _progress(f"{load}: {subject.name} didn't write them all, and is left out: {error}")
                    else:
                        rounds.setdefault(subject.name, []).append(figures)
            middle = [_middle(figures) for figures in rounds.values()]
            if load == "small":
                named = {subject.name: subject for subject in subjects}
                middle = [
                    replace(figures, syncs=await _syncs(named[figures.subject], runs)) for figures in middle
                ]
            found += middle
            keep(found)
        return found


async def _syncs(subject: Subject, runs: int) -> float | None:
    """Syncs a run, one run after another; None where nothing is kept, or they can't be counted."""
    if subject.disk() is None:
        return None
    counted = await count_syncs(subject.pid, _one_by_one(subject, [new_theme() for _ in range(runs)]))
    return None if counted is None else counted / runs


async def _one_by_one(subject: Subject, themes: Sequence[str]) -> list[Story]:
    return [story for theme in themes for story in await subject.write([theme])]


def _loads(levels: Sequence[int]) -> list[tuple[str, Script, int]]:
    paced = prose(words=_WORDS, pace=PACE)
    return [
        ("saturated", prose(words=2000, burst=1), 1),
        ("small", prose(text="Word."), _SMALL_RUNS),
        *((f"paced {runs}", paced, runs) for runs in levels),
    ]


async def _measure(provider: ProviderProcess, subject: Subject, load: str, runs: int) -> Figures:
    await provider.forget()  # with those of the rounds before, tokens would be counted twice
    disk = subject.disk()
    cpu = subject.cpu_seconds()
    themes = [new_theme() for _ in range(runs)]
    memory = PeakMemory(subject.pid)
    async with memory:
        stories = await (_one_by_one(subject, themes) if load == "small" else subject.write(themes))
    cpu = subject.cpu_seconds() - cpu
    calls = await provider.calls()
    late = sorted(value for story in stories for value in _lateness(story, calls)) if "paced" in load else []
    after = subject.disk()
    return Figures(
        subject.name,
        load,
        count_tokens(calls),
        cpu,
        median(story.ended - story.began for story in stories),
        of_ideal=median(_of_ideal(story, calls) for story in stories) if late else None,
        first_event=_percentiles([story.first_event - story.began for story in stories]),
        first_token=_percentiles([story.tokens[0][0] - story.began for story in stories]),
        latency=_percentiles(late) if late else None,
        written_bytes=None if disk is None or after is None else after - disk,
        memory=memory.growth / runs if late else None,
    )


def _of_ideal(story: Story, calls: list[dict[str, object]]) -> float:
    """Seconds that the provider's pace gives a story's prose, over the seconds that it took from its start."""
    tokens = count_tokens(sections_of(calls, story.theme))
    return tokens / PACE / (story.ended - story.began)


def _lateness(story: Story, calls: list[dict[str, object]]) -> list[float]:
    """Seconds between the moment at which a piece's last token was due and its arrival."""
    late: list[float] = []
    due = [_due_times(call) for call in sections_of(calls, story.theme)]
    told = [0] * len(due)
    for at, section, length in story.tokens:
        told[section] += length
        late.append(at - due[section][min(told[section], len(due[section])) - 1])
    return late


def _due_times(call: dict[str, object]) -> list[float]:
    """For each character of a section, when the provider's pace brings it."""
    due: list[float] = []
    began = float(str(call["first_token_at"]))
    for position, token in enumerate(split_tokens(str(call["text_sent"]))):
        due += [began + position / PACE] * len(token)
    return due


def _percentiles(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return median(ordered), ordered[int(len(ordered) * 0.99)]


def _middle(rounds: list[Figures]) -> Figures:
    return sorted(rounds, key=lambda figures: figures.cpu / figures.tokens)[len(rounds) // 2]


def show(found: list[Figures]) -> None:
    """Prints the table."""
    table = Table(title="Storywire beside its peers", title_justify="left")
    for name in (
        "load",
        "subject",
        "CPU/token",
        "× bare",
        "CPU/run",
        "of ideal",
        "first event",
        "first token",
        "added",
    ):
        table.add_column(name, justify="left" if name in ("load", "subject") else "right")
    for name in ("written/token", "syncs/run", "memory/run"):
        table.add_column(name, justify="right")
    bare = {figures.load: figures.cpu / figures.tokens for figures in found if figures.subject == "bare loop"}
    for figures in found:
        cost = figures.cpu / figures.tokens
        runs = int(figures.load.split()[-1]) if figures.load.startswith("paced") else 1
        runs = _SMALL_RUNS if figures.load == "small" else runs
        table.add_row(
            figures.load,
            figures.subject,
            f"{cost * 1e6:.0f} µs",
            f"{cost / bare[figures.load]:.2f}",
            f"{figures.cpu / runs * 1000:.0f} ms",
            "" if figures.of_ideal is None else f"{figures.of_ideal:.2f}",
            _ms(figures.first_event),
            _ms(figures.first_token),
            _ms(figures.latency),
            "" if figures.written_bytes is None else f"{figures.written_bytes / figures.tokens:.0f} B",
            "" if figures.syncs is None else f"{figures.syncs:.1f}",
            "" if figures.memory is None else f"{figures.memory / 1000:.0f} kB",
            end_section=figures.subject == found[-1].subject,
        )
    console = Console()
    console.width = max(console.width, 170)
    console.print(table)
    console.print("first event, first token and added latency: median / 99 %")


def _ms(seconds: tuple[float, float] | None) -> str:
    return "" if seconds is None else " / ".join(f"{value * 1000:.0f}" for value in seconds) + " ms"


def _progress(text: str) -> None:
    sys.stderr.write(f"{text} …\n")


async def run() -> Rows:
    """The table in short: processor time of a token, beside the bare loop's."""
    found = await compare((1, 50), _REPEATS)
    bare = {figures.load: figures.cpu / figures.tokens for figures in found if figures.subject == "bare loop"}
    return [
        Row(
            f"{figures.load}: {figures.subject}",
            f"{figures.cpu / figures.tokens * 1e6:.0f} µs of CPU a token, first token {_ms(figures.first_token)}",
            f"bare loop: {bare[figures.load] * 1e6:.0f} µs",
            figures.cpu / figures.tokens / bare[figures.load],
        )
        for figures in found
        if figures.subject != "bare loop"
    ]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Storywire beside its peers.")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--runs", default="1,10,50,100", help="runs at once at a reading pace")
    parser.add_argument("--repeats", type=int, default=_REPEATS)
    parser.add_argument("--without", default="", help="subjects to leave out, by a word of their names")
    parser.add_argument(
        "--no-readers", action="store_true", help="leave replays, returns and idle readers out"
    )
    asked = parser.parse_args()
    levels = [int(runs) for runs in asked.runs.split(",") if runs]
    without = [word for word in asked.without.split(",") if word]
    readers: Rows = []

    def keep(found: list[Figures]) -> None:
        if asked.json is not None:
            figures = {"loads": found, "readers": readers}
            asked.json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))

    found = asyncio.run(compare(levels, asked.repeats, without, keep))
    show(found)
    if not asked.no_readers:
        readers += asyncio.run(_readers())
        show_rows([("readers", readers)])
        keep(found)


async def _readers() -> Rows:
    """What the service does for readers, which the others have nothing beside: a replay, a return, many at once."""
    return [row for benchmark in (replay, live_readers, idle_readers) for row in await benchmark.run()]


if __name__ == "__main__":
    main()
