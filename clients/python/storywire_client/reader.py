"""The reader's rule: the text of each section after each message. No network."""

import hashlib
from typing import Any, cast

from storywire_client.errors import HashMismatch, RunFailed
from storywire_client.messages import MESSAGE_TYPES, Complete, Message, RunError


class Reader:
    """The state of a reading: texts by section and piece, the cursor, and the run's last message.

    `after` is the id to go on from; with one, the texts are only what came after it.
    """

    def __init__(self, run_id: str | None = None, after: str | None = None) -> None:
        self.run_id = run_id
        self.last_event_id = after
        self.whole = after is None
        self.seq = _seq(after) if after is not None else -1
        self.complete: Complete | None = None
        self.error: RunError | None = None
        self._chunks: dict[int, list[str]] = {}
        self._pieces: dict[str, list[str]] = {}

    @property
    def sections(self) -> dict[int, str]:
        """The text of each section begun, in reading order."""
        return {index: self.text_of(index) for index in sorted(self._chunks)}

    @property
    def pieces(self) -> dict[str, str]:
        """The texts beside the story, by name."""
        return {name: "".join(chunks) for name, chunks in self._pieces.items()}

    @property
    def ended(self) -> bool:
        """Whether the run's last message was read."""
        return self.complete is not None or self.error is not None

    def text_of(self, section: int) -> str:
        """The text of a section, joined once however often it is asked for."""
        chunks = self._chunks.get(section, [])
        if len(chunks) > 1:
            chunks[:] = ["".join(chunks)]
        return chunks[0] if chunks else ""

    def take(self, event_id: str, chunk: Any) -> Message | None:
        """The message of a frame; None if it was read before, or is of a type that this version doesn't know."""
        seq = _seq(event_id)
        if seq <= self.seq:
            return None
        self.seq = seq
        self.last_event_id = event_id
        self.run_id = self.run_id or event_id.rpartition(":")[0]
        if chunk["type"] not in MESSAGE_TYPES:
            return None
        data = chunk["data"]
        if chunk["type"] == "complete" and "story_content" not in data:
            data = self._with_text(data)
        message = cast(Message, {"id": event_id, "seq": seq, "type": chunk["type"], "data": data})
        self.apply(message)
        return message

    def apply(self, message: Message) -> None:
        """The reader's rule: `content` appends, `retract` empties, everything else leaves the text alone."""
        match message["type"]:
            case "content":
                self._append(message["data"])
            case "retract":
                data = message["data"]
                if (piece := data.get("piece")) is not None:
                    self._pieces.pop(piece, None)
                else:
                    self._chunks.pop(data["section"], None)
            case "complete":
                self.complete = message["data"]
            case "error":
                self.error = message["data"]

    def result(self) -> Complete:
        """The finished result, its text checked. Raises RunFailed, HashMismatch."""
        if self.error is not None:
            raise failure_of(self.error, self.run_id)
        assert self.complete is not None
        text = self.complete["story_content"]
        same = not self.whole or "\n\n".join(self.sections.values()) == text
        if not same or hashlib.sha256(text.encode()).hexdigest() != self.complete["sha256"]:
            raise HashMismatch("HASH_MISMATCH", "the text read is not the run's", run_id=self.run_id)
        return self.complete

    def _with_text(self, complete: Any) -> Any:
        """A `complete` that came without the text, with the text that was read."""
        pieces = self.pieces
        return {
            **complete,
            "story_content": "\n\n".join(self.sections.values()),
            "sections": [{**each, "text": self.text_of(each["index"])} for each in complete["sections"]],
            "pieces": [{**each, "text": pieces.get(each["name"], "")} for each in complete["pieces"]],
        }

    def _append(self, data: Any) -> None:
        if (piece := data.get("piece")) is not None:
            self._pieces.setdefault(piece, []).append(data["chunk"])
            return
        self._chunks.setdefault(data["section"], []).append(data["chunk"])


def failure_of(error: RunError, run_id: str | None) -> RunFailed:
    """The exception of an `error`."""
    return RunFailed(
        error["code"],
        error["message"],
        resumable=error["resumable"],
        retryable=error["retryable"],
        run_id=run_id,
    )


def _seq(event_id: str) -> int:
    """The number of an id. Raises ValueError for what is no id."""
    return int(event_id.rpartition(":")[2])
