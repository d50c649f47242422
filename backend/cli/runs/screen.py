"""A run on a terminal: the text on standard output as it arrives, all else on standard error."""

from types import TracebackType
from typing import Self

from backend.cli.runs.outcome import show_outcome
from backend.cli.terminal import StatusLine, StyledText, say, write
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
        self._status: StatusLine | None = None
        self._outline: OutlinePlanned | None = None
        self._section: Slot | None = None
        self._begun: set[Slot] = set()
        self._has_text = False

    def __enter__(self) -> Self:
        self._status = StatusLine()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()
        if error is not None and self._has_text:
            write("")  # what is said next begins a line of its own

    def show(self, message: Message) -> None:
        """Shows a message."""
        match message:
            case OutlinePlanned() as outline:
                self._show_outline(outline)
            case TextAppended() as data:
                self._write(slot_of(data), data.chunk)
            case TextRetracted() as data if data.piece is not None:
                _print((f"\n— {data.piece} is taken back ({data.reason}) —", "yellow"))
                self._section = None
                self._begun.discard(data.piece)
            case TextRetracted() as data:
                _print((f"\n— section {data.section + 1} is written again ({data.reason}) —", "yellow"))
                self._section = None
            case SafetyChecked() as data:
                _show_verdict(data)
            case NodeChanged() as data if data.message:
                _print((f"\n— {data.message} —", "yellow"))
            case ProgressReported() as data:
                self._progress(
                    f"{data.percent:3} %  {data.words} of {data.target_words} words  {data.message}"
                )
            case RunCompleted() as data:
                self._show_end(data.model_dump())
            case RunFailed() as data:
                _print("\n", (data.code, "red"), f"  {data.message}")
            case _:
                pass

    def _show_outline(self, outline: OutlinePlanned) -> None:
        self._outline = outline
        _print((outline.title, "bold"))
        for section in outline.sections:
            _print(
                f"  {section['index'] + 1}. {section['title']}  ", (f"{section['target_words']} words", "dim")
            )
        _print("")

    def _write(self, slot: Slot, chunk: str) -> None:
        if slot != self._section:
            write("\n\n" if self._has_text else "", end="")
            self._section, self._has_text = slot, True
            if isinstance(slot, str):
                # The end of one that ran over is written when all others are there.
                write(f"{slot}, its end\n" if slot in self._begun else f"{slot}\n")
            self._begun.add(slot)
        write(chunk, end="")

    def _show_end(self, data: dict[str, object]) -> None:
        write("")
        metadata = data["metadata"]
        assert isinstance(metadata, dict)
        _print(
            f"\nWords      {metadata['word_count']}, {metadata['estimated_reading_time']} minutes, "
            f"{metadata['vocabulary_level']}"
        )
        _print(f"Cost       {_cost(data['usage'], cached=bool(data['cached']))}")
        show_outcome(metadata)
        choices = data.get("choices")
        if isinstance(choices, list):
            _print("\n", (str(data.get("choice_question", "")), "bold"))
            for number, choice in enumerate(choices, 1):
                _print(f"  {number}. {choice['text']}  ", (choice["description"], "dim"))

    def _progress(self, line: str) -> None:
        if self._status is not None:
            self._status.update(line)


def _print(*parts: StyledText) -> None:
    say(*parts, err=True)


def _show_verdict(data: SafetyChecked) -> None:
    verdict = ("approved", "green") if data.approved else ("not approved", "red")
    _print("\n\nSafety     ", verdict, f", score {data.score:.2f}, {len(data.issues)} notes")
    for issue in [] if data.approved else data.issues:
        _print((f"           {issue['category']}: {issue['advice']}", "red"))


def _cost(usage: object, *, cached: bool) -> str:
    assert isinstance(usage, dict)
    if cached:
        return "nothing: an earlier run's text for the same request"
    cost = usage["cost_usd"]
    price = "unknown price" if cost is None else f"${cost:.4f}"
    about = "about " if usage["estimated"] else ""
    return f"{about}{price}, {usage['input_tokens']} tokens read, {usage['output_tokens']} written"
