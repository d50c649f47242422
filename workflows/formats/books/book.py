"""A text as a book, the common model of its file formats."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ulid import ULID

from workflows.formats.exports import Finished
from workflows.text.characters import drop_unwritable


@dataclass(frozen=True, slots=True)
class Part:
    """A heading, which may be empty, and the text below it: paragraphs joined by blank lines."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """An entry of the table of contents: the text right below its title, if any, then its parts."""

    title: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Book:
    """`id` names it among all books, `language` is a tag such as `he`, `made` a moment in UTC. `warning`: lines that
    stand before everything else."""

    id: str
    title: str
    language: str
    made: datetime
    chapters: Sequence[Chapter]
    warning: Sequence[str] = ()


def book_of(finished: Finished) -> Book:
    """A run as a book: a chapter for each section, then a chapter for each piece."""
    texts = [*finished.sections, *finished.pieces]
    return Book(
        id=f"urn:storywire:run:{finished.run_id}",
        title=finished.title,
        language=finished.language,
        made=moment_of(finished.run_id),
        chapters=[Chapter(title, [Part("", text)]) for title, text in texts],
        warning=finished.danger_lines,
    )


def moment_of(id: str) -> datetime:
    """The moment when a run or a session began, read from its id, so that the same book is the same bytes."""
    try:
        return ULID.from_str(id).datetime.astimezone(UTC)
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)


def paragraphs(text: str) -> list[list[str]]:
    """The paragraphs, each as its lines, in characters that XML allows."""
    return [block.split("\n") for block in drop_unwritable(text).split("\n\n") if block.strip()]
