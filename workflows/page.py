"""The page that a node writes on: the only way in which text reaches a reader.

Whatever a node writes here is sent as `content` and kept in the state, both from the same cleaned
stream. What a node doesn't write on a page (an outline's JSON, a judge's words, a draft that is
thrown away) can't leak: nobody listens to the model's own tokens.
"""

from typing import Literal, NotRequired

from langgraph.types import StreamWriter
from typing_extensions import TypedDict

from workflows.errors import ModelBadOutput
from workflows.state import Facts, Section, Verdict
from workflows.text.length import Trimmer
from workflows.text.normaliser import Normaliser
from workflows.text.words import count_words

RetractReason = Literal["restart", "safety", "revision"]


class Prose(TypedDict):
    """Stream item: text to append to a section, or to a piece. `last` marks its end."""

    kind: Literal["prose"]
    section: int
    piece: NotRequired[str]
    text: str
    last: bool


class Retraction(TypedDict):
    """Stream item: forget the text of a section, or of a piece."""

    kind: Literal["retraction"]
    section: int
    piece: NotRequired[str]
    reason: RetractReason


class Judgement(TypedDict):
    """Stream item: what a safety check found, also when it ends the run."""

    kind: Literal["judgement"]
    verdict: Verdict


class Findings(TypedDict):
    """Stream item: the facts that all sections share."""

    kind: Literal["facts"]
    facts: Facts


class Notice(TypedDict):
    """Stream item: something that a person should be told while a node works."""

    kind: Literal["notice"]
    node: str
    message: str


PageItem = Prose | Retraction | Judgement | Findings | Notice


class Page:
    """One section or piece being written. Items go to LangGraph's stream writer, in order.

    With a `trimmer` the text is cut to its length before anybody sees it.
    """

    def __init__(
        self, section: int, writer: StreamWriter, *, piece: str | None = None, trimmer: Trimmer | None = None
    ) -> None:
        self._section = section
        self._piece = piece
        self._writer = writer
        self._normaliser = Normaliser()
        self._trimmer = trimmer
        self._text: list[str] = []

    @property
    def is_full(self) -> bool:
        """Nothing more is taken: stop the model."""
        return self._trimmer is not None and self._trimmer.is_full

    @property
    def words(self) -> int:
        """Words so far, also those that aren't shown yet."""
        return self._trimmer.words if self._trimmer is not None else count_words("".join(self._text))

    @property
    def text(self) -> str:
        """The text so far, also what isn't shown yet."""
        return "".join(self._text) + (self._trimmer.rest if self._trimmer is not None else "")

    def retract(self, reason: RetractReason) -> None:
        """Takes back what earlier pages of this section showed."""
        item = Retraction(kind="retraction", section=self._section, reason=reason)
        self._writer(item if self._piece is None else {**item, "piece": self._piece})

    def write(self, chunk: str) -> None:
        """Appends what is left of `chunk` after cleaning and trimming."""
        if text := self._trim(self._normaliser.feed(chunk)):
            self._put(text, last=False)

    def reopen(self) -> None:
        """A new paragraph, also after a text that was cut."""
        if self._trimmer is not None:
            self._trimmer.reopen()
        self.write("\n\n")

    def finish(self) -> Section:
        """Ends the section and returns it as its readers have it. Raises ModelBadOutput if it is empty."""
        rest = self._trim(self._normaliser.close())
        if self._trimmer is not None:
            rest += self._trimmer.close()
        if not self._text and not rest:
            what = f"section {self._section + 1}" if self._piece is None else f"the piece {self._piece}"
            raise ModelBadOutput(f"The model wrote nothing for {what}.")
        self._put(rest, last=True)
        return Section(index=self._section, text="".join(self._text))

    def _trim(self, text: str) -> str:
        return text if self._trimmer is None else self._trimmer.feed(text)

    def _put(self, text: str, *, last: bool) -> None:
        self._text.append(text)
        item = Prose(kind="prose", section=self._section, text=text, last=last)
        self._writer(item if self._piece is None else {**item, "piece": self._piece})
