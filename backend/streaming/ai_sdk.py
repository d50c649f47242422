"""AI SDK UI message stream: a run's log as the chunks that `useChat` reads (`ai` 7).

One assistant message of one step; each section is a text part, opened in section order as soon as the plan is there.
Text is taken back by `reset-step`, which removes every part, and by telling again what is left.
"""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from backend.log.entry import Entry
from workflows.messages.lenient import decode_stored
from workflows.messages.messages import (
    FactsGathered,
    InputRequested,
    Message,
    MetricsCalculated,
    NodeChanged,
    OutlinePlanned,
    ProgressReported,
    RunCompleted,
    RunFailed,
    SafetyChecked,
    TextAppended,
    TextRetracted,
    UsageUpdated,
)

Chunk = dict[str, Any]
UNNUMBERED = 0
"""The number of a chunk without an id: no reader goes on from it."""
_TEXT = ("story_content", "sections", "pieces")
"""What of `complete` the parts have already."""


class AiSdkView:
    """Conversion of a log's entries, fed in order from the first, to chunks, numbered from 1.

    The chunks of a failure have no number: a resume supersedes them, and then nobody counts them.
    """

    def __init__(self, run_id: str) -> None:
        self.count = 0
        self._run_id = run_id
        self._started = False
        self._texts: dict[int, list[str]] = {}
        self._ended: set[int] = set()
        self._pieces: dict[str, list[str]] = {}
        self._data: dict[str, Chunk] = {}
        self._sources: dict[str, Chunk] = {}
        self._makers: dict[type[Message], Callable[[Any], Iterator[Chunk]]] = {
            NodeChanged: self._start,
            OutlinePlanned: self._plan,
            TextAppended: self._append,
            TextRetracted: self._retract,
            FactsGathered: self._gather,
            ProgressReported: self._report,
            InputRequested: self._keep,
            UsageUpdated: self._keep,
            SafetyChecked: self._keep,
            MetricsCalculated: self._keep,
            RunCompleted: self._complete,
        }

    def feed(self, entry: Entry) -> list[Entry]:
        """The chunks that `entry` leads to."""
        message = decode_stored(entry.data)
        if message is None:
            return []
        if isinstance(message, RunFailed):
            return [_entry(UNNUMBERED, chunk) for chunk in _failure(message)]
        numbered = []
        for chunk in self._makers[type(message)](message):
            self.count += 1
            numbered.append(_entry(self.count, chunk))
        return numbered

    def _start(self, _: NodeChanged) -> Iterator[Chunk]:
        if self._started:
            return
        self._started = True
        yield {
            "type": "start",
            "messageId": f"msg_{self._run_id}",
            "messageMetadata": {"runId": self._run_id},
        }
        yield {"type": "start-step"}

    def _plan(self, message: OutlinePlanned) -> Iterator[Chunk]:
        yield from self._keep(message)
        for section in sorted(planned["index"] for planned in message.sections):
            yield from self._open(section)

    def _open(self, section: int) -> Iterator[Chunk]:
        if section not in self._texts:
            self._texts[section] = []
            yield _opening(section)

    def _append(self, message: TextAppended) -> Iterator[Chunk]:
        if message.piece is not None:
            yield from self._append_piece(message.piece, message)
            return
        yield from self._open(message.section)
        if message.chunk:
            self._texts[message.section].append(message.chunk)
            yield _delta(message.section, message.chunk)
        if message.is_complete:
            self._ended.add(message.section)
            yield {"type": "text-end", "id": _id(message.section)}

    def _append_piece(self, name: str, message: TextAppended) -> Iterator[Chunk]:
        """A piece is told once it is whole."""
        self._pieces.setdefault(name, []).append(message.chunk)
        if message.is_complete:
            yield self._remember(f"piece-{name}", {"name": name, "text": "".join(self._pieces.pop(name))})

    def _retract(self, message: TextRetracted) -> Iterator[Chunk]:
        if message.piece is not None:
            self._pieces.pop(message.piece, None)
            if f"piece-{message.piece}" in self._data:
                yield self._remember(f"piece-{message.piece}", {"name": message.piece, "text": ""})
            return
        if not self._texts.get(message.section) and message.section not in self._ended:
            return  # nothing of it was shown
        self._texts[message.section] = []
        self._ended.discard(message.section)
        yield from self._again()

    def _again(self) -> Iterator[Chunk]:
        """Everything that is still true, after all parts are removed."""
        yield {"type": "reset-step"}
        yield from self._data.values()
        yield from self._sources.values()
        for section in sorted(self._texts):
            yield _opening(section)
            if text := "".join(self._texts[section]):
                yield _delta(section, text)
            if section in self._ended:
                yield {"type": "text-end", "id": _id(section)}

    def _gather(self, message: FactsGathered) -> Iterator[Chunk]:
        yield from self._keep(message)
        for number, source in enumerate(message.sources, 1):
            if source["url"]:
                self._sources[source["url"]] = {
                    "type": "source-url",
                    "sourceId": str(number),
                    "url": source["url"],
                    "title": source["title"],
                }
        yield from self._sources.values()

    def _report(self, message: ProgressReported) -> Iterator[Chunk]:
        yield {**_part("progress", _plain(message)), "transient": True}

    def _keep(self, message: Message) -> Iterator[Chunk]:
        yield self._remember(message.type, _plain(message))

    def _remember(self, name: str, data: Chunk) -> Chunk:
        self._data[name] = _part(name, data)
        return self._data[name]

    def _complete(self, message: RunCompleted) -> Iterator[Chunk]:
        for section in sorted(set(self._texts) - self._ended):
            yield {"type": "text-end", "id": _id(section)}
        data = {name: value for name, value in _plain(message).items() if name not in _TEXT}
        yield self._remember("complete", data)
        metadata = {"runId": message.run_id, "title": message.title, "sha256": message.sha256}
        yield {"type": "finish-step"}
        yield {"type": "finish", "finishReason": "stop", "messageMetadata": metadata}


def _failure(message: RunFailed) -> Iterator[Chunk]:
    yield _part("error", _plain(message))
    yield {"type": "error", "errorText": message.message}
    # For clients that ask again and again until a message is finished.
    yield {"type": "finish", "finishReason": "other"}


def _id(section: int) -> str:
    return f"s{section}"


def _opening(section: int) -> Chunk:
    # The part's id isn't kept in the message, this is: by it a page knows the section.
    return {
        "type": "text-start",
        "id": _id(section),
        "providerMetadata": {"storywire": {"section": section}},
    }


def _delta(section: int, text: str) -> Chunk:
    return {"type": "text-delta", "id": _id(section), "delta": text}


def _part(name: str, data: Chunk) -> Chunk:
    return {"type": f"data-{name}", "id": name, "data": data}


def _plain(message: Message) -> Chunk:
    return message.model_dump(mode="json", exclude_none=True)


def _entry(number: int, chunk: Chunk) -> Entry:
    return Entry(number, str(chunk["type"]), orjson.dumps(chunk))
