"""The reply that brings the facts: `=== FACTS ===`, the pack, `=== SCRIPT ===`, the section, maybe notes. Pure."""

from collections.abc import Iterable, Iterator

from workflows.formats.podcast.dialogue import Dialogue
from workflows.formats.podcast.marks import MarkedText

_FACTS, _NOTES = "FACTS", "NOTES"


class FirstReply:
    """The reply in, the section's turns out; `facts` and `notes` beside them. Feed, then `close`.

    A model that writes the section first, without a mark, is understood too.
    """

    def __init__(self, dialogue: Dialogue) -> None:
        self._marked = MarkedText()
        self._dialogue = dialogue
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
        return "".join(self._parts.get(_NOTES, ())).strip()

    def feed(self, chunk: str) -> str:
        """The turns that are sure after `chunk`."""
        return "".join(self._take(self._marked.feed(chunk)))

    def close(self) -> str:
        """The rest."""
        return "".join(self._take(self._marked.close())) + self._dialogue.close()

    def _take(self, parts: Iterable[tuple[str, str]]) -> Iterator[str]:
        for name, text in parts:
            self.has_facts = self.has_facts or (_FACTS in self._parts and name != _FACTS)
            if name in (_FACTS, _NOTES):
                self._parts.setdefault(name, []).append(text)
            else:
                yield self._dialogue.feed(text)
