"""A story's text in reading order, as it can be printed. No network."""

import hashlib
from collections.abc import Iterator

from storywire_client.errors import Retracted
from storywire_client.messages import Content, Message
from storywire_client.reader import failure_of


class Printer:
    """The printable text of messages: a section's text waits until the sections before it are complete.

    `whole`: the messages begin with the run's first, so that the pieces together are `story_content`.
    """

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self._known: set[int] = set()
        self._waiting: dict[int, list[str]] = {}
        self._finished: set[int] = set()
        self._printed: list[int] = []
        """Sections printed to their end."""
        self._current: int | None = None
        self._length = 0
        self._hash = hashlib.sha256()

    def take(self, message: Message) -> Iterator[str]:
        """The text that a message adds. Raises Retracted, RunFailed."""
        run_id = message["id"].rpartition(":")[0]
        match message["type"]:
            case "outline":
                self._known.update(section["index"] for section in message["data"]["sections"])
            case "retract":
                if message["data"].get("piece") is None:
                    self._retract(message["data"]["section"], run_id)
            case "content":
                if message["data"].get("piece") is None:
                    yield from self._content(message["data"])
            case "complete":
                if self._whole:
                    yield from self._rest(message["data"]["story_content"], run_id)
            case "error":
                raise failure_of(message["data"], run_id)

    def _content(self, data: Content) -> Iterator[str]:
        self._known.add(data["section"])
        self._waiting.setdefault(data["section"], []).append(data["chunk"])
        if data["is_complete"]:
            self._finished.add(data["section"])
        if text := "".join(self._printable()):
            self._length += len(text)
            self._hash.update(text.encode())
            yield text

    def _retract(self, section: int, run_id: str) -> None:
        if section == self._current or section in self._printed:
            raise Retracted(section, run_id)
        self._waiting.pop(section, None)
        self._finished.discard(section)

    def _printable(self) -> Iterator[str]:
        while (section := self._place()) is not None:
            chunks = self._waiting.get(section, [])
            if self._current is None:
                if not any(chunks) and section not in self._finished:
                    return
                self._current = section
                if self._printed:
                    yield "\n\n"
            yield from chunks
            chunks.clear()
            if section not in self._finished:
                return
            self._printed.append(section)
            self._current = None

    def _place(self) -> int | None:
        if self._current is not None:
            return self._current
        last = self._printed[-1] if self._printed else -1
        return min((section for section in self._known if section > last), default=None)

    def _rest(self, text: str, run_id: str) -> Iterator[str]:
        """The end of the text, such as sections that waited for one that was withdrawn for good."""
        if hashlib.sha256(text[: self._length].encode()).digest() != self._hash.digest():
            raise Retracted(self._current or 0, run_id)
        if rest := text[self._length :]:
            yield rest
