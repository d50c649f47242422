"""Paragraphs from the lines of pages, with broken words mended. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from backend.documents.pdf.bidi import is_right_to_left
from backend.documents.pdf.glyphs import HYPHEN
from backend.documents.pdf.lines import PdfLine

_ENDS = (".", "!", "?", ":", ";", "”", '"', "׃", "。", "！", "？", "؟", "۔")
_HARD, _SOFT = (HYPHEN, "-"), ("\u00ad", "\u2010")
"""Hyphens that may belong to a word, and those that stand only where it is broken."""
_KEEP = "non anti self well post long short high low half semi ex two three four multi"
_PREFIXES = frozenset(_KEEP.split())
"""Words that begin with these mostly keep their hyphen."""
_STOPS = ".,;:!?()"
_ITEM = re.compile(r"(?:[•‣▪▫●○◦■□☐☒☑✓✗*·]\s*|[-–—]\s+)(?=\S)")
_NUMBERED = re.compile(r"(?:\(?\d{1,3}[.)]|[A-Za-z\u05d0-\u05ea][.)])\s")
_FULL = 0.6
"""Of the width of the text: a line that is shorter than that ends where its writer wanted."""
_LEAST_WIDTH = 0.45
"""Of the page."""
_AROUND = 4
_COLUMN_EDGE = 3.0
"""Points by which lines of a column may begin apart."""
_BEGUN = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*$")


class Page:
    """The lines of a page in reading order, and its width."""

    def __init__(self, lines: Sequence[PdfLine], width: float) -> None:
        self.lines = list(lines)
        self.width = width


def join_pages(pages: Sequence[Page]) -> list[str]:
    """Paragraphs and tables. A paragraph may continue on the next page."""
    lines = [line for page in pages for line in page.lines]
    known = _hyphenated_words(lines)
    widest = max((line.width for line in lines if not line.cells), default=0.0)
    usual = max(widest, _LEAST_WIDTH * median(page.width for page in pages)) if pages else 0.0
    joined: list[str] = []
    before, full = None, 0.0
    for page in pages:
        leading = _leading(page.lines)
        widths = _widths(page.lines, usual)
        for line, width in zip(page.lines, widths, strict=True):
            text = _clean(line.text)
            if before is None or not joined:
                joined.append(text)
            elif line.cells and before.cells:
                joined[-1] += f"\n{text}"
            elif _goes_on(before, line, joined[-1], text, full, leading):
                joined[-1] = _join(joined[-1], text, known)
            else:
                joined.append(text)
            before, full = line, _FULL * width
    return [_ITEM.sub("- ", text.replace(HYPHEN, "-"), count=1) for text in joined]


def _widths(lines: Sequence[PdfLine], usual: float) -> list[float]:
    """The width of the text at each line: that of the widest of the lines around it that begin where it does."""
    widths = []
    for place, line in enumerate(lines):
        around = lines[max(0, place - _AROUND) : place + _AROUND + 1]
        column = [other.width for other in around if abs(other.start - line.start) < _COLUMN_EDGE]
        widths.append(max(column) if len(column) > _AROUND else usual)
    return widths


def _clean(text: str) -> str:
    """The text without the soft hyphens within a line: they only mark where a word may be broken."""
    return text[:-1].replace("\u00ad", "").replace(HYPHEN, "-") + text[-1:]


def _leading(lines: Sequence[PdfLine]) -> float:
    """The usual distance from a line to the next one."""
    steps = [one.bottom - other.bottom for one, other in pairwise(lines)]
    within = [step for step, line in zip(steps, lines, strict=False) if 0 < step < 3 * line.height]
    return median(within) if within else 0.0


def _goes_on(before: PdfLine, line: PdfLine, text: str, more: str, full: float, leading: float) -> bool:
    """Whether a line is the continuation of the paragraph before it."""
    if line.cells or before.cells or before.turn != line.turn or _begins_item(more):
        return False
    if abs(before.height - line.height) > 0.15 * max(before.height, line.height):
        return False
    step = before.bottom - line.bottom
    if leading and step > 1.5 * leading and step > 1.5 * line.height:
        return False
    if more[0].islower() or _is_broken(text, more):
        return True
    return before.width > full and not text.endswith(_ENDS)


def _begins_item(text: str) -> bool:
    return bool(_ITEM.match(text) or _NUMBERED.match(text))


def _join(text: str, more: str, known: set[str]) -> str:
    """Two lines as one. A word that is broken between them is mended; a hyphen of its own stays."""
    if not _is_broken(text, more):
        return f"{text} {more}"
    stem = text.rstrip("".join(_SOFT))
    if stem != text and not stem.endswith(_HARD):
        return stem + more
    stem = stem[:-1]
    begun = (_BEGUN.search(stem[-40:]) or [""])[0].casefold()
    whole = f"{begun}-{more.split(maxsplit=1)[0]}".casefold().strip(_STOPS)
    mends = more[0].islower() and stem[-1].isalpha() and not is_right_to_left(stem[-1])
    if mends and stem == text[:-1] and whole not in known and begun not in _PREFIXES and "-" not in begun:
        return stem + more
    return f"{stem}-{more}"


def _is_broken(text: str, more: str) -> bool:
    """Whether the last word of a line continues in the next one."""
    return (
        text.endswith(_HARD + _SOFT)
        and text.rstrip("".join(_HARD + _SOFT))[-1:].isalnum()
        and more[0].isalnum()
    )


def _hyphenated_words(lines: Iterable[PdfLine]) -> set[str]:
    """Words with a hyphen within lines."""
    return {word for line in lines for word in _in_line(line)}


def _in_line(line: PdfLine) -> Iterator[str]:
    for word in line.words:
        if "-" in word.text[1:-1]:
            yield word.text.casefold().strip(_STOPS)
