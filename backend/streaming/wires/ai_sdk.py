"""AI SDK UI message stream: a run's log as the chunks that `useChat` reads (`ai` 7).

One assistant message of one step; each section is a text part, opened in section order as soon as the plan is there.
Text is taken back by `reset-step`, which removes every part, and by telling again what is left.
"""

from collections.abc import Callable, Iterator
from typing import Any

from backend.streaming.wires.wire import (
    CREDENTIAL_ENDED,
    WireMessage,
    WireStyle,
    data_frame,
    plain,
    without_text,
)
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

Chunk = WireMessage
_DONE = b"data: [DONE]\n\n"
STYLE = WireStyle(
    last_frame=_DONE,
    refusal=data_frame({"type": "error", "errorText": CREDENTIAL_ENDED}) + _DONE,
    headers=(("X-Vercel-AI-UI-Message-Stream", "v1"), ("X-Workflow-Run-Id", "{run_id}")),
)


class AiSdkMapper:
    """Reducer of a run's messages to chunks."""

    is_broken = False

    def __init__(self, run_id: str) -> None:
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
            RunFailed: failure_of,
        }

    def feed(self, message: Message) -> Iterator[Chunk]:
        """The chunks that `message` leads to."""
        yield from self._makers[type(message)](message)

    def join(self) -> Iterator[Chunk]:
        """None: a chat that comes back is sent all chunks again, and begins its message anew with the first."""
        return iter(())

    def _start(self, _: NodeChanged) -> Iterator[Chunk]:
        if self._started:
            return
        self._started = True
        yield from self._beginning()

    def _beginning(self) -> Iterator[Chunk]:
        metadata = {"runId": self._run_id}
        yield {"type": "start", "messageId": f"msg_{self._run_id}", "messageMetadata": metadata}
        yield {"type": "start-step"}

    def _plan(self, message: OutlinePlanned) -> Iterator[Chunk]:
        yield from self._keep(message)
        for section in sorted(planned["index"] for planned in message.sections):
            yield from self._open(section)

    def _open(self, section: int) -> Iterator[Chunk]:
        if section not in self._texts:
            self._texts[section] = []
            yield opening_of(section)

    def _append(self, message: TextAppended) -> Iterator[Chunk]:
        if message.piece is not None:
            yield from self._append_piece(message.piece, message)
            return
        yield from self._open(message.section)
        if message.chunk:
            self._texts[message.section].append(message.chunk)
            yield delta_of(message.section, message.chunk)
        if message.is_complete:
            self._ended.add(message.section)
            yield {"type": "text-end", "id": id_of(message.section)}

    def _append_piece(self, name: str, message: TextAppended) -> Iterator[Chunk]:
        """A piece is sent once it is whole."""
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
            yield opening_of(section)
            if text := "".join(self._texts[section]):
                yield delta_of(section, text)
            if section in self._ended:
                yield {"type": "text-end", "id": id_of(section)}

    def _gather(self, message: FactsGathered) -> Iterator[Chunk]:
        yield from self._keep(message)
        for number, source in enumerate(message.sources, 1):
            if source["url"].lower().startswith(("https://", "http://")):  # pages make links of them
                self._sources[source["url"]] = {
                    "type": "source-url",
                    "sourceId": str(number),
                    "url": source["url"],
                    "title": source["title"],
                }
        yield from self._sources.values()

    def _report(self, message: ProgressReported) -> Iterator[Chunk]:
        yield {**_part("progress", plain(message)), "transient": True}

    def _keep(self, message: Message) -> Iterator[Chunk]:
        yield self._remember(message.type, plain(message))

    def _remember(self, name: str, data: Chunk) -> Chunk:
        self._data[name] = _part(name, data)
        return self._data[name]

    def _complete(self, message: RunCompleted) -> Iterator[Chunk]:
        for section in sorted(set(self._texts) - self._ended):
            yield {"type": "text-end", "id": id_of(section)}
        yield self._remember("complete", without_text(message))
        metadata = {"runId": message.run_id, "title": message.title, "sha256": message.sha256}
        yield {"type": "finish-step"}
        yield {"type": "finish", "finishReason": "stop", "messageMetadata": metadata}


def failure_of(message: RunFailed) -> Iterator[Chunk]:
    """The chunks of a run's failure."""
    yield _part("error", plain(message))
    yield {"type": "error", "errorText": message.message}
    # For clients that ask again and again until a message is finished.
    yield {"type": "finish", "finishReason": "other"}


def id_of(section: int) -> str:
    """The id of a section's part."""
    return f"s{section}"


def opening_of(section: int) -> Chunk:
    """The beginning of a section's part."""
    # The part's id isn't kept in the message, this is: by it a page knows the section.
    return {
        "type": "text-start",
        "id": id_of(section),
        "providerMetadata": {"storywire": {"section": section}},
    }


def delta_of(section: int, text: str) -> Chunk:
    """Text to append to a section's part."""
    return {"type": "text-delta", "id": id_of(section), "delta": text}


def _part(name: str, data: Chunk) -> Chunk:
    return {"type": f"data-{name}", "id": name, "data": data}
