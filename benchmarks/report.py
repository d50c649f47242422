"""What a benchmark found, as rows of one table."""

import asyncio
import os
import platform
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

_WIDTH = 150


@dataclass(frozen=True, slots=True)
class Row:
    """One number beside what it is compared with.

    `ratio` is the number over its baseline (or over its limit, where `baseline` says that). `met` is whether
    the target holds; None for a number that has no target.
    """

    what: str
    measured: str
    baseline: str
    ratio: float | None = None
    target: str = ""
    met: bool | None = None


Rows = list[Row]
Run = Callable[[], Coroutine[Any, Any, Rows]]


def show(found: Iterable[tuple[str, Rows]]) -> None:
    """Prints the table, one part a benchmark."""
    table = Table(title="Storywire", title_justify="left", caption=_machine(), caption_justify="left")
    for name in ("benchmark", "what", "measured", "baseline", "ratio", "target", ""):
        table.add_column(name, justify="right" if name == "ratio" else "left", overflow="fold")
    for benchmark, rows in found:
        for position, row in enumerate(rows):
            ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
            name = "" if position else benchmark
            table.add_row(name, row.what, row.measured, row.baseline, ratio, row.target, _mark(row.met))
        table.add_section()
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(table)


def show_one(run: Run, name: str) -> None:
    """Runs one benchmark and prints its part of the table."""
    show([(name, asyncio.run(run()))])


def _mark(met: bool | None) -> str:
    return {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[met]


def _machine() -> str:
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; load {load}"
