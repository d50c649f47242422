"""Fewer, larger messages: adjacent text of one section becomes one message. Pure.

Once before messages go into the log, and once more when a reader catches up on many of them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import orjson

from backend.log.entry import Entry
from backend.streaming.chunks import Content, ContentData, Message, encode

_T = TypeVar("_T")


def merge_messages(messages: Iterable[Message]) -> Iterator[Message]:
    """The same messages, with runs of `content` of one section joined. Order and text stay."""
    for group in _groups(messages, _content_of_message):
        yield group[-1] if len(group) == 1 else _join(map(_content_of_message, group))


def merge_entries(entries: list[Entry]) -> list[Entry]:
    """The same for entries; the joined one has the seq of the last."""
    if len(entries) < 2:
        return entries
    return [
        group[-1]
        if len(group) == 1
        else Entry(group[-1].seq, "content", encode(_join(map(_content_of_entry, group))))
        for group in _groups(entries, _content_of_entry)
    ]


def _groups(items: Iterable[_T], content_of: Callable[[_T], ContentData | None]) -> Iterator[list[_T]]:
    group: list[_T] = []
    before: ContentData | None = None
    for item in items:
        data = content_of(item)
        if group and not _continues(before, data):
            yield group
            group = []
        group.append(item)
        before = data
    if group:
        yield group


def _continues(before: ContentData | None, after: ContentData | None) -> bool:
    return (
        before is not None
        and after is not None
        and before.section == after.section
        and before.piece == after.piece
        and not before.is_complete
    )


def _join(parts: Iterable[ContentData | None]) -> Content:
    known = [part for part in parts if part is not None]
    text = "".join(part.chunk for part in known)
    return Content(data=known[-1].model_copy(update={"chunk": text}))


def _content_of_message(message: Message) -> ContentData | None:
    return message.data if isinstance(message, Content) else None


def _content_of_entry(entry: Entry) -> ContentData | None:
    # Our own entry, so it need not be checked again: a late reader merges ten thousand of them.
    return (
        ContentData.model_construct(**orjson.loads(entry.data)["data"]) if entry.type == "content" else None
    )
