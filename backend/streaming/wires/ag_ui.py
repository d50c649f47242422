"""AG-UI 1.0: a run's log as the events that `HttpAgent`, CopilotKit and TanStack AI read.

One assistant message a section, begun in section order. Text is taken back by a `MESSAGES_SNAPSHOT`, which also is how
a reader joins a run that is under way: a client that is sent a message's beginning again keeps the text that it has.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.streaming.wires.sections import SectionMessage, open_message
from backend.streaming.wires.wire import (
    CREDENTIAL_ENDED,
    WireMessage,
    WireStyle,
    data_frame,
    plain,
    without_text,
)
from workflows.messages.messages import (
    TERMINAL,
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

VERSION = "1.0"
STYLE = WireStyle(
    endings=TERMINAL | {InputRequested.type},
    refusal=data_frame({"type": "RUN_ERROR", "message": CREDENTIAL_ENDED, "code": "UNAUTHENTICATED"}),
)


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """Ids and messages of the client's request, which events repeat."""

    thread_id: str | None = None
    run_id: str | None = None
    messages: Sequence[WireMessage] = field(default_factory=tuple)
    """A snapshot deletes those of the client's messages that it leaves out."""


class AgUiMapper:
    """Reducer of a run's messages to events."""

    is_broken = False

    def __init__(self, run_id: str, client: ClientRequest) -> None:
        self._run_id = run_id
        self._client = client
        self._is_started = False
        self._outline: WireMessage | None = None
        self._progress: WireMessage = {}
        self._has_state = False
        self._sections: dict[int, SectionMessage] = {}
        self._pieces: dict[str, list[str]] = {}
        self._custom: dict[str, WireMessage] = {}
        self._makers: dict[type[Message], Callable[[Any], Iterator[WireMessage]]] = {
            NodeChanged: lambda _: iter(()),
            OutlinePlanned: self._plan,
            TextAppended: self._append,
            TextRetracted: self._retract,
            ProgressReported: self._report,
            FactsGathered: self._keep,
            UsageUpdated: self._keep,
            SafetyChecked: self._keep,
            MetricsCalculated: self._keep,
            InputRequested: self._interrupt,
            RunCompleted: self._complete,
            RunFailed: self._fail,
        }

    def feed(self, message: Message) -> Iterator[WireMessage]:
        """The events that `message` leads to."""
        yield from self._start()
        yield from self._makers[type(message)](message)

    def join(self) -> Iterator[WireMessage]:
        """The state so far; nothing before there is a plan or text."""
        if self._outline is None and not self._sections:
            return
        self._is_started = False
        yield from self._start()
        yield self._state()
        yield from self._activity()
        yield self._snapshot()
        yield from self._custom.values()
        for number, section in sorted(self._sections.items()):
            if section.is_open:
                yield self._opening(number)

    def _start(self) -> Iterator[WireMessage]:
        if not self._is_started:
            self._is_started = True
            yield {**self._of_run("RUN_STARTED"), "protocolVersion": VERSION}

    def _of_run(self, type: str) -> WireMessage:
        # The client's own ids, where it has sent any; ours is beside them.
        return {
            "type": type,
            "threadId": self._client.thread_id or self._run_id,
            "runId": self._client.run_id or self._run_id,
            "metadata": {"storywire.runId": self._run_id},
        }

    # Plan and progress.

    def _plan(self, message: OutlinePlanned) -> Iterator[WireMessage]:
        self._outline, self._has_state = plain(message), True
        yield self._state()
        yield from self._activity()

    def _state(self) -> WireMessage:
        outline = {} if self._outline is None else {"outline": self._outline}
        return {"type": "STATE_SNAPSHOT", "snapshot": {**outline, "progress": self._progress}}

    def _activity(self) -> Iterator[WireMessage]:
        if self._outline is not None:
            yield {
                "type": "ACTIVITY_SNAPSHOT",
                "messageId": f"{self._run_id}:outline",
                "activityType": "storywire.outline",
                "content": self._outline,
                "replace": True,
            }

    def _report(self, message: ProgressReported) -> Iterator[WireMessage]:
        self._progress = plain(message)
        if self._has_state:
            patch = {"op": "replace", "path": "/progress", "value": self._progress}
            yield {"type": "STATE_DELTA", "delta": [patch]}
        else:
            self._has_state = True
            yield self._state()

    # Text.

    def _append(self, message: TextAppended) -> Iterator[WireMessage]:
        if message.piece is not None:
            yield from self._append_piece(message.piece, message)
            return
        for each in open_message(self._sections, message.section):
            yield self._opening(each)
        section = self._sections[message.section]
        if message.chunk:
            section.texts.append(message.chunk)
            yield {
                "type": "TEXT_MESSAGE_CONTENT",
                "messageId": self._id(message.section),
                "delta": message.chunk,
            }
        if message.is_complete:
            section.is_ended = True
            yield from self._close(message.section)

    def _opening(self, number: int) -> WireMessage:
        return {
            "type": "TEXT_MESSAGE_START",
            "messageId": self._id(number),
            "role": "assistant",
            "metadata": _metadata(number),
        }

    def _close(self, number: int) -> Iterator[WireMessage]:
        section = self._sections[number]
        if section.is_open:
            section.is_open = False
            yield {"type": "TEXT_MESSAGE_END", "messageId": self._id(number)}

    def _close_all(self) -> Iterator[WireMessage]:
        for number in sorted(self._sections):
            yield from self._close(number)

    def _retract(self, message: TextRetracted) -> Iterator[WireMessage]:
        if message.piece is not None:
            self._pieces.pop(message.piece, None)
            if f"piece:{message.piece}" in self._custom:
                yield self._piece(message.piece, "")
            return
        section = self._sections.get(message.section)
        if section is None or not section.was_shown:
            return  # nothing of it was shown
        yield from self._close(message.section)
        section.texts, section.is_ended = [], False
        yield self._snapshot()

    def _snapshot(self) -> WireMessage:
        own = [
            {
                "id": self._id(number),
                "role": "assistant",
                "content": section.text,
                "metadata": _metadata(number),
            }
            for number, section in sorted(self._sections.items())
        ]
        ids = {message["id"] for message in own}
        others = [message for message in self._client.messages if message.get("id") not in ids]
        return {"type": "MESSAGES_SNAPSHOT", "messages": [*others, *own]}

    def _id(self, number: int) -> str:
        return f"{self._run_id}:s{number}"

    # All else.

    def _append_piece(self, name: str, message: TextAppended) -> Iterator[WireMessage]:
        """A piece is sent once it is whole."""
        self._pieces.setdefault(name, []).append(message.chunk)
        if message.is_complete:
            yield self._piece(name, "".join(self._pieces.pop(name)))

    def _piece(self, name: str, text: str) -> WireMessage:
        return self._remember(f"piece:{name}", "storywire.piece", {"name": name, "text": text})

    def _keep(self, message: Message) -> Iterator[WireMessage]:
        yield self._remember(message.type, f"storywire.{message.type}", plain(message))

    def _remember(self, key: str, name: str, value: WireMessage) -> WireMessage:
        self._custom[key] = {"type": "CUSTOM", "name": name, "value": value}
        return self._custom[key]

    def _interrupt(self, message: InputRequested) -> Iterator[WireMessage]:
        yield from self._close_all()
        interrupt = {
            "id": f"{self._run_id}:{message.kind}",
            "reason": f"storywire.{message.kind}",
            "message": "The plan waits for your approval.",
            "responseSchema": OutlinePlanned.model_json_schema(),
            "metadata": {"storywire.payload": plain(message)["payload"]},
        }
        yield {
            **self._of_run("RUN_FINISHED"),
            "outcome": {"type": "interrupt", "interrupts": [interrupt]},
        }

    def _complete(self, message: RunCompleted) -> Iterator[WireMessage]:
        yield from self._close_all()
        yield {
            **self._of_run("RUN_FINISHED"),
            "outcome": {"type": "success"},
            "result": without_text(message),
            "usage": [_usage(message.usage)],
        }

    def _fail(self, message: RunFailed) -> Iterator[WireMessage]:
        if message.code == "CANCELLED":
            yield from self._close_all()
            yield {**self._of_run("RUN_FINISHED"), "outcome": {"type": message.code.lower()}}
            return
        data = plain(message)
        metadata = {f"storywire.{name}": data[name] for name in ("retryable", "resumable", "partial")}
        yield {
            "type": "RUN_ERROR",
            "message": message.message,
            "code": message.code,
            "metadata": {"storywire.runId": self._run_id, **metadata},
        }


def _metadata(section: int) -> WireMessage:
    # Kept with the message: by it a page knows the section.
    return {"storywire.section": section}


def _usage(usage: UsageUpdated) -> WireMessage:
    provider, _, model = usage.model.partition(":")
    return {
        "provider": provider,
        "model": model or provider,
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.input_tokens + usage.output_tokens,
    }
