"""Merging of adjacent `content` messages of a section into fewer, larger ones. Pure.

Once before messages go into the log, and once more when a reader catches up on many of them.
"""

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple, TypeVar

import orjson

from backend.log.entry import Entry
from workflows.messages.lenient import is_section
from workflows.messages.messages import Message, TextAppended, encode

_T = TypeVar("_T")


class _Text(NamedTuple):
    """Destination of a `content` message's text, and whether the text ends with it."""

    section: int
    piece: str | None
    is_complete: bool
    chunk: str


def merge_messages(messages: Iterable[Message]) -> Iterator[Message]:
    """The same messages, with runs of `content` of one section joined. Order and text stay."""
    for last, texts in _groups(messages, _text_of_message):
        yield _join(texts) if len(texts) > 1 else last


def cut_message(message: Message, size: int) -> Iterator[Message]:
    """The same text in messages of at most `size` characters; any other message as it is."""
    if not isinstance(message, TextAppended) or len(message.chunk) <= size:
        yield message
        return
    for start in range(0, len(message.chunk), size):
        is_last = start + size >= len(message.chunk)
        yield TextAppended.model_construct(
            section=message.section,
            chunk=message.chunk[start : start + size],
            is_complete=message.is_complete and is_last,
            piece=message.piece,
        )


def merge_entries(entries: list[Entry], on_damaged: Callable[[Entry], object]) -> list[Entry]:
    """The same for entries; the joined one has the seq of the last. Text that is damaged is left out, and told to
    `on_damaged`."""
    if len(entries) == 1:  # of who keeps up
        return entries
    return [
        Entry(last.seq, "content", encode(_join(texts))) if len(texts) > 1 else last
        for (last, _), texts in _groups(_with_texts(entries, on_damaged), itemgetter(1))
    ]


def _groups(items: Iterable[_T], text_of: Callable[[_T], _Text | None]) -> Iterator[tuple[_T, list[_Text]]]:
    """Runs of texts of one section: the last item of each, and its texts; none for other messages."""
    last: _T | None = None
    texts: list[_Text] = []
    for item in items:
        text = text_of(item)
        if last is not None and not (texts and text and _continues(texts[-1], text)):
            yield last, texts
            texts = []
        if text is not None:
            texts.append(text)
        last = item
    if last is not None:
        yield last, texts


def _continues(before: _Text, after: _Text) -> bool:
    return not before.is_complete and before.section == after.section and before.piece == after.piece


def _join(texts: list[_Text]) -> TextAppended:
    chunk = "".join(text.chunk for text in texts)
    section, piece, is_complete, _ = texts[-1]
    return TextAppended.model_construct(section=section, chunk=chunk, is_complete=is_complete, piece=piece)


def _text_of_message(message: Message) -> _Text | None:
    if not isinstance(message, TextAppended):
        return None
    return _Text(message.section, message.piece, message.is_complete, message.chunk)


def _with_texts(
    entries: Iterable[Entry], on_damaged: Callable[[Entry], object]
) -> Iterator[tuple[Entry, _Text | None]]:
    # Our own entries, so they need not be checked again in full: a late reader merges ten thousand of them.
    for entry in entries:
        if entry.type != "content":
            yield entry, None
            continue
        try:
            data = orjson.loads(entry.data)["data"]
            text = _Text(data["section"], data.get("piece"), data["is_complete"], data["chunk"])
        except (ValueError, LookupError, TypeError):
            on_damaged(entry)
            continue
        if is_section(text.section):
            yield entry, text
        else:
            on_damaged(entry)
