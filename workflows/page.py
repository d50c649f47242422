"""The page that a node writes on: the only way in which text reaches a reader.

Whatever a node writes here is sent as `content` and kept in the state, both from the same cleaned
stream. What a node doesn't write on a page (an outline's JSON, a judge's words, a draft that is
thrown away) can't leak: nobody listens to the model's own tokens.
"""

import asyncio
from types import TracebackType
from typing import Literal, Self

from langgraph.types import StreamWriter
from typing_extensions import TypedDict

from workflows.errors import ModelBadOutput
from workflows.state import Section, Verdict
from workflows.text.normaliser import Normaliser

RetractReason = Literal["restart", "safety", "revision"]

_JOIN_SECONDS = 0.01
"""How long words may wait on the page for more to go with them. An item of a graph's stream costs the same
whatever its length, and a fast model sends thousands of tokens a second."""


class Prose(TypedDict):
    """Stream item: text to append to a section. `first` marks the first words, `last` its end."""

    kind: Literal["prose"]
    section: int
    text: str
    last: bool


class Retraction(TypedDict):
    """Stream item: forget the text of a section."""

    kind: Literal["retraction"]
    section: int
    reason: RetractReason


class Judgement(TypedDict):
    """Stream item: what a safety check found, also when it ends the run."""

    kind: Literal["judgement"]
    verdict: Verdict


class Notice(TypedDict):
    """Stream item: something that a person should be told while a node works."""

    kind: Literal["notice"]
    node: str
    message: str


PageItem = Prose | Retraction | Judgement | Notice


class Page:
    """One section being written (`with`). Items go to LangGraph's stream writer, in order.

    The first words go at once, what follows together. However the block is left, every word that was
    written has gone to the readers.
    """

    def __init__(self, section: int, writer: StreamWriter) -> None:
        self._section = section
        self._writer = writer
        self._normaliser = Normaliser()
        self._text: list[str] = []
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._send()

    def retract(self, reason: RetractReason) -> None:
        """Takes back what earlier pages of this section showed."""
        self._writer(Retraction(kind="retraction", section=self._section, reason=reason))

    def write(self, chunk: str) -> None:
        """Appends what is left of `chunk` after cleaning."""
        if not (text := self._normaliser.feed(chunk)):
            return
        is_first = not self._text
        self._text.append(text)
        self._waiting.append(text)
        if is_first:
            self._send()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_JOIN_SECONDS, self._send)

    def finish(self) -> Section:
        """Ends the section and returns it as its readers have it. Raises ModelBadOutput if it is empty."""
        rest = self._normaliser.close()
        if not self._text and not rest:
            raise ModelBadOutput(f"The model wrote nothing for section {self._section + 1}.")
        self._text.append(rest)
        self._waiting.append(rest)
        self._send(last=True)
        return Section(index=self._section, text="".join(self._text))

    def _send(self, *, last: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting or last:
            text = "".join(self._waiting)
            self._waiting.clear()
            self._writer(Prose(kind="prose", section=self._section, text=text, last=last))
