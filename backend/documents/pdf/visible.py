"""Visibility of a page's letters, judged by the rendered page."""

import ctypes
from collections.abc import Sequence
from math import ceil, floor

import pypdfium2
import pypdfium2.raw as pdfium

from backend.documents.pdf.glyphs import Glyph, PageArea

_SCALE = 2.0
_MOST_PIXELS = 6_000_000
_TEXTS = (pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_FORM)
_FILLED = (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING, pdfium.FPDF_PAGEOBJ_FORM)
"""A form is a drawing of its own, such as what an annotation looks like."""
_LEAST_COVER = 3.0
"""Points: what is thinner is a line."""
_MOST_COVERS = 60
"""With more of them every letter is looked at."""
_MOST_OF_A_LETTER = 0.6
_LEAST_CONTRAST = 24
"""Of 255 grey levels within the box of a letter."""


class Picture:
    """A page rendered in grey."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        width, height = page.get_size()
        left, bottom, right, top = page.get_bbox()
        self._left, self._top = left, top
        self._width, self._height = right - left, top - bottom
        self._scale = min(_SCALE, (_MOST_PIXELS / max(width * height, 1)) ** 0.5)
        # Boxes are given as the page lies, not as it is turned to be read.
        self._page = page
        self._rotation = page.get_rotation()
        bitmap = page.render(scale=self._scale, rotation=-self._rotation % 360, grayscale=True)
        self._columns, self._rows, self._stride = bitmap.width, bitmap.height, bitmap.stride
        self._pixels = bytes(bitmap.buffer)

    def shows(self, place: PageArea, cover: PageArea | None = None) -> bool:
        """Whether anything is visible in the place of a letter, or in the part of it that something covers."""
        left, bottom, right, top = place
        if cover is not None:
            left, bottom = max(left, cover[0]), max(bottom, cover[1])
            right, top = min(right, cover[2]), min(top, cover[3])
        x0, x1 = floor((left - self._left) * self._scale), ceil((right - self._left) * self._scale)
        y0, y1 = floor((self._top - top) * self._scale), ceil((self._top - bottom) * self._scale)
        x0, x1 = max(0, x0), min(self._columns, x1)
        y0, y1 = max(0, y0), min(self._rows, y1)
        if x0 >= x1 or y0 >= y1:
            return False
        rows = [self._pixels[y * self._stride + x0 : y * self._stride + x1] for y in range(y0, y1)]
        return max(map(max, rows)) - min(map(min, rows)) >= _LEAST_CONTRAST


def part_hidden(
    page: pypdfium2.PdfPage, text_page: object, glyphs: Sequence[Glyph]
) -> tuple[list[Glyph], list[str]]:
    """The visible characters, and the hidden passages. `glyphs` are all characters of the text page."""
    left, bottom, right, top = page.get_bbox()
    covers = _find_covers(page)
    picture: Picture | None = None
    seen: list[Glyph] = []
    passages: list[str] = []
    passage: list[str] = []
    for index, glyph in enumerate(glyphs):
        hidden = False
        if not glyph.is_generated and glyph.text.strip():
            x0, y0, x1, y1 = glyph.page_box
            hidden = x1 < left or x0 > right or y1 < bottom or y0 > top or glyph.tiny
            cover = _find_cover(covers, glyph, text_page, index) if covers else None
            if (glyph.doubt or cover) and not hidden:
                picture = picture or Picture(page)
                hidden = not picture.shows(glyph.page_box, cover)
        elif passage:  # spaces belong to the words around them
            passage.append(" ")
        if hidden:
            passage.append(glyph.text)
            continue
        if passage and glyph.text.strip():
            passages.append("".join(passage))
            passage = []
        seen.append(glyph)
    if passage:
        passages.append("".join(passage))
    return seen, [" ".join(words.split()) for words in passages]


def _find_cover(covers: Sequence[PageArea], glyph: Glyph, text_page: object, index: int) -> PageArea | None:
    """What may hide a letter. A full stop or a comma has its ink at the foot of its place, which marker that was drawn
    over the upper part of a line leaves alone."""
    found = [cover for cover in covers if _lies_over(cover, glyph.page_box)]
    ink = _find_ink(text_page, index) if found else None
    return next((cover for cover in found if ink is None or _lies_over(cover, ink)), None)


def _find_ink(text_page: object, index: int) -> PageArea | None:
    """The place of a letter's own shape; None where its font doesn't say."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    is_known = pdfium.FPDFText_GetCharBox(text_page, index, left, right, bottom, top)
    ink = left.value, bottom.value, right.value, top.value
    return ink if is_known and left.value < right.value and bottom.value < top.value else None


def _find_covers(page: pypdfium2.PdfPage) -> list[PageArea]:
    """The places of filled shapes, pictures and drawings that are drawn after text, which they may hide."""
    covers: list[PageArea] = []
    after_text = False
    sides = [ctypes.c_float() for _ in range(4)]
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        item = pdfium.FPDFPage_GetObject(page, index)
        kind = pdfium.FPDFPageObj_GetType(item)
        if after_text and _is_filled(item, kind) and pdfium.FPDFPageObj_GetBounds(item, *sides):
            left, bottom, right, top = (side.value for side in sides)
            if min(right - left, top - bottom) >= _LEAST_COVER:
                covers.append((left, bottom, right, top))
            if len(covers) > _MOST_COVERS:
                return [page.get_bbox()]
        after_text = after_text or kind in _TEXTS
    return covers


def _is_filled(item: object, kind: int) -> bool:
    if kind != pdfium.FPDF_PAGEOBJ_PATH:
        return kind in _FILLED
    fill, stroke = ctypes.c_int(), pdfium.FPDF_BOOL()
    return bool(pdfium.FPDFPath_GetDrawMode(item, fill, stroke) and fill.value)


def _lies_over(cover: PageArea, place: PageArea) -> bool:
    """Whether a cover is over the middle and the most of the height of a letter; a line through it isn't."""
    left, bottom, right, top = place
    return (
        cover[0] <= (left + right) / 2 <= cover[2]
        and min(top, cover[3]) - max(bottom, cover[1]) >= _MOST_OF_A_LETTER * (top - bottom) > 0
    )
