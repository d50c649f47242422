"""Results of reading a document: the values that the readers of all kinds return or raise."""

from dataclasses import dataclass

from backend.documents.left_out import DocumentWarning


class Unreadable(Exception):
    """Error of a document that can't be read: a sentence for a person, without its full stop."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The visible text of a document, its hidden texts, and what was left out.

    `title` is one that the file gives apart from its text.
    """

    text: str
    hidden: tuple[str, ...] = ()
    warnings: tuple[DocumentWarning, ...] = ()
    title: str | None = None


def too_long(max_characters: int) -> Unreadable:
    """The error for a small file that holds too much text."""
    return Unreadable(f"the document holds more text than {max_characters} characters; divide it")
