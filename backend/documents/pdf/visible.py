"""Visibility of a page's letters, judged by the rendered page."""

from collections.abc import Sequence
from math import ceil, floor

import pypdfium2

from backend.documents.pdf.glyphs import Glyph

_SCALE = 2.0
_MOST_PIXELS = 6_000_000
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

    def shows(self, glyph: Glyph) -> bool:
        """Whether anything is visible in the place of a letter."""
        left, bottom, right, top = glyph.page_box
        x0, x1 = floor((left - self._left) * self._scale), ceil((right - self._left) * self._scale)
        y0, y1 = floor((self._top - top) * self._scale), ceil((self._top - bottom) * self._scale)
        x0, x1 = max(0, x0), min(self._columns, x1)
        y0, y1 = max(0, y0), min(self._rows, y1)
        if x0 >= x1 or y0 >= y1:
            return False
        rows = [self._pixels[y * self._stride + x0 : y * self._stride + x1] for y in range(y0, y1)]
        return max(map(max, rows)) - min(map(min, rows)) >= _LEAST_CONTRAST


def part_hidden(page: pypdfium2.PdfPage, glyphs: Sequence[Glyph]) -> tuple[list[Glyph], list[str]]:
    """The visible characters, and the hidden passages."""
    left, bottom, right, top = page.get_bbox()
    picture: Picture | None = None
    seen: list[Glyph] = []
    passages: list[str] = []
    passage: list[str] = []
    for glyph in glyphs:
        hidden = False
        if not glyph.is_generated and glyph.text.strip():
            x0, y0, x1, y1 = glyph.page_box
            hidden = x1 < left or x0 > right or y1 < bottom or y0 > top or glyph.tiny
            if glyph.doubt and not hidden:
                picture = picture or Picture(page)
                hidden = not picture.shows(glyph)
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
