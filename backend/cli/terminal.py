"""Output on a terminal: the one place that prints.

Titles, names and messages come from models, readers and servers. None of them is read as markup, and none can move
the cursor, colour the screen or turn the direction of what stands beside it.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Column, Table
from rich.text import Text

StyledText = str | tuple[str, str]
"""Text, or text with its style."""

# All control characters but tab and newline, separators of lines, and what turns the direction of others.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """Text without control characters; lines and tabs stay."""
    return _CONTROLS.sub("", text)


def line_of(*parts: StyledText) -> Text:
    """Parts as one text, cleaned."""
    return Text.assemble(
        *(clean(part) if isinstance(part, str) else (clean(part[0]), part[1]) for part in parts)
    )


def say(*parts: StyledText, style: str = "", err: bool = False) -> None:
    """Prints the parts as one line, which the terminal may break."""
    sys.stdout.flush()
    _console(err=err).print(line_of(*parts), style=style, soft_wrap=True)


def write(text: str, end: str = "\n") -> None:
    """Text itself on standard output, at once."""
    print(clean(text), end=end, flush=True)


def print_json(value: Any) -> None:
    """A value as one line of JSON, in ASCII: nothing in it can move the cursor, and nothing is taken out of it."""
    print(json.dumps(value, ensure_ascii=True, default=str), flush=True)


def show_table(columns: Sequence[str | Column], rows: Iterable[Sequence[str]]) -> None:
    """A table with one line a row at least; cells have no line breaks of their own."""
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*(line_of(" ".join(cell.split())) for cell in row))
    _console(err=False).print(table)


def show_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Names and values, aligned."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in pairs:
        table.add_row(line_of(name), line_of(value))
    _console(err=False).print(table)


class StatusLine:
    """The line at the foot of a terminal that says what is being done; nothing where standard error is no terminal, or
    the text itself goes to one."""

    def __init__(self) -> None:
        console = _console(err=True)
        self._status: Status | None = None
        if console.is_terminal and not sys.stdout.isatty():
            self._status = console.status("Starting")
            self._status.start()

    def update(self, text: str) -> None:
        """Puts another text there."""
        if self._status is not None:
            self._status.update(line_of(text))

    def stop(self) -> None:
        """Takes the line away."""
        if self._status is not None:
            self._status.stop()


def _console(*, err: bool) -> Console:
    options: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
    return Console(stderr=err, **options)
