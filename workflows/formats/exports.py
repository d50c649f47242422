"""Exports of a finished run as a file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


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


@dataclass(frozen=True, slots=True)
class Exporter:
    """A kind of file. `render` is pure, and may be slow: it is called in a thread."""

    suffix: str
    media_type: str
    render: Callable[[Finished], bytes]


def render_text(finished: Finished) -> bytes:
    """The text alone, which `sha256` of the run covers, with a line end."""
    return ("\n\n".join(text for _, text in finished.sections) + "\n").encode()


def render_markdown(finished: Finished) -> bytes:
    """Title, sections under their headings, and derived results below."""
    parts = [f"# {_line(finished.title)}"]
    for title, text in finished.sections:
        parts += [f"## {_line(title)}", text]
    for title, text in finished.pieces:
        parts += ["---", f"## {_line(title)}", text]
    return ("\n\n".join(parts) + "\n").encode()


def _line(title: str) -> str:
    return " ".join(title.split())


EVERYWHERE: Mapping[str, Exporter] = {
    "md": Exporter("md", "text/markdown; charset=utf-8", render_markdown),
    "txt": Exporter("txt", "text/plain; charset=utf-8", render_text),
}
"""What every format can be had as."""
