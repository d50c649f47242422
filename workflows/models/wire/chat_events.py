"""Bytes of a streamed chat → its chunks in OpenAI's shape, and what can't be read as one."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from workflows.models.wire.chat import ChatStream
from workflows.models.wire.errors import Json
from workflows.models.wire.frames import EventReader, parse
from workflows.models.wire.traits import ServerTraits

DONE = "[DONE]"
_AROUND_DONE = ' []"<>\r\n\t'  # `[done]`, `DONE`, `"[DONE]"`: some gateways write it in their own way
_LONGEST_JOINED = 400
"""Characters: whoever stops a reply at its limit stops it at a chunk."""


_LONGEST_CHUNK = 4000
_MOST_LINES = 1000
"""Lines of one event that are tried as objects."""


class RawEvent(NamedTuple):
    """An event that is passed on as it is: the end's mark, or data that is no JSON object."""

    data: str
    event: str | None


class ChatEvents:
    """The events of one streamed reply."""

    def __init__(self, traits: ServerTraits, *, wants_calls: bool = False) -> None:
        self._events = EventReader()
        self._chat = ChatStream(traits, wants_calls=wants_calls)
        self._ended = False

    def read(self, piece: bytes | None) -> Iterator[Json | RawEvent]:
        """Chunks, or `{"error": …}`, that `piece` ends; None: the stream is over."""
        for event, data in self._events.finish() if piece is None else self._events.feed(piece):
            if data.strip(_AROUND_DONE).upper() == "DONE":
                yield from self._end()
                yield RawEvent(DONE, None)
                continue
            values = _objects(data)
            if not values:
                yield RawEvent(data, event)
            for value in values:
                yield from cut_text(self._chat.read(value, event))
        if piece is None:
            yield from self._end()

    @property
    def has_ended(self) -> bool:
        """Whether the reply has its finish reason."""
        return self._chat.has_ended

    def _end(self) -> Iterator[Json]:
        if not self._ended and (last := self._chat.end()) is not None:
            yield last
        self._ended = True


def join_texts(events: Iterable[Json | RawEvent]) -> Iterator[tuple[Json | RawEvent, int]]:
    """The same with neighbouring chunks of text, or of what readers never see, as one, up to a few hundred characters;
    and of how many each is made."""
    held: Json | None = None
    texts: list[str] = []
    hidden: list[str] = []
    size = 0
    for event in events:
        text = _text_of(event)
        unseen = hidden_of(event)
        if held is not None and (text is None or size + len(text) + len(unseen) > _LONGEST_JOINED):
            yield _joined(held, texts, hidden), len(texts)
            held = None
        if text is None or isinstance(event, RawEvent):
            yield event, 1
            continue
        if held is None:
            held, texts, hidden, size = event, [], [], 0
        texts.append(text)
        if unseen:
            hidden.append(unseen)
        size += len(text) + len(unseen)
    if held is not None:
        yield _joined(held, texts, hidden), len(texts)


def cut_text(event: Json) -> Iterator[Json]:
    """The same with a very long text in several chunks: whoever reads them gives others their turn between two."""
    choices = event.get("choices")
    text = choices[0]["delta"]["content"] if choices else ""
    if len(text) > _LONGEST_CHUNK:
        [choice] = choices or [{}]
        last = (len(text) - 1) // _LONGEST_CHUNK * _LONGEST_CHUNK
        for start in range(0, last, _LONGEST_CHUNK):
            delta = {"content": text[start : start + _LONGEST_CHUNK]}
            yield {**event, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        event = {**event, "choices": [{**choice, "delta": {**choice["delta"], "content": text[last:]}}]}
    yield event


def hidden_of(event: Json | RawEvent) -> str:
    """What readers never see of a chunk."""
    if isinstance(event, RawEvent) or not (choices := event.get("choices")):
        return ""
    hidden: str = choices[0]["delta"].get("hidden", "")
    return hidden


def _objects(data: str) -> list[Json]:
    """The JSON objects of an event: one, or one a line where a server leaves out the empty lines between events."""
    found: list[Json] = []
    lines = data.split("\n", _MOST_LINES)[:_MOST_LINES] if "\n" in data else []
    for text in (data, *lines):
        with suppress(ValueError):
            if isinstance(value := parse(text), dict):
                found.append(value)
                if text is data:
                    break
    return found


def _joined(first: Json, texts: list[str], hidden: list[str]) -> Json:
    if len(texts) == 1:
        return first
    [choice] = first["choices"]
    delta = {**choice["delta"], "content": "".join(texts)}
    if hidden:
        delta["hidden"] = "".join(hidden)
    return {**first, "choices": [{**choice, "delta": delta}]}


def _text_of(event: Json | RawEvent) -> str | None:
    """The text of a chunk that has nothing else; None for any other event."""
    if isinstance(event, RawEvent) or len(choices := event.get("choices", ())) != 1 or "usage" in event:
        return None
    [choice] = choices
    if choice["finish_reason"] is not None or "tool_calls" in choice["delta"]:
        return None
    text: str = choice["delta"]["content"]
    return text
