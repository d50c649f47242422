"""What a text costs as it grows: processor time, checkpoints, log and prompts, by its sections.

`python -m benchmarks.growth --svg docs/images/growth.svg --json docs/images/growth.json` draws them up to 100,000
words; `--from FILE` draws what was measured before.
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import psutil  # type: ignore[import-untyped]

from benchmarks import chronicle
from benchmarks.plots import Panel, draw
from benchmarks.processes import ServiceProcess, cpu_seconds
from benchmarks.readers import Reading, stream_path
from benchmarks.report import Row, Rows, show_one
from benchmarks.stories import prose
from tests.fakes.process import spawn_provider

_SECTIONS = (5, 25, 80, 250)
_FEW = (5, 25, 50)
_GROWTH = 1.5
"""What a section of the longest text may cost, over one of the text before it in the list of a tenth of its length."""


@dataclass(frozen=True, slots=True)
class Grown:
    """What a text of so many sections took: seconds of processor time, bytes, tokens."""

    sections: int
    words: int
    cpu: float
    checkpoints: int  # the file at its largest
    log: int  # of all messages
    written: int  # to the block device
    prompts: int


async def measure(
    counts: Sequence[int], keep: Callable[[list[Grown]], object] = lambda _: None
) -> list[Grown]:
    """One text for each count, in growing order, by one service. `keep` is called with what was found so far."""
    found: list[Grown] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chronicle.install(folder)
        async with (
            spawn_provider(prose(words=chronicle.WORDS)) as provider,
            ServiceProcess(provider.openai_url, folder / "data", judge="off") as service,
        ):
            await _write(service, 1)  # what is loaded at first use is loaded now
            for count in counts:
                sys.stderr.write(f"{count} sections …\n")
                found.append(await _grow(service, folder / "data", count))
                keep(found)
    return found


async def _grow(service: ServiceProcess, data_dir: Path, count: int) -> Grown:
    before, written = cpu_seconds(service.pid), _written(service.pid)
    ending = await _write(service, count)
    cpu, written = cpu_seconds(service.pid) - before, _written(service.pid) - written
    with closing(sqlite3.connect(data_dir / "storywire.db")) as database:
        query = "SELECT sum(length(data)) FROM log_entries WHERE run_id = ?"
        [log] = database.execute(query, (ending["run_id"],)).fetchone()
    with closing(sqlite3.connect(data_dir / "checkpoints.db")) as database:
        # Pages that a text gave back are there for the next one, which is longer.
        [pages], [size] = (
            database.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
        )
    return Grown(
        sections=len(ending["sections"]),
        words=ending["metadata"]["word_count"],
        cpu=cpu,
        checkpoints=pages * size,
        log=log,
        written=written,
        prompts=ending["usage"]["input_tokens"],
    )


async def _write(service: ServiceProcess, count: int) -> dict[str, Any]:
    """The last message of a text."""
    reply = await service.client.http.post(
        "/api/v1/runs",
        json={
            "format": "chronicle",
            "input": {"theme": f"{count} nights", "title": f"{count} nights"},
            "options": {"keep_length": False},
        },
    )
    run_id = str(reply.raise_for_status().json()["run_id"])
    message = (await (await Reading.open(service.port, stream_path(run_id))).read())[-1].message
    assert message["type"] == "complete", message
    return dict(message["data"])


def _written(pid: int) -> int:
    return int(psutil.Process(pid).io_counters().write_bytes)


async def run() -> Rows:
    """Texts of 2,000 to 20,000 words: whether a section of the longest costs as much as one of the shortest."""
    found = await measure(_FEW)
    return [
        _row(found, "processor time", "ms", [each.cpu * 1000 for each in found]),
        _row(found, "checkpoints", "kB", [each.checkpoints / 1000 for each in found]),
        _row(found, "log", "kB", [each.log / 1000 for each in found]),
    ]


def _row(found: Sequence[Grown], what: str, unit: str, values: Sequence[float]) -> Row:
    a_section = [value / each.sections for value, each in zip(values, found, strict=True)]
    ratio = a_section[-1] / a_section[0]
    return Row(
        f"{what}, {found[-1].words:,} words in {found[-1].sections} sections",
        f"{a_section[-1]:.1f} {unit} a section",
        f"{a_section[0]:.1f} {unit} in {found[0].sections} sections",
        ratio,
        f"≤ {_GROWTH}",
        ratio <= _GROWTH,
    )


def plot(found: Sequence[Grown]) -> str:
    """The plots, as SVG."""
    sections = [float(each.sections) for each in found]
    panels = [
        Panel("Processor time, seconds", sections, [each.cpu for each in found]),
        Panel("Checkpoints at their largest, MB", sections, [each.checkpoints / 1e6 for each in found]),
        Panel("Log, MB", sections, [each.log / 1e6 for each in found]),
        Panel("Tokens of prompts, thousands", sections, [each.prompts / 1000 for each in found]),
    ]
    longest = found[-1]
    title = f"One text of up to {longest.words:,} words, in sections of {chronicle.WORDS}"
    return draw(title, panels, "sections")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="What a text costs as it grows.")
    parser.add_argument("--svg", type=Path, help="a file for the plots")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--from", type=Path, dest="source", help="draw the figures of this file")
    parser.add_argument("--sections", default=",".join(map(str, _SECTIONS)), help="sections of each text")
    asked = parser.parse_args()

    def keep(found: list[Grown]) -> None:
        if asked.json is not None:
            lines = b",\n".join(orjson.dumps(each) for each in found)
            asked.json.write_bytes(b"[\n" + lines + b"\n]\n")
        if asked.svg is not None:
            asked.svg.write_text(plot(found), encoding="utf-8")

    if asked.source is not None:
        found = [Grown(**each) for each in orjson.loads(asked.source.read_bytes())]
        keep(found)
    else:
        found = asyncio.run(measure([int(count) for count in asked.sections.split(",")], keep))
    for each in found:
        print(asdict(each))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main()
    else:
        show_one(run, "growth")
