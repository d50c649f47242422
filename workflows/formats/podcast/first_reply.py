"""The reply that brings the facts: `=== FACTS ===`, the pack, `=== SCRIPT ===`, the section, maybe notes. Pure."""

from collections.abc import Iterable, Iterator

from workflows.formats.podcast.dialogue import Dialogue
from workflows.formats.podcast.marks import MarkedText
from workflows.formats.toolkit.trailer import MARK, Trailer

_FACTS, _NOTES = "FACTS", "NOTES"


class FirstReply:
    """The reply in, the section's turns out; `facts` and `notes` beside them. Feed, then `close`.

    A model that writes the section first, without a mark, is understood too.
    """

    def __init__(self, dialogue: Dialogue, *, wants_notes: bool = True, words: int = 0) -> None:
        """`wants_notes` and `words` as in `Trailer`."""
        self._marked = MarkedText()
        self._dialogue = dialogue
        self._trailer = Trailer(dialogue.is_speaker, wants_notes=wants_notes, words=words)
        self._part = ""
        self._parts: dict[str, list[str]] = {}
        self.has_facts = False
        """Whether the facts are whole."""

    @property
    def facts(self) -> str:
        """What stands after their mark."""
        return "".join(self._parts.get(_FACTS, ()))

    @property
    def notes(self) -> str:
        """The notes on the section."""
        return self._trailer.notes

    def feed(self, chunk: str) -> str:
        """The turns that are sure after `chunk`."""
        return "".join(self._take(self._marked.feed(chunk)))

    def close(self) -> str:
        """The rest."""
        taken = "".join(self._take(self._marked.close()))
        return taken + self._dialogue.feed(self._trailer.close()) + self._dialogue.close()

    def _take(self, parts: Iterable[tuple[str, str]]) -> Iterator[str]:
        for name, text in parts:
            self.has_facts = self.has_facts or (_FACTS in self._parts and name != _FACTS)
            is_new, self._part = name != self._part, name
            if name == _FACTS:
                self._parts.setdefault(name, []).append(text)
                continue
            # The section goes on where what stands below its mark is no more a note.
            mark = f"\n{MARK}\n" if is_new and name == _NOTES else ""
            if is_new and name != _NOTES and self._dialogue.is_speaker(name):
                mark = f"\n{name}: "  # `=== ADA ===`: who speaks, and no part of the reply
            yield self._dialogue.feed(self._trailer.feed(mark + text))
