"""A run on a terminal: the text on standard output as it arrives, all else on standard error."""

import sys
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from workflows.formats.notices import list_notices, notice_lines
from workflows.messages.messages import (
    Message,
    NodeChanged,
    OutlinePlanned,
    ProgressReported,
    RunCompleted,
    RunFailed,
    SafetyChecked,
    Slot,
    TextAppended,
    TextRetracted,
    slot_of,
)


class RunScreen:
    """Terminal output of a run's messages. Sections are printed in the order of their arrival."""

    def __init__(self) -> None:
        self._about = Console(stderr=True, highlight=False)
        self._status: Status | None = None
        self._outline: OutlinePlanned | None = None
        self._section: Slot | None = None

    def __enter__(self) -> Self:
        if self._about.is_terminal and not sys.stdout.isatty():
            self._status = self._about.status("Starting")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, message: Message) -> None:
        """Shows a message."""
        match message:
            case OutlinePlanned() as outline:
                self._show_outline(outline)
            case TextAppended() as data:
                self._write(slot_of(data), data.chunk)
            case TextRetracted() as data if data.piece is not None:
                self._tell(f"\n[yellow]— {escape(data.piece)} is taken back ({data.reason}) —[/yellow]")
                self._section = None
            case TextRetracted() as data:
                self._tell(
                    f"\n[yellow]— section {data.section + 1} is written again ({data.reason}) —[/yellow]"
                )
                self._section = None
            case SafetyChecked() as data:
                verdict = "[green]approved[/green]" if data.approved else "[red]not approved[/red]"
                self._tell(f"\n\nSafety     {verdict}, score {data.score:.2f}, {len(data.issues)} notes")
            case NodeChanged() as data if data.message:
                self._tell(f"\n[yellow]— {escape(data.message)} —[/yellow]")
            case ProgressReported() as data:
                self._progress(
                    f"{data.percent:3} %  {data.words} of {data.target_words} words  {data.message}"
                )
            case RunCompleted() as data:
                self._show_end(data.model_dump())
            case RunFailed() as data:
                self._tell(f"\n[red]{data.code}[/red]  {escape(data.message)}")
            case _:
                pass

    def _show_outline(self, outline: OutlinePlanned) -> None:
        self._outline = outline
        self._tell(f"[bold]{escape(outline.title)}[/bold]")
        for section in outline.sections:
            self._tell(
                f"  {section['index'] + 1}. {escape(section['title'])}  [dim]{section['target_words']} words[/dim]"
            )
        self._tell("")

    def _write(self, slot: Slot, chunk: str) -> None:
        if slot != self._section:
            print(end="" if self._section is None else "\n\n")
            self._section = slot
            if isinstance(slot, str):
                print(f"{slot}\n")
        print(chunk, end="", flush=True)

    def _show_end(self, data: dict[str, object]) -> None:
        print(flush=True)
        metadata = data["metadata"]
        assert isinstance(metadata, dict)
        self._tell(
            f"\nWords      {metadata['word_count']}, {metadata['estimated_reading_time']} minutes, "
            f"{metadata['vocabulary_level']}"
        )
        self._tell(f"Cost       {_cost(data['usage'], cached=bool(data['cached']))}")
        self._show_findings(metadata)
        for notice in list_notices(metadata):
            style = "bold red" if notice["level"] == "danger" else "yellow"
            for line in notice_lines(notice):
                self._tell(f"[{style}]{escape(line)}[/{style}]")
        choices = data.get("choices")
        if isinstance(choices, list):
            self._tell(f"\n[bold]{escape(str(data.get('choice_question', '')))}[/bold]")
            for number, choice in enumerate(choices, 1):
                self._tell(
                    f"  {number}. {escape(choice['text'])}  [dim]{escape(choice['description'])}[/dim]"
                )

    def _show_findings(self, metadata: dict[str, Any]) -> None:
        """What the format's review still found fault with."""
        for finding in metadata.get("compliance", {}).get("findings", []):
            place = f"section {finding['section'] + 1}: " if "section" in finding else ""
            self._tell(f"[yellow]Not mended  {escape(place + finding['advice'])}[/yellow]")

    def _progress(self, line: str) -> None:
        if self._status is not None:
            self._status.update(escape(line))

    def _tell(self, line: str) -> None:
        sys.stdout.flush()
        self._about.print(line)


def _cost(usage: object, *, cached: bool) -> str:
    assert isinstance(usage, dict)
    if cached:
        return "nothing: an earlier run's text for the same request"
    cost = usage["cost_usd"]
    price = "unknown price" if cost is None else f"${cost:.4f}"
    about = "about " if usage["estimated"] else ""
    return f"{about}{price}, {usage['input_tokens']} tokens read, {usage['output_tokens']} written"
