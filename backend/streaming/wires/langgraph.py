"""LangGraph's Agent Streaming Protocol: the runs of a thread as the events that `useStream` reads.

One message a section, under a node of its own: clients put together what comes of one node. Text is taken back by a
`block-delta` to nothing, and by a checkpoint whose `values` hold the section without its text.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum, auto
from typing import Any

from backend.streaming.wires.sections import SectionMessage, open_message
from backend.streaming.wires.wire import WireMessage, WireStyle, plain, without_text
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

STYLE = WireStyle(endings=TERMINAL | {InputRequested.type})


class LifecyclePhase(StrEnum):
    """Phases of a run in the words of the protocol."""

    RUNNING = auto()
    INTERRUPTED = auto()
    COMPLETED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class ThreadTurn:
    """The beginning of a run in its thread: its time, the person's message, and the thread's messages before it."""

    run_id: str
    started_at: datetime
    question: WireMessage | None = None
    earlier: Sequence[WireMessage] = ()
    step: int = 0
    """The thread's last checkpoint before it."""

    @property
    def started_ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self.started_at.replace(tzinfo=self.started_at.tzinfo or UTC).timestamp() * 1000)


class LangGraphMapper:
    """Reducer of a run's messages to events.

    What a failure and a question lead to isn't counted, and changes nothing that is kept: who comes later isn't fed
    them, and has the same ids all the same.
    """

    is_broken = False

    def __init__(self, turn: ThreadTurn) -> None:
        self._turn = turn
        self.step = turn.step
        """The newest checkpoint."""
        self.is_over = False
        """Whether the run's last message was fed."""
        self.open_interrupt: InputRequested | None = None
        """The question whose answer the run waits for."""
        self._attempts = 0
        self._count = 0
        self._outline: WireMessage | None = None
        self._sections: dict[int, SectionMessage] = {}
        self._pieces: dict[str, list[str]] = {}
        self._makers: dict[type[Message], Callable[[Any], Iterator[WireMessage]]] = {
            NodeChanged: self._change,
            OutlinePlanned: self._plan,
            TextAppended: self._append,
            TextRetracted: self._retract,
            ProgressReported: self._report,
            FactsGathered: self._report,
            UsageUpdated: self._report,
            SafetyChecked: self._report,
            MetricsCalculated: self._report,
            InputRequested: self._interrupt,
            RunCompleted: self._complete,
            RunFailed: self._fail,
        }

    def feed(self, message: Message) -> Iterator[WireMessage]:
        """The events that `message` leads to."""
        self.is_over, self.open_interrupt = False, None
        made = self._makers[type(message)](message)
        if isinstance(message, RunFailed | InputRequested):
            stem = f"{self._turn.run_id}:{message.type}:{self._attempts}"
            for number, event in enumerate(made):
                yield {"type": "event", "event_id": f"{stem}:{number}", **event}
        else:
            for event in made:
                self._count += 1
                yield {"type": "event", "event_id": self._id_of(event), **event}

    def join(self) -> Iterator[WireMessage]:
        """None: a client that comes back is sent everything again, and passes over the ids that it has seen."""
        return iter(())

    def _id_of(self, event: WireMessage) -> str:
        run = self._turn.run_id
        if event["params"]["data"].get("event") != LifecyclePhase.RUNNING:
            return f"{run}:{self._count}"
        # By this form of id a client knows which run begins, to cancel it. One that goes on has another name, since
        # clients keep in mind which have ended.
        return f"synth:{run}{f'.{self._attempts}' if self._attempts > 1 else ''}:{self._count}"

    # The state.

    def messages(self, *, unfinished: bool = True) -> list[WireMessage]:
        """The thread's messages: those before this run, the person's own, and the sections."""
        question = [] if self._turn.question is None else [self._turn.question]
        return [*self._turn.earlier, *question, *self._texts(unfinished)]

    def _texts(self, unfinished: bool) -> Iterator[WireMessage]:
        for number, section in sorted(self._sections.items()):
            if unfinished or section.is_ended:
                yield {"type": "ai", "id": self._message_id(number), "content": section.text}

    def state(self, thread_id: str) -> WireMessage:
        """The thread's state, as a page that is loaded anew asks for it. A section that is being written isn't in it:
        clients take what is there for finished."""
        interrupts = self._interrupts()
        following = [] if self.is_over else ["outline" if interrupts else "generate_content"]
        task = {"id": self._turn.run_id, "name": "outline", "interrupts": interrupts}
        return {
            "values": self._values(unfinished=self.is_over),
            "next": following,
            "tasks": [task] if interrupts else [],
            "metadata": {"step": self.step, "run_id": self._turn.run_id},
            "created_at": datetime.fromtimestamp(self._turn.started_ms / 1000, UTC).isoformat(),
            "checkpoint": {
                "thread_id": thread_id,
                "checkpoint_ns": "",
                "checkpoint_id": self._checkpoint_id(self.step),
            },
            "parent_checkpoint": None,
        }

    def _interrupts(self) -> list[WireMessage]:
        if (request := self.open_interrupt) is None:
            return []
        return [{"id": self._interrupt_id(request), "value": plain(request)["payload"]}]

    def _values(self, *, unfinished: bool = True) -> WireMessage:
        outline = {} if self._outline is None else {"outline": self._outline}
        return {**outline, "messages": self.messages(unfinished=unfinished)}

    def _checkpoint_id(self, step: int) -> str:
        return f"{self._turn.run_id}-{step:06d}"  # in the order of their making

    def _checkpoint(self) -> Iterator[WireMessage]:
        self.step += 1
        yield from self._snapshot(self.step)

    def _snapshot(self, step: int) -> Iterator[WireMessage]:
        yield self._envelope(step)
        yield self._event("values", self._values())

    def _envelope(self, step: int) -> WireMessage:
        return self._event("checkpoints", {"id": self._checkpoint_id(step), "step": step, "source": "loop"})

    def _end(self, phase: LifecyclePhase, step: int, **more: str) -> Iterator[WireMessage]:
        """The run's end, and one event more. `useStream` may hear of the end on one connection while that of the text
        is made anew; it then reads the rest when something comes that is newer than the end."""
        yield self._event("lifecycle", {"event": phase, **more})
        yield self._envelope(step)

    # Beginnings and ends.

    def _change(self, message: NodeChanged) -> Iterator[WireMessage]:
        if message.node != "workflow" or message.status not in ("started", "resumed"):
            return
        self._attempts += 1
        being_written = [number for number, each in sorted(self._sections.items()) if each.is_open]
        if self._attempts > 1:
            # `running` makes a client forget what was begun and is in no checkpoint.
            for number in being_written:
                yield from self._end_message(number)
            yield from self._checkpoint()
        yield self._event("lifecycle", {"event": LifecyclePhase.RUNNING})
        if self._attempts == 1:
            yield from self._checkpoint()
        for number in being_written:
            yield from self._begin_message(number)

    def _plan(self, message: OutlinePlanned) -> Iterator[WireMessage]:
        self._outline = plain(message)
        yield from self._checkpoint()

    def _interrupt(self, message: InputRequested) -> Iterator[WireMessage]:
        self.open_interrupt = message
        payload = plain(message)["payload"]
        # The Python client reads `value`, the others `payload`.
        data = {"interrupt_id": self._interrupt_id(message), "payload": payload, "value": payload}
        yield self._event("input.requested", data)
        yield from self._end(LifecyclePhase.INTERRUPTED, self.step)

    def _interrupt_id(self, message: InputRequested) -> str:
        return f"{self._turn.run_id}:{message.kind}"

    def _complete(self, message: RunCompleted) -> Iterator[WireMessage]:
        for number, section in sorted(self._sections.items()):
            if section.is_open:
                section.is_open, section.is_ended = False, True
                yield from self._end_message(number)
        self.is_over = True
        yield from self._checkpoint()
        yield self._custom(message.type, without_text(message))
        yield from self._end(LifecyclePhase.COMPLETED, self.step)

    def _fail(self, message: RunFailed) -> Iterator[WireMessage]:
        self.is_over = True
        for number, section in sorted(self._sections.items()):
            if section.is_open:
                yield from self._end_message(number)
        yield from self._snapshot(self.step + 1)
        yield self._custom(message.type, plain(message))
        yield from self._end(LifecyclePhase.FAILED, self.step + 1, error=message.message)

    # Text.

    def _append(self, message: TextAppended) -> Iterator[WireMessage]:
        if message.piece is not None:
            yield from self._append_piece(message.piece, message)
            return
        for each in open_message(self._sections, message.section):
            yield from self._begin_message(each)
        section = self._sections[message.section]
        if message.chunk:
            section.texts.append(message.chunk)
            yield self._delta(message.section, message.chunk)
        if message.is_complete:
            section.is_open, section.is_ended = False, True
            yield from self._end_message(message.section)
            yield from self._checkpoint()

    def _retract(self, message: TextRetracted) -> Iterator[WireMessage]:
        if message.piece is not None:
            self._pieces.pop(message.piece, None)
            yield self._custom("piece", {"name": message.piece, "text": ""})
            return
        number = message.section
        section = self._sections.get(number)
        if section is None or not section.was_shown:
            return  # nothing of it was shown
        was_open, section.is_open = section.is_open, False
        section.texts, section.is_ended = [], False
        # First, since a client that was loaded later passes over messages of sections that it takes for finished.
        yield from self._checkpoint()
        if was_open:
            nothing = {"type": "block-delta", "fields": {"type": "text", "text": ""}}
            yield self._block(number, "delta", {"delta": nothing})
        else:
            yield from self._begin_message(number)
        yield from self._end_message(number)
        yield self._custom(message.type, plain(message))

    def _begin_message(self, number: int) -> Iterator[WireMessage]:
        metadata = {"langgraph_node": _node(number), "storywire_section": number}
        yield self._message(number, {"event": "message-start", "role": "ai", "metadata": metadata})
        yield self._block(number, "start", {"content": {"type": "text", "text": ""}})
        if text := self._sections[number].text:  # the Python client reads no text from a start
            yield self._delta(number, text)

    def _end_message(self, number: int) -> Iterator[WireMessage]:
        content = {"type": "text", "text": self._sections[number].text}
        yield self._block(number, "finish", {"content": content})
        yield self._message(number, {"event": "message-finish", "reason": "stop"})

    def _delta(self, number: int, text: str) -> WireMessage:
        return self._block(number, "delta", {"delta": {"type": "text-delta", "text": text}})

    def _block(self, number: int, event: str, data: WireMessage) -> WireMessage:
        return self._message(number, {"event": f"content-block-{event}", "index": 0, **data})

    def _message(self, number: int, data: WireMessage) -> WireMessage:
        # The Python client finds the message by its id, the others by the node.
        return self._event("messages", {**data, "id": self._message_id(number)}, _node(number))

    def _message_id(self, number: int) -> str:
        return f"{self._turn.run_id}:s{number}"

    # All else.

    def _append_piece(self, name: str, message: TextAppended) -> Iterator[WireMessage]:
        """A piece is sent once it is whole."""
        self._pieces.setdefault(name, []).append(message.chunk)
        if message.is_complete:
            yield self._custom("piece", {"name": name, "text": "".join(self._pieces.pop(name))})

    def _report(self, message: Message) -> Iterator[WireMessage]:
        yield self._custom(message.type, plain(message))

    def _custom(self, name: str, payload: WireMessage) -> WireMessage:
        return self._event("custom", {"name": name, "payload": payload})

    def _event(self, method: str, data: WireMessage, node: str | None = None) -> WireMessage:
        # The run's own time for all of its events: what is older than the state that a client begins with is dropped.
        params = {"namespace": [], "timestamp": self._turn.started_ms, "data": data}
        return {"method": method, "params": params if node is None else {**params, "node": node}}


def _node(section: int) -> str:
    return f"section_{section}"
