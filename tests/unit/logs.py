"""Random logs as runs write them: sections side by side, text taken back, errors that a resume lifted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

from backend.log.entry import Entry
from tests.unit.messages import complete, content, error, number, progress, retract, workflow
from workflows.messages.messages import Message, TextAppended, TextRetracted, decode

_SECTIONS = 4
_CHUNKS = ("Once", " upon a time", ". ", " Hi! ", "\n\n", " “Yes.” ", "היה פעם. ", "", "。", " No end", "...")
_Kind = Literal["text", "last", "retract", "piece", "piece gone", "progress", "broke"]
_KINDS: tuple[_Kind, ...] = (
    *("text",) * 8,
    *("last",) * 4,
    *("retract", "piece", "piece gone", "progress", "broke"),
)
_ENDINGS: tuple[Literal["complete", "error"] | None, ...] = ("complete", "error", None)


@dataclass(frozen=True)
class _Step:
    kind: _Kind
    section: int
    chunk: str


def _steps(*kinds: _Kind) -> st.SearchStrategy[list[_Step]]:
    step = st.builds(
        _Step,
        st.sampled_from(kinds),
        st.integers(0, _SECTIONS - 1),
        st.sampled_from(_CHUNKS) | st.text(st.characters(codec="utf-8"), max_size=6),
    )
    return st.lists(step, max_size=40)


def _write(steps: list[_Step], ending: Literal["complete", "error"] | None) -> list[Entry]:
    finished: set[int] = set()
    messages: list[Message] = [workflow("started")]
    for step in steps:
        match step.kind:
            case "text" | "last" if step.section not in finished:
                messages.append(content(step.section, step.chunk, ends=step.kind == "last"))
                if step.kind == "last":
                    finished.add(step.section)
            case "retract":
                messages.append(retract(step.section))
                finished.discard(step.section)
            case "piece":
                messages.append(content(step.section, step.chunk, piece="M1"))
            case "piece gone":
                messages.append(retract(step.section, piece="M1"))
            case "broke":
                messages += [error(), workflow("resumed", 2)]
            case _:
                messages.append(progress(1))
    if ending is not None:
        messages.append(complete() if ending == "complete" else error())
    return number(*messages)


run_logs: st.SearchStrategy[list[Entry]] = st.builds(_write, _steps(*_KINDS), st.sampled_from(_ENDINGS))
"""Logs of runs that may have broken and gone on, and may be over or not."""

smooth_logs: st.SearchStrategy[list[Entry]] = st.builds(
    _write, _steps("text", "text", "last", "piece", "progress"), st.just("complete")
)
"""Logs of runs in which nothing broke and nothing was taken back."""


def messages_of(entries: Iterable[Entry]) -> list[Message]:
    """What the entries say."""
    return [decode(entry.data) for entry in entries]


def read_pieces(entries: Iterable[Entry]) -> dict[str, str]:
    """The reader's rule for texts beside the story. Pieces without text are left out."""
    texts: dict[str, str] = {}
    for message in messages_of(entries):
        if isinstance(message, TextAppended) and message.piece is not None:
            texts[message.piece] = texts.get(message.piece, "") + message.chunk
        elif isinstance(message, TextRetracted) and message.piece is not None:
            texts[message.piece] = ""
    return {piece: text for piece, text in texts.items() if text}


def read_texts(entries: Iterable[Entry]) -> dict[int, str]:
    """The reader's rule: `content` appends, `retract` empties. Sections without text are left out."""
    texts: dict[int, str] = {}
    for message in messages_of(entries):
        if isinstance(message, TextAppended) and message.piece is None:
            texts[message.section] = texts.get(message.section, "") + message.chunk
        elif isinstance(message, TextRetracted) and message.piece is None:
            texts[message.section] = ""
    return {section: text for section, text in texts.items() if text}
