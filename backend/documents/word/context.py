"""Shared state of the readers of a Word file: the file, its styles, and what has been left out so far."""

from dataclasses import dataclass, field

from lxml import etree

from backend.documents.left_out import LeftOut, LeftOutKind
from backend.documents.reading import too_long
from backend.documents.word.archive import Archive, Relation
from backend.documents.word.numbering import Numbering
from backend.documents.word.styles import Styles
from backend.documents.word.xml import children, local, texts, value

TAKEN_OUT = frozenset({"del", "moveFrom", "conflictDel"})
"""Wrappers of what was deleted or moved away."""


@dataclass(slots=True)
class Context:
    """A reading in progress. `behind` are the backgrounds behind the current text, nearest first."""

    archive: Archive
    relations: dict[str, Relation]
    styles: Styles
    numbering: Numbering
    max_characters: int
    left_out: LeftOut = field(default_factory=lambda: LeftOut("paragraph"))
    hidden: list[str] = field(default_factory=list)
    behind: list[str | None] = field(default_factory=list)
    paragraph: int = 1
    notes: list[tuple[str, etree._Element]] = field(default_factory=list)
    comments: dict[str, int] = field(default_factory=dict)
    _note_parts: dict[str, dict[str, etree._Element]] = field(default_factory=dict)
    _note_count: int = 0
    _characters: int = 0

    def leave_out(self, kind: LeftOutKind, quote: str = "") -> None:
        """Counts what was left out, with the paragraph that it belongs to."""
        self.left_out.add(kind, quote, self.paragraph)

    def leave_out_change(self, node: etree._Element) -> str:
        """Leaves out what was deleted or moved from here; returns its words."""
        if words := texts(node, "t", "delText"):
            self.leave_out("moved_text" if local(node) == "moveFrom" else "deleted_text", words)
        return words

    def leave_out_unknown(self, node: etree._Element) -> str:
        """Leaves out an element that isn't read, if it holds something that is shown; returns its words."""
        words = ""
        if local(node) == "contentPart":
            self.leave_out("pictures")
        elif len(node) and not local(node).endswith("Pr") and (words := texts(node, "t")):
            self.leave_out("unknown_content", words)
        return words

    def count(self, text: str) -> str:
        """`text`, counted. Raises Unreadable when the document has too much of it."""
        self._characters += len(text)
        if self._characters > self.max_characters:
            raise too_long(self.max_characters)
        return text

    def add_note(self, kind: str, note_id: str | None) -> str:
        """The mark of a footnote or an endnote, whose text comes after the paragraph; empty if there is none."""
        part = self._note_parts.get(kind)
        if part is None:
            part = self._note_parts[kind] = self._read_notes(kind)
        node = part.get(str(note_id))
        if node is None:
            return ""
        self._note_count += 1
        mark = f"[{self._note_count}]"
        self.notes.append((mark, node))
        return mark

    def part_of(self, kind: str) -> etree._Element | None:
        """The root element of the first part of a kind."""
        for relation in self.relations.values():
            if relation.kind == kind:
                return self.archive.root(relation.target)
        return None

    def _read_notes(self, kind: str) -> dict[str, etree._Element]:
        root = self.part_of(f"{kind}s")
        return {
            str(value(node, "id")): node
            for node in children(root, kind)
            if value(node, "type") in (None, "normal")
        }
