"""What reading a document gives: the values that every kind of reader returns or raises."""

from dataclasses import dataclass

from backend.documents.left_out import DocumentWarning


class Unreadable(Exception):
    """Why the document can't be taken: a sentence for a person, without its full stop."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The text that people see, the texts in the file that they don't, and what was left out.

    `title` is one that the file gives apart from its text.
    """

    text: str
    hidden: tuple[str, ...] = ()
    warnings: tuple[DocumentWarning, ...] = ()
    title: str | None = None


def too_long(max_characters: int) -> Unreadable:
    """That a small file has too much text."""
    return Unreadable(f"the document holds more text than {max_characters} characters; divide it")
