"""The characters of a PDF page with their places, from PDFium."""

import ctypes
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot, pi

import pypdfium2.raw as pdfium

from backend.documents.word.symbols import from_symbol_font

HYPHEN = "\x02"
"""What PDFium makes of a hyphen at the end of a line."""
_INVISIBLE_MODES = frozenset({3, 7})
_PALE = 217
"""Colours from here on may be those of the paper."""
_LEAST_ALPHA = 40
_LEAST_SIZE = 2.5
"""Points: nobody reads smaller letters."""
_PRESENTATION = ((0xFB00, 0xFB06), (0xFB13, 0xFDFF), (0xFE70, 0xFEFC))
"""Ligatures and the joined forms of Arabic letters, which stand for plain ones."""
_UNKNOWN = frozenset({0, 0xFFFD, 0xFFFE, 0xFFFF})

PageArea = tuple[float, float, float, float]
"""Left, bottom, right, top in points, as the page lies."""


@dataclass(slots=True)
class Glyph:
    """A character in the order in which the page draws it. Coordinates are in points, upwards, along its own line.

    `doubt`: whether it may be invisible. `text` is empty when the file doesn't say what the shape means.
    """

    text: str
    left: float
    right: float
    bottom: float
    top: float
    origin: float
    baseline: float
    turn: int = 0  # quarters
    doubt: bool = False
    tiny: bool = False
    is_generated: bool = False
    page_box: PageArea = (0, 0, 0, 0)

    @property
    def height(self) -> float:
        """Height of its box, from the font's deepest descender to its highest ascender."""
        return self.top - self.bottom

    @property
    def is_mark(self) -> bool:
        """Whether it is a combining mark, above or below another character."""
        return bool(self.text) and unicodedata.combining(self.text[0]) > 0


@dataclass(frozen=True, slots=True)
class _Object:
    """Properties shared by all characters of a text object on the page."""

    doubt: bool
    tiny: bool
    turn: int


class GlyphReader:
    """Reader of the characters of a text page."""

    def __init__(self, text_page: object) -> None:
        self._page = text_page
        self._objects: dict[int, _Object] = {}

    def read(self) -> Iterator[Glyph]:
        """All characters, including those that PDFium adds between words and lines."""
        page, box = self._page, pdfium.FS_RECTF()
        x, y = ctypes.c_double(), ctypes.c_double()
        for index in range(pdfium.FPDFText_CountChars(page)):
            code = pdfium.FPDFText_GetUnicode(page, index)
            item = pdfium.FPDFText_GetTextObject(page, index)
            if not item and code in (10, 13, 32):
                yield Glyph(" " if code == 32 else "\n", 0, 0, 0, 0, 0, 0, is_generated=True)
                continue
            pdfium.FPDFText_GetLooseCharBox(page, index, box)
            pdfium.FPDFText_GetCharOrigin(page, index, x, y)
            key = ctypes.addressof(item.contents) if item else 0
            about = self._objects.get(key) or self._objects.setdefault(key, self._look_at(index, item))
            places = (box.left, box.bottom, box.right, box.top)
            left, bottom, right, top = _turned(*places, about.turn)
            origin = (x.value, y.value, -x.value, -y.value)[about.turn]
            baseline = (y.value, -x.value, -y.value, x.value)[about.turn]
            text = _read_code(code)
            yield Glyph(
                text,
                left,
                right,
                bottom,
                top,
                origin,
                baseline,
                about.turn,
                about.doubt,
                about.tiny,
                False,
                places,
            )

    def _look_at(self, index: int, item: object) -> _Object:
        angle = pdfium.FPDFText_GetCharAngle(self._page, index)
        turn = round(angle / (pi / 2)) % 4 if angle > 0 else 0
        mode = pdfium.FPDFTextObj_GetTextRenderMode(item) if item else 0
        matrix = pdfium.FS_MATRIX()
        size = pdfium.FPDFText_GetFontSize(self._page, index)
        if pdfium.FPDFText_GetMatrix(self._page, index, matrix):
            size *= hypot(matrix.c, matrix.d)
        return _Object(mode in _INVISIBLE_MODES or self._is_pale(index), size < _LEAST_SIZE, turn)

    def _is_pale(self, index: int) -> bool:
        parts = [ctypes.c_uint() for _ in range(4)]
        if not pdfium.FPDFText_GetFillColor(self._page, index, *parts):
            return False
        *colour, alpha = (part.value for part in parts)
        return min(colour) >= _PALE or alpha < _LEAST_ALPHA


def _turned(left: float, bottom: float, right: float, top: float, turn: int) -> tuple[float, ...]:
    """A box after its line was rotated back by so many quarter turns."""
    match turn:
        case 1:  # reads upwards
            return bottom, -right, top, -left
        case 2:
            return -right, -top, -left, -bottom
        case 3:
            return -top, left, -bottom, right
        case _:
            return left, bottom, right, top


def _read_code(code: int) -> str:
    """A character; empty for an unknown one."""
    if code in _UNKNOWN:
        return ""
    if code == 2:
        return HYPHEN
    if 0xE000 <= code <= 0xF8FF:
        return from_symbol_font(code) or ""
    if any(first <= code <= last for first, last in _PRESENTATION):
        return unicodedata.normalize("NFKC", chr(code))
    return chr(code)
