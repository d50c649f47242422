"""Fifty runs at once from a paced provider: does the service fall behind it?"""

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bare import Work, spawn_bare_loop
from benchmarks.processes import ServiceProcess, cpu_seconds
from benchmarks.readers import Arrival, Reading, stream_path
from benchmarks.report import Row, Rows, show_one
from benchmarks.stories import calls_of, new_theme, prose, sections_of, start
from tests.fakes.answer import split_tokens
from tests.fakes.process import spawn_provider
from tests.fakes.script import Reply, Script

_RUNS, _PACE, _WORDS = 50, 30, 150
_BEHIND_SECONDS = 0.5
"""Fallen behind: half the tokens come this late, or a section's last words do."""


@dataclass(frozen=True)
class Story:
    theme: str
    arrivals: list[Arrival]


async def run() -> Rows:
    """One wave of runs, a reader each."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            spawn_provider(prose(words=20)) as provider,
            spawn_bare_loop(provider.openai_url) as bare,
            ServiceProcess(provider.openai_url, Path(folder) / "data") as service,
        ):
            await read_story(service)  # what is loaded at first use is loaded now
            await bare.write([new_theme()])
            await provider.set_script(Script(default=Reply(words=_WORDS, pace=_PACE)))  # plans are paced too
            known = len(await provider.calls())
            cpu, began = cpu_seconds(service.pid), time.time()
            stories = await asyncio.gather(*(read_story(service) for _ in range(_RUNS)))
            wall, cpu = time.time() - began, cpu_seconds(service.pid) - cpu
            calls = (await provider.calls())[known:]
            loop = await bare.write([new_theme() for _ in range(_RUNS)])
    ideal = max(_ideal_seconds(calls_of(calls, story.theme)) for story in stories)
    late = sorted(delay for story in stories for delay in lateness(story, calls))
    ends = [max(_ending_lateness(story, calls)) for story in stories]
    return _rows(wall, ideal, cpu, loop, late, max(ends))


def _rows(wall: float, ideal: float, cpu: float, loop: Work, late: list[float], end: float) -> Rows:
    middle, most = median(late), late[int(len(late) * 0.99)]
    return [
        Row(
            f"{_RUNS} runs at {_PACE} tokens/s each: from the first start to the last end",
            f"{wall:.1f} s; the provider's own pace is {ideal:.1f} s",
            f"bare loop with the same {_RUNS} stories: {loop.wall:.1f} s",
            wall / loop.wall,
        ),
        Row(
            "a token's way from the provider's schedule to the reader",
            f"median {middle * 1000:.0f} ms, 99 % {most * 1000:.0f} ms, worst {late[-1] * 1000:.0f} ms",
            f"{_BEHIND_SECONDS * 1000:.0f} ms",
            most / _BEHIND_SECONDS,
        ),
        Row(
            "the last words of a section, worst of all",
            f"{end * 1000:.0f} ms late",
            f"{_BEHIND_SECONDS * 1000:.0f} ms",
            end / _BEHIND_SECONDS,
            "not behind at the end",
            end <= _BEHIND_SECONDS,
        ),
        Row(
            "processor",
            f"{cpu:.1f} s, {cpu / wall:.0%} of a core",
            f"bare loop: {loop.cpu:.1f} s, {loop.cpu / loop.wall:.0%} of a core",
            cpu / loop.cpu,
        ),
    ]


def _ideal_seconds(calls: list[dict[str, Any]]) -> float:
    """What the calls of one story take one after another, with nothing between them."""
    return sum((int(call["tokens_sent"]) - 1) / _PACE for call in calls)


def lateness(story: Story, calls: list[dict[str, Any]]) -> list[float]:
    """Seconds between the moment that a frame's last token was due and its arrival, frame by frame."""
    late: list[float] = []
    for index, section in enumerate(sections_of(calls, story.theme)):
        due = _due_times(section)
        told = 0
        for arrival in story.arrivals:
            data = arrival.message["data"]
            if arrival.message["type"] == "content" and data["section"] == index and data["chunk"]:
                told += len(data["chunk"])
                late.append(arrival.at - due[min(told, len(due)) - 1])
    return late


def _ending_lateness(story: Story, calls: list[dict[str, Any]]) -> list[float]:
    ends = [
        arrival.at
        for arrival in story.arrivals
        if arrival.message["type"] == "content" and arrival.message["data"]["is_complete"]
    ]
    sections = sections_of(calls, story.theme)
    return [end - _due_times(section)[-1] for end, section in zip(ends, sections, strict=True)]


def _due_times(section: dict[str, Any]) -> list[float]:
    """For each character of the section, when the provider's pace brings it."""
    due: list[float] = []
    for position, token in enumerate(split_tokens(section["text_sent"])):
        due += [section["first_token_at"] + position / _PACE] * len(token)
    return due


async def read_story(service: ServiceProcess) -> Story:
    theme = new_theme()
    run_id = await start(service.client, theme)
    arrivals = await (await Reading.open(service.port, stream_path(run_id))).read()
    assert arrivals[-1].message["type"] == "complete", arrivals[-1]
    return Story(theme, arrivals)


if __name__ == "__main__":
    show_one(run, "many_runs")
