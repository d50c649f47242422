"""Exports of a finished run as a file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.formats.notices import Notice, list_dangers, notice_lines, notice_markdown
from workflows.formats.sources import list_sources
from workflows.messages.messages import Source


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run as exporters get it. `sections` and `pieces` are titles and texts, in order."""

    run_id: str
    format: str
    title: str
    language: str
    input: Mapping[str, Any]
    sections: Sequence[tuple[str, str]]
    pieces: Sequence[tuple[str, str]] = ()
    results: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dangers(self) -> list[Notice]:
        """The warnings that stand before the text in every kind of file."""
        return list_dangers(self.metadata)

    @property
    def danger_lines(self) -> list[str]:
        """The same as lines of plain text."""
        return [line for notice in self.dangers for line in notice_lines(notice, self.language)]


@dataclass(frozen=True, slots=True)
class Exporter:
    """A kind of file. `render` is pure, and may be slow: it is called in a thread."""

    suffix: str
    media_type: str
    render: Callable[[Finished], bytes]


def render_text(finished: Finished) -> bytes:
    """The text alone: what `sha256` of the run is about, with a line end. A warning stands before it."""
    warning = ["\n".join(finished.danger_lines)] if finished.dangers else []
    return ("\n\n".join([*warning, *(text for _, text in finished.sections)]) + "\n").encode()


def render_markdown(finished: Finished) -> bytes:
    """Title, sections under their headings, and below them what was made of the text and the sources by number."""
    parts = [f"# {_line(finished.title)}"]
    parts += [notice_markdown(notice, finished.language) for notice in finished.dangers]
    for title, text in finished.sections:
        parts += [f"## {_line(title)}", text]
    for title, text in finished.pieces:
        parts += ["---", f"## {_line(title)}", text]
    if sources := list_sources(finished.results):
        parts += ["## Sources", "\n".join(_source(number, one) for number, one in enumerate(sources, 1))]
    return ("\n\n".join(parts) + "\n").encode()


def _source(number: int, source: Source) -> str:
    """`[1] Title, address`, as texts cite it; a line of its own in Markdown."""
    said = (source["title"], source["publisher"], source["date"], source["url"])
    return f"[{number}] {', '.join(_line(part) for part in said if part)}  "


def _line(title: str) -> str:
    return " ".join(title.split())


EVERYWHERE: Mapping[str, Exporter] = {
    "md": Exporter("md", "text/markdown; charset=utf-8", render_markdown),
    "txt": Exporter("txt", "text/plain; charset=utf-8", render_text),
}
"""What every format can be had as."""
