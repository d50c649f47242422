"""Warnings about what was left out of a document's text. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

LeftOutKind = Literal[
    "charts",
    "comments",
    "deleted_text",
    "embedded_objects",
    "empty_fields",
    "front_matter",
    "headers_and_footers",
    "moved_text",
    "pages_without_text",
    "pictures",
    "running_titles",
    "scripts",
    "struck_out_text",
    "template_tags",
    "unknown_characters",
    "unknown_content",
]
Place = Literal["paragraph", "page"]

_WORDS: dict[LeftOutKind, tuple[str, str]] = {
    "charts": ("A chart was left out", "{n} charts were left out"),
    "comments": ("A comment on the text was left out", "{n} comments on the text were left out"),
    "deleted_text": (
        "A passage that is marked as deleted was left out",
        "{n} passages that are marked as deleted were left out",
    ),
    "embedded_objects": (
        "An embedded object, such as another file, was left out",
        "{n} embedded objects, such as other files, were left out",
    ),
    "empty_fields": (
        "A field that isn't filled in was left out",
        "{n} fields that aren't filled in were left out",
    ),
    "front_matter": ("The front matter was left out", "{n} pieces of front matter were left out"),
    "headers_and_footers": ("A header or footer was left out", "{n} headers and footers were left out"),
    "moved_text": (
        "A passage that was moved was left out where it stood before",
        "{n} passages that were moved were left out where they stood before",
    ),
    "pages_without_text": (
        "A page holds no text, perhaps because it was scanned: run text recognition (OCR) over it",
        "{n} pages hold no text, perhaps because they were scanned: run text recognition (OCR) over them",
    ),
    "pictures": (
        "A picture was left out, with any text in it",
        "{n} pictures were left out, with any text in them",
    ),
    "running_titles": (
        "A line that comes again on many pages was left out",
        "{n} lines that come again on many pages were left out",
    ),
    "scripts": ("A script or style sheet was left out", "{n} scripts and style sheets were left out"),
    "struck_out_text": (
        "A passage that is struck out was left out",
        "{n} passages that are struck out were left out",
    ),
    "template_tags": (
        "A tag of a site generator was left out, with what a page shows in its place",
        "{n} tags of a site generator were left out, with what a page shows in their place",
    ),
    "unknown_characters": (
        "A character whose meaning the file doesn't say was left out",
        "{n} characters whose meaning the file doesn't say were left out",
    ),
    "unknown_content": (
        "A passage of a kind that can't be read was left out",
        "{n} passages of kinds that can't be read were left out",
    ),
}
_LONGEST_QUOTE = 200
_MOST_QUOTES = 3
_MOST_PAGES = 12


@dataclass(frozen=True, slots=True)
class DocumentWarning:
    """A warning for the owner of a document. `paragraph` counts from 1, 0 is nowhere in the text."""

    kind: str
    message: str
    paragraph: int = 0
    quote: str = ""

    def data(self) -> dict[str, Any]:
        """The warning as it is stored and sent."""
        return {"kind": self.kind, "paragraph": self.paragraph, "quote": self.quote, "message": self.message}


@dataclass(slots=True)
class _Omission:
    count: int = 0
    places: list[int] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)


class LeftOut:
    """Counts of what was left out, with its places and first words."""

    def __init__(self, place: Place) -> None:
        """`place`: the unit of the places, such as page or paragraph."""
        self._place = place
        self._found: dict[LeftOutKind, _Omission] = {}

    def add(self, kind: LeftOutKind, quote: str = "", place: int = 0, count: int = 1) -> None:
        """Counts something that isn't in the text; a place of 0 is unknown."""
        if not count:
            return
        omission = self._found.setdefault(kind, _Omission())
        omission.count += count
        if place and (not omission.places or omission.places[-1] != place):
            omission.places.append(place)
        quote = shorten(quote, _LONGEST_QUOTE)
        if quote and len(omission.quotes) < _MOST_QUOTES and quote not in omission.quotes:
            omission.quotes.append(quote)

    def warnings(self) -> tuple[DocumentWarning, ...]:
        """A warning for each kind, with its count and its places."""
        return tuple(self._warning(kind, omission) for kind, omission in self._found.items())

    def _warning(self, kind: LeftOutKind, omission: _Omission) -> DocumentWarning:
        one, many = _WORDS[kind]
        message = one if omission.count == 1 else many.format(n=omission.count)
        places = sorted(set(omission.places))
        if places:
            message += f" ({self._where(places)})"
        if omission.quotes:
            more = " …" if omission.count > len(omission.quotes) else ""
            message += ": " + ", ".join(f"“{quote}”" for quote in omission.quotes) + more
        paragraph = places[0] if places and self._place == "paragraph" else 0
        return DocumentWarning(kind, f"{message}.", paragraph, omission.quotes[0] if omission.quotes else "")

    def _where(self, places: Sequence[int]) -> str:
        if len(places) == 1:
            return f"{self._place} {places[0]}"
        spans = _spans(places)
        more = " and more" if len(spans) > _MOST_PAGES else ""
        return f"{self._place}s {', '.join(spans[:_MOST_PAGES])}{more}"


def shorten(words: str, most: int) -> str:
    """`words` on one line, cut to `most` characters."""
    words = " ".join(words[: 4 * most].split())
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _spans(numbers: Sequence[int]) -> list[str]:
    """1, 3, 4, 5 → `1`, `3–5`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return [str(first) if first == last else f"{first}–{last}" for first, last in spans]
