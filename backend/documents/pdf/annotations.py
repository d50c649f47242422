"""Annotations of a PDF page, written on it afterwards: comments, and lines that strike text out."""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field

import pypdfium2
import pypdfium2.raw as pdfium

from backend.documents.pdf.glyphs import Glyph, PageArea

_NOT_SHOWN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_NO_COMMENTS = frozenset(
    {pdfium.FPDF_ANNOT_POPUP, pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_XFAWIDGET}
)


@dataclass(slots=True)
class Annotations:
    """Comments that don't stand on the page, the number of attached files, and the places that are struck out."""

    comments: list[str] = field(default_factory=list)
    files: int = 0
    struck: list[PageArea] = field(default_factory=list)


def read_annotations(page: pypdfium2.PdfPage) -> Annotations:
    """The annotations of a page that hasn't been flattened."""
    found = Annotations()
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if annotation:
            _read(annotation, found)
            pdfium.FPDFPage_CloseAnnot(annotation)
    return found


def part_struck(glyphs: Sequence[Glyph], struck: Sequence[PageArea]) -> tuple[list[Glyph], list[str]]:
    """The characters that aren't struck out, and the passages that are; a space stands in the place of each."""
    kept: list[Glyph] = []
    passages: list[str] = []
    passage = ""
    for glyph in glyphs:
        if _is_within(glyph, struck) or (passage and glyph.is_generated):
            passage += glyph.text
            continue
        if passage:
            passages.append(" ".join(passage.split()))
            kept.append(Glyph(" ", 0, 0, 0, 0, 0, 0, is_generated=True))
            passage = ""
        kept.append(glyph)
    return kept, [*passages, *([" ".join(passage.split())] if passage else [])]


def _read(annotation: object, found: Annotations) -> None:
    kind = pdfium.FPDFAnnot_GetSubtype(annotation)
    if kind == pdfium.FPDF_ANNOT_STRIKEOUT and not pdfium.FPDFAnnot_GetFlags(annotation) & _NOT_SHOWN:
        found.struck += _places(annotation)
    found.files += kind == pdfium.FPDF_ANNOT_FILEATTACHMENT
    stands_on_page = kind == pdfium.FPDF_ANNOT_FREETEXT and _has_appearance(annotation)
    if kind not in _NO_COMMENTS and not stands_on_page and (words := _contents(annotation)):
        found.comments.append(words)


def _is_within(glyph: Glyph, places: Sequence[PageArea]) -> bool:
    if glyph.is_generated:
        return False
    left, bottom, right, top = glyph.page_box
    x, y = (left + right) / 2, (bottom + top) / 2
    return any(place[0] <= x <= place[2] and place[1] <= y <= place[3] for place in places)


def _places(annotation: object) -> list[PageArea]:
    places, points = [], pdfium.FS_QUADPOINTSF()
    for index in range(pdfium.FPDFAnnot_CountAttachmentPoints(annotation)):
        if pdfium.FPDFAnnot_GetAttachmentPoints(annotation, index, points):
            across = points.x1, points.x2, points.x3, points.x4
            upwards = points.y1, points.y2, points.y3, points.y4
            places.append((min(across), min(upwards), max(across), max(upwards)))
    return places


def _contents(annotation: object) -> str:
    size = pdfium.FPDFAnnot_GetStringValue(annotation, b"Contents", None, 0)
    buffer = ctypes.create_string_buffer(size)
    pdfium.FPDFAnnot_GetStringValue(
        annotation, b"Contents", ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size
    )
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\0").strip()


def _has_appearance(annotation: object) -> bool:
    """Whether the file says how it looks: more than the end of an empty text."""
    mode = pdfium.FPDF_ANNOT_APPEARANCEMODE_NORMAL
    return int(pdfium.FPDFAnnot_GetAP(annotation, mode, None, 0)) > 2
