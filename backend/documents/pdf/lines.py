"""Lines of text from the characters of a page, in reading order."""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from backend.documents.pdf.bidi import count_unmatched, has_right_to_left, is_right_to_left, read_order
from backend.documents.pdf.glyphs import HYPHEN, Glyph
from workflows.text.layout.raised import lower_digits, raise_digits
from workflows.text.layout.tables import COLUMN

_SPACE = 0.22
_SPACE_BESIDE_NUMBER = 0.1
_SPACE_BESIDE_MARKS = 0.8
"""Of the height of a line: a wider gap is a space, even if the page has none there. Letters with marks don't tell
their edges well."""
_WIDE_SPACE = 0.5
"""Where PDFium looks for spaces itself."""
_LEVEL = 1.0
"""Points by which letters of one line may stand on different heights."""
_SMALLER = 0.85
_SHIFTED = 0.1


@dataclass(slots=True)
class PdfWord:
    """A piece of a line between two spaces: its text and its edges."""

    text: str
    left: float
    right: float


@dataclass(slots=True)
class PdfLine:
    """A line of a page; coordinates in points, upwards. `cells` are its words in groups that stand far apart."""

    words: list[PdfWord]
    bottom: float
    top: float
    turn: int = 0
    right_to_left: bool = False
    cells: list[list[PdfWord]] = field(default_factory=list)
    column: float | None = None  # the middle between two columns, one of which it stands in

    @property
    def left(self) -> float:
        """Its left edge."""
        return min(word.left for word in self.words)

    @property
    def right(self) -> float:
        """Its right edge."""
        return max(word.right for word in self.words)

    @property
    def width(self) -> float:
        """From edge to edge."""
        return self.right - self.left

    @property
    def start(self) -> float:
        """The edge where reading begins."""
        return self.right if self.right_to_left else self.left

    @property
    def height(self) -> float:
        """The height of its letters."""
        return self.top - self.bottom

    @property
    def text(self) -> str:
        """The words, with cells set apart."""
        groups = self.cells or [self.words]
        return COLUMN.join(" ".join(word.text for word in group) for group in groups)


def cut_lines(glyphs: Iterable[Glyph]) -> Iterator[list[Glyph]]:
    """Runs of characters that are on one line, in the order in which the page draws them."""
    line: list[Glyph] = []
    before: Glyph | None = None
    for glyph in glyphs:
        if glyph.is_generated:
            if glyph.text == "\n":
                yield line
                line, before = [], None
            else:
                line.append(glyph)
            continue
        if before is not None and not _is_level(before, glyph):
            yield line
            line = []
        line.append(glyph)
        if glyph.text.strip():
            before = glyph
        if glyph.text == HYPHEN:
            yield line
            line, before = [], None
    yield line


def make_line(glyphs: Sequence[Glyph], *, right_to_left: bool, mirror: bool) -> PdfLine | None:
    """A line of these characters; None when they hold no text.

    `right_to_left`: the direction of the page, which decides for lines that hold both. `mirror`: as in `read_order`.
    """
    drawn = [glyph for glyph in glyphs if not glyph.is_generated and glyph.text]
    inked = [glyph for glyph in drawn if glyph.text.strip()]
    if not inked:
        return None
    text = "".join(glyph.text for glyph in inked)
    tallest = max(glyph.height for glyph in inked)
    full = [glyph for glyph in inked if glyph.height >= _SMALLER * tallest]
    bottom, top = median(glyph.bottom for glyph in full), median(glyph.top for glyph in full)
    if has_right_to_left(text):
        from_right = right_to_left or is_right_to_left(text)
        words = _words_by_place(drawn, top - bottom, from_right=from_right, mirror=mirror)
    else:
        from_right = False
        words = _words_in_order(glyphs, bottom, top)
    return PdfLine(words, bottom, top, inked[0].turn, from_right) if words else None


def guess_mirrored(lines: Iterable[Sequence[Glyph]], *, right_to_left: bool) -> bool:
    """Whether a file stores brackets in Hebrew or Arabic by their shape: fewer are then unmatched."""
    unmatched = {True: 0, False: 0}
    for glyphs in lines:
        if any(glyph.text in ("(", ")", "[", "]") for glyph in glyphs):
            for mirror in unmatched:
                line = make_line(glyphs, right_to_left=right_to_left, mirror=mirror)
                unmatched[mirror] += count_unmatched(line.text) if line and line.right_to_left else 0
    return unmatched[True] <= unmatched[False]


def _is_level(one: Glyph, other: Glyph) -> bool:
    """Whether two characters are on one line, one of them perhaps raised."""
    if one.turn != other.turn:
        return False
    overlap = min(one.top, other.top) - max(one.bottom, other.bottom)
    if overlap > 0.4 * min(one.height, other.height):
        return True
    return one.is_mark or other.is_mark or abs(one.baseline - other.baseline) < _LEVEL


def _words_in_order(glyphs: Sequence[Glyph], bottom: float, top: float) -> list[PdfWord]:
    """Words of a line that is read in the order in which it is drawn."""
    words: list[PdfWord] = []
    starts_word = True
    for glyph in glyphs:
        if not glyph.text and words:  # a shape that nobody can name takes its room
            words[-1].right = max(words[-1].right, glyph.right)
        if not glyph.text.strip():
            starts_word = starts_word or bool(glyph.text)
            continue
        text = _shifted(glyph, bottom, top)
        if starts_word or _is_apart(words[-1].right, glyph.left, top - bottom):
            words.append(PdfWord(text, glyph.left, glyph.right))
        else:
            word = words[-1]
            word.text += text
            word.left, word.right = min(word.left, glyph.left), max(word.right, glyph.right)
        starts_word = False
    return words


def _is_apart(right: float, left: float, height: float) -> bool:
    return left - right > _WIDE_SPACE * height


def _shifted(glyph: Glyph, bottom: float, top: float) -> str:
    """A raised digit as a superscript: a 10 and a raised 3 are not 103."""
    height = top - bottom
    if glyph.height > _SMALLER * height or not glyph.text[0].isdigit():
        return glyph.text
    if glyph.bottom > bottom + _SHIFTED * height and glyph.top > top - _SHIFTED * height:
        return raise_digits(glyph.text)
    if glyph.top < top - 2 * _SHIFTED * height:
        return lower_digits(glyph.text)
    return glyph.text


def _words_by_place(
    glyphs: Sequence[Glyph], height: float, *, from_right: bool, mirror: bool
) -> list[PdfWord]:
    """Words of a line whose letters are read by their places, in reading order."""
    clusters = sorted(_clusters(glyphs), key=lambda cluster: cluster[0] + cluster[1])
    letters: list[str] = []
    edges: list[tuple[float, float]] = []
    for left, right, text in clusters:
        if edges and _are_apart(letters[-1], text, (left - edges[-1][1]) / height):
            letters.append(" ")
            edges.append((edges[-1][1], left))
        letters.append(text)
        edges.append((left, right))
    words: list[PdfWord] = []
    starts_word = True
    for place, text in read_order(letters, right_to_left=from_right, mirror=mirror):
        left, right = edges[place]
        if not text.strip():
            starts_word = True
        elif starts_word:
            words.append(PdfWord(text, left, right))
            starts_word = False
        else:
            word = words[-1]
            word.text += text
            word.left, word.right = min(word.left, left), max(word.right, right)
    return words


def _are_apart(one: str, other: str, gap: float) -> bool:
    """Whether two letters with a gap between them, as a part of the line's height, belong to two words."""
    if not one.strip() or not other.strip():
        return False
    if unicodedata.combining(one[-1]) or unicodedata.combining(other[-1]):
        return gap > _SPACE_BESIDE_MARKS
    beside_number = one.isdigit() != other.isdigit() and one.isalnum() and other.isalnum()
    return gap > (_SPACE_BESIDE_NUMBER if beside_number else _SPACE)


def _clusters(glyphs: Sequence[Glyph]) -> list[tuple[float, float, str]]:
    """Letters with their marks, from left to right; pieces of one shape (ligatures) stay together."""
    shapes: list[list[Glyph]] = []
    for glyph in glyphs:
        if (
            shapes
            and shapes[-1][0].origin == glyph.origin
            and shapes[-1][0].text.strip()
            and glyph.text.strip()
        ):
            shapes[-1].append(glyph)
        else:
            shapes.append([glyph])
    bases = sorted((shape for shape in shapes if not _are_marks(shape)), key=_centre)
    if bases:
        centres = [_centre(base) for base in bases]
        for shape in shapes:
            if _are_marks(shape):
                place = bisect_left(centres, _centre(shape))
                near = bases[max(0, place - 1) : place + 1]
                min(near, key=lambda base: abs(_centre(base) - _centre(shape))).extend(shape)
    return [(*_edges(shape), _join(shape)) for shape in bases or shapes]


def _are_marks(shape: Sequence[Glyph]) -> bool:
    return all(glyph.is_mark for glyph in shape)


def _centre(shape: Sequence[Glyph]) -> float:
    """The centre of all pieces of a shape, without the marks set on it."""
    left, right = _edges(shape)
    return (left + right) / 2


def _edges(shape: Sequence[Glyph]) -> tuple[float, float]:
    pieces = [glyph for glyph in shape if not glyph.is_mark] or shape
    return min(glyph.left for glyph in pieces), max(glyph.right for glyph in pieces)


def _join(shape: Sequence[Glyph]) -> str:
    """The characters of one shape in reading order: letters before their marks, lam before alef."""
    letters = "".join(glyph.text for glyph in shape if not glyph.is_mark)
    if len(letters) == 2 and letters[1] == "ل" and letters[0] in "اأإآٱ":
        letters = letters[::-1]
    return letters + "".join(glyph.text for glyph in shape if glyph.is_mark)
