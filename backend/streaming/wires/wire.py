"""Rim of all wires: ids, endings, and how a reader joins a run that is under way."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from backend.log.entry import Entry
from workflows.messages.lenient import decode_stored
from workflows.messages.messages import TERMINAL, Message, RunCompleted

WireMessage = dict[str, Any]
CREDENTIAL_ENDED = "This log-in, key or ticket has ended: log in, and read on."
UNNUMBERED = 0
"""The number of a message without an id: no reader goes on from it."""


class Mapper(Protocol):
    """Reducer of a run's messages, fed in order from the first, to the messages of a wire.

    How many it makes of a message depends on the log alone, never on who reads: ids count them.
    """

    is_broken: bool
    """Whether what was sent isn't true any more and can't be taken back: the connection ends."""

    def feed(self, message: Message) -> Iterator[WireMessage]:
        """The wire's messages that `message` leads to. Consume them all."""

    def join(self) -> Iterator[WireMessage]:
        """What a reader is sent in place of everything fed so far; nothing where that has to be sent itself."""


@dataclass(frozen=True, slots=True)
class WireStyle:
    """Habits of a wire's connections."""

    endings: frozenset[str] = TERMINAL
    """The types of our messages that end a connection, as the log's last. What follows one supersedes it."""
    last_frame: bytes = b""
    """Sent after the last message."""
    refusal: bytes = b""
    """Sent when the reader's credential ends meanwhile: a clean end alone looks like the end of the text."""
    headers: tuple[tuple[str, str], ...] = ()
    """Names and values; `{run_id}` stands for the run's id."""


@dataclass(slots=True)
class WireView:
    """Conversion of a log's entries, fed in order from the first, to a wire's messages, numbered from 1.

    What a resume or an answer supersedes has no number: later readers are never sent it, so nobody can count it.
    """

    mapper: Mapper
    style: WireStyle = field(default_factory=WireStyle)
    count: int = 0
    """Messages with a number so far."""

    def feed(self, entry: Entry) -> list[Entry]:
        """The wire's messages that `entry` leads to."""
        message = decode_stored(entry.data)
        if message is None:
            return []
        made = self.mapper.feed(message)
        if self.is_superseded_later(entry.type):
            return [_entry(UNNUMBERED, item) for item in made]
        numbered = []
        for item in made:
            self.count += 1
            numbered.append(_entry(self.count, item))
        return numbered

    def join(self) -> list[Entry]:
        """Messages in place of everything fed so far. They have no number: they aren't of the log."""
        return [_entry(UNNUMBERED, item) for item in self.mapper.join()]

    @property
    def is_broken(self) -> bool:
        """Whether the connection has to end, since what was sent isn't true any more."""
        return self.mapper.is_broken

    def is_superseded_later(self, type: str) -> bool:
        """Whether a message of this type counts as long as it is the log's last, and no longer."""
        return type in self.style.endings and type != RunCompleted.type


def plain(message: Message) -> WireMessage:
    """The message's data as JSON, without what isn't set."""
    return message.model_dump(mode="json", exclude_none=True)


def without_text(message: RunCompleted) -> WireMessage:
    """The data of `complete` without the texts, which the reader has by then."""
    data = plain(message)
    return {
        name: value for name, value in data.items() if name not in ("story_content", "sections", "pieces")
    }


def data_frame(item: WireMessage) -> bytes:
    """A frame without a number."""
    return b"data: %s\n\n" % orjson.dumps(item)


def _entry(number: int, item: WireMessage) -> Entry:
    return Entry(number, str(item["type"]), orjson.dumps(item))
