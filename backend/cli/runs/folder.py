"""Files of a run in a folder while it is written: one per section, flushed with every message."""

import json
import re
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from workflows.formats.notices import list_dangers, notice_markdown
from workflows.messages.messages import (
    FactsGathered,
    Message,
    OutlinePlanned,
    RunCompleted,
    Slot,
    TextAppended,
    TextRetracted,
    slot_of,
)

_GROWING = ".part.md"


class OutFolder:
    """Output folder of a run, fed with its messages from the first one (`with`). Idempotent.

    `sections/01-cold-open.part.md` grows and becomes `sections/01-cold-open.md`; so do `pieces/M1.md`.
    At the end: `script.md`, `metadata.json`; with facts `sources.json` and `canonical_pack.json`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._titles: dict[int, str] = {}
        self._open: dict[Slot, TextIO] = {}

    def __enter__(self) -> Self:
        for name in ("sections", "pieces"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._open.values():
            file.close()
        self._open.clear()

    def take(self, message: Message) -> None:
        """Applies the next message."""
        match message:
            case OutlinePlanned() as outline:
                self._titles = {section["index"]: section["title"] for section in outline.sections}
            case TextAppended() as data:
                self._write(data)
            case TextRetracted() as data:
                self._forget(slot_of(data))
            case FactsGathered() as data:
                self._write_facts(data)
            case RunCompleted() as data:
                warnings = [f"{notice_markdown(notice)}\n\n" for notice in list_dangers(data.metadata)]
                title = f"# {data.title}\n\n{''.join(warnings)}"
                parts = [f"## {section.title}\n\n{section.text}\n" for section in data.sections]
                _replace(self._folder / "script.md", title + "\n".join(parts))
                _replace(self._folder / "metadata.json", _json(data.metadata))
            case _:
                pass

    def _write(self, data: TextAppended) -> None:
        slot = slot_of(data)
        growing = self._path(slot, _GROWING)
        file = self._open.get(slot)
        if file is None:
            file = self._open[slot] = growing.open("w", encoding="utf-8")
        file.write(data.chunk)
        file.flush()
        if data.is_complete:
            self._open.pop(slot).close()
            growing.replace(self._path(slot, ".md"))

    def _forget(self, slot: Slot) -> None:
        if (file := self._open.pop(slot, None)) is not None:
            file.close()
        for suffix in (_GROWING, ".md"):
            self._path(slot, suffix).unlink(missing_ok=True)

    def _write_facts(self, facts: FactsGathered) -> None:
        _replace(self._folder / "canonical_pack.json", _json(facts.canonical_pack))
        _replace(self._folder / "sources.json", _json(facts.sources))

    def _path(self, slot: Slot, suffix: str) -> Path:
        if isinstance(slot, str):
            return self._folder / "pieces" / f"{_plain(slot)}{suffix}"
        name = _plain(self._titles.get(slot, "section").lower())
        return self._folder / "sections" / f"{slot + 1:02}-{name}{suffix}"


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "-", name).strip("-")[:60] or "section"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _replace(path: Path, text: str) -> None:
    """Replaces the file atomically: no reader finds half a file."""
    draft = path.with_name(f".{path.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
