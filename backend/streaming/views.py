"""Views of a log: sections in reading order, whole sentences, whole sections.

A view is a pure function of the log, so the number of a message in it, counted from the view's first, means the
same on every connection and in every process: a reader who comes back with the same query options is sent exactly
what follows.
"""

from collections.abc import Iterator
from typing import Literal, Protocol

from backend.log.entry import Entry
from workflows.messages.lenient import decode_stored
from workflows.messages.messages import (
    TERMINAL,
    Slot,
    TextAppended,
    TextRetracted,
    encode,
    slot_of,
)
from workflows.text.sentences import last_sentence_end

Order = Literal["live", "reading"]
Granularity = Literal["token", "sentence", "section"]
Wire = Literal["story_chunk", "ai-sdk", "ag-ui", "ai-sdk-6"]
"""The format of a stream: our own, or that of another project's clients."""


_VIEWS: tuple[tuple[Order, Granularity], ...] = (
    ("live", "token"),
    ("live", "sentence"),
    ("live", "section"),
    ("reading", "token"),
    ("reading", "sentence"),
    ("reading", "section"),
)
"""A view's place here is part of its ids: add at the end, never between."""
_IDS_OF_A_VIEW = 10**12
_FOREIGN: dict[Wire, int] = {"ai-sdk": 100, "ag-ui": 101, "ai-sdk-6": 102}
"""The places of other wires, behind all views that there may come to be."""


def first_id(order: Order, granularity: Granularity, wire: Wire = "story_chunk") -> int:
    """Offset of a view's numbers on the wire, by which an id identifies its view; 0 for the log itself.

    Millions of millions apart: no run has so many messages, and JavaScript still counts there exactly.
    """
    return _place_of(order, granularity, wire) * _IDS_OF_A_VIEW


def _place_of(order: Order, granularity: Granularity, wire: Wire) -> int:
    return _FOREIGN[wire] if wire in _FOREIGN else _VIEWS.index((order, granularity))


def number_in_view(id: int, order: Order, granularity: Granularity, wire: Wire = "story_chunk") -> int:
    """A number on the wire → the number in this view; 0, before the first message, is every view's.

    Raises ValueError with a sentence for an id of another view: what its reader has isn't what this view's readers
    have before any one message, so there is no place to go on from.
    """
    place, number = divmod(id, _IDS_OF_A_VIEW)
    if id == 0 or place == _place_of(order, granularity, wire):
        return number
    foreign = {known: name for name, known in _FOREIGN.items()}
    if place in foreign or wire in _FOREIGN:
        own_wire = foreign.get(place, "story_chunk")
        raise ValueError(
            f"this id was sent with protocol={own_wire}, and means nothing with protocol={wire}; ask for the same "
            "protocol as before, or leave the id out to read from the start"
        )
    if place >= len(_VIEWS):
        raise ValueError(f"no message was ever sent with the number {id}")
    own, other = _VIEWS[place], (order, granularity)
    raise ValueError(
        f"this id was sent with order={own[0]}&granularity={own[1]}, and means nothing with order={other[0]}"
        f"&granularity={other[1]}; ask for the same order and granularity as before, or leave the id out to read from "
        "the start"
    )


class _Stage(Protocol):
    def feed(self, entry: Entry) -> Iterator[Entry]: ...


class View:
    """Conversion of a log's entries, fed in order from the first, to the view's own entries."""

    def __init__(self, order: Order, granularity: Granularity, language: str | None = None) -> None:
        """`language`: the text's, as a tag such as `en`, for its sentences."""
        self._stages: list[_Stage] = []
        if order == "reading":
            self._stages.append(_ReadingOrder())
        if granularity != "token":
            self._stages.append(_Grains(granularity, language))
        self.count = 0
        """Messages shown so far."""

    def feed(self, entry: Entry) -> list[Entry]:
        """The view's entries that `entry` leads to, numbered consecutively."""
        shown = [entry]
        for stage in self._stages:
            shown = [out for item in shown for out in stage.feed(item)]
        numbered = []
        for item in shown:
            self.count += 1
            numbered.append(Entry(self.count, item.type, item.data))
        return numbered


class _ReadingOrder:
    """View in reading order: holds back later sections until the current one is complete.

    A permutation of the log. What is held is at most the text of the run.
    """

    def __init__(self) -> None:
        self._reading = 0
        self._held: dict[int, list[Entry]] = {}
        self._whole: set[int] = set()  # later sections that were shown whole when the run broke

    def feed(self, entry: Entry) -> Iterator[Entry]:
        if entry.type in TERMINAL:
            yield from self._release_all()
            yield entry
            return
        section = _section(entry)
        if section is None or section < self._reading:
            yield entry
        elif section > self._reading:
            self._held.setdefault(section, []).append(entry)
        else:
            yield from self._read(entry)

    def _read(self, entry: Entry) -> Iterator[Entry]:
        yield entry
        if not _ends_section(entry):
            return
        self._reading += 1
        while self._reading in self._whole and self._reading not in self._held:
            self._reading += 1
        for held in self._held.pop(self._reading, ()):
            # Held entries may themselves end this section and open the next: feed them again.
            yield from self.feed(held)

    def _release_all(self) -> Iterator[Entry]:
        """The entries still held back when the run ends: readers get all of the text."""
        held, self._held = self._held, {}
        for section in sorted(held):
            yield from held[section]
            if _ends_section(held[section][-1]):
                self._whole.add(section)
            else:
                self._whole.discard(section)


class _Grains:
    """View of text in whole sentences or sections."""

    def __init__(self, granularity: Granularity, language: str | None) -> None:
        self._language = language
        self._whole_sections = granularity == "section"
        self._pending: dict[Slot, list[str]] = {}

    def feed(self, entry: Entry) -> Iterator[Entry]:
        message = decode_stored(entry.data) if entry.type in ("content", "retract") else None
        if isinstance(message, TextAppended):
            yield from self._take(entry, message)
            return
        if isinstance(message, TextRetracted):
            self._pending.pop(slot_of(message), None)
        elif entry.type in TERMINAL:
            yield from self._release_all(entry)
        yield entry

    def _take(self, entry: Entry, content: TextAppended) -> Iterator[Entry]:
        slot = slot_of(content)
        if self._whole_sections and not content.is_complete:
            if content.chunk:
                self._pending.setdefault(slot, []).append(content.chunk)
            return
        text = "".join((*self._pending.pop(slot, ()), content.chunk))
        if content.is_complete:
            yield _make_entry(entry, slot, text, is_complete=True)
            return
        ready = last_sentence_end(text, self._language)
        if ready:
            yield _make_entry(entry, slot, text[:ready], is_complete=False)
        if ready < len(text):
            self._pending[slot] = [text[ready:]]

    def _release_all(self, entry: Entry) -> Iterator[Entry]:
        pending, self._pending = self._pending, {}
        for slot in sorted(pending, key=_reading_order):
            yield _make_entry(entry, slot, "".join(pending[slot]), is_complete=False)


def _reading_order(slot: Slot) -> tuple[bool, int]:
    """Sort key: sections first, then pieces in the order of their beginnings."""
    return (True, 0) if isinstance(slot, str) else (False, slot)


def _make_entry(entry: Entry, slot: Slot, chunk: str, *, is_complete: bool) -> Entry:
    section, piece = (0, slot) if isinstance(slot, str) else (slot, None)
    message = TextAppended(section=section, piece=piece, chunk=chunk, is_complete=is_complete)
    return Entry(entry.seq, "content", encode(message))


def _section(entry: Entry) -> int | None:
    """The section whose text this entry changes, if any."""
    if entry.type not in ("content", "retract"):
        return None
    message = decode_stored(entry.data)
    if not isinstance(message, TextAppended | TextRetracted):
        return None
    return message.section if message.piece is None else None


def _ends_section(entry: Entry) -> bool:
    message = decode_stored(entry.data)
    return isinstance(message, TextAppended) and message.is_complete
