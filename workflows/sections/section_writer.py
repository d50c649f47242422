"""Writer of one section's text: the only way in which text reaches a reader.

Whatever a node writes here is sent as `content` and kept in the state, both from the same cleaned stream. What a node
doesn't write here (an outline's JSON, a judge's words, a draft that is thrown away) can't leak: nobody listens to the
model's own tokens.
"""

import asyncio
import time
from types import TracebackType
from typing import Self

from langgraph.types import StreamWriter

from workflows.errors import ModelBadOutput
from workflows.messages.messages import RetractReason, TextAppended, TextRetracted
from workflows.state import Section
from workflows.text.streams.landing import LandingBuffer
from workflows.text.streams.length import Trimmer
from workflows.text.streams.normaliser import Normaliser
from workflows.text.words import count_words, has_words

_JOIN_SECONDS = 0.01
"""How long after an item words wait for more to go with them. An item of a graph's stream costs the same whatever its
length, and a fast model sends thousands of tokens a second; what comes at a reading pace goes at once."""


class SectionWriter:
    """Writer of the text of one section or piece (`with`). Its messages go to LangGraph's stream writer.

    Words after a pause go at once, what follows them soon goes together. However the block is left, every word that was
    written has gone to the readers.

    With a `limit` the text is kept to its length before anybody sees it.
    """

    def __init__(
        self,
        section: int,
        writer: StreamWriter,
        *,
        piece: str | None = None,
        limit: LandingBuffer | Trimmer | None = None,
    ) -> None:
        self._section = section
        self._piece = piece
        self._writer = writer
        self._normaliser = Normaliser()
        self._limit = limit
        self._words_before = 0  # those that came before the limit that counts now
        self._text: list[str] = []
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._sent_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._send()

    @property
    def is_full(self) -> bool:
        """Nothing more is taken: stop the model."""
        return self._limit is not None and self._limit.is_full

    @property
    def words(self) -> int:
        """Words so far, also those that aren't shown yet."""
        if self._limit is not None:
            return self._words_before + self._limit.words
        return count_words("".join(self._text))

    @property
    def text(self) -> str:
        """The text so far, also what isn't shown yet."""
        return "".join(self._text) + (self._limit.rest if self._limit is not None else "")

    def retract(self, reason: RetractReason) -> None:
        """Retracts the text of earlier writers of this section."""
        self._writer(TextRetracted(section=self._section, piece=self._piece, reason=reason))

    def write(self, chunk: str) -> None:
        """Appends what is left of `chunk` after cleaning and keeping it to its length."""
        self._append(self._keep(self._normaliser.feed(chunk)))

    def _append(self, text: str) -> None:
        if not text:
            return
        is_first = not self._text
        self._text.append(text)
        self._waiting.append(text)
        if self._timer is not None:
            return
        wait = self._sent_at + _JOIN_SECONDS - time.monotonic()
        if is_first or wait <= 0:
            self._send()
        else:
            self._timer = asyncio.get_running_loop().call_later(wait, self._send)

    def go_on(self, limit: LandingBuffer | Trimmer) -> None:
        """A new paragraph, kept to a length of its own."""
        self._append(self._keep(self._normaliser.close()))
        if self._limit is not None:
            self._append(self._limit.close())
            self._words_before += self._limit.words
        self._limit = limit
        self._normaliser = Normaliser()
        if self._text:
            self._append(self._keep("\n\n"))

    def finish(self) -> Section:
        """Ends the section and returns it as its readers have it. Raises ModelBadOutput if it has no word."""
        rest = self._keep(self._normaliser.close())
        if self._limit is not None:
            rest += self._limit.close()
        if not any(map(has_words, (*self._text, rest))):
            what = f"section {self._section + 1}" if self._piece is None else f"the piece {self._piece}"
            raise ModelBadOutput(f"The model wrote nothing for {what}.")
        self._text.append(rest)
        self._waiting.append(rest)
        self._send(last=True)
        return Section(index=self._section, text="".join(self._text))

    def _keep(self, text: str) -> str:
        return text if self._limit is None else self._limit.feed(text)

    def _send(self, *, last: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting or last:
            self._sent_at = time.monotonic()
            chunk = "".join(self._waiting)
            self._waiting.clear()
            # Not validated: the fields are ours, and there is one for every few tokens.
            self._writer(
                TextAppended.model_construct(
                    section=self._section, chunk=chunk, is_complete=last, piece=self._piece
                )
            )
