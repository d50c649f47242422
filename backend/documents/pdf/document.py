"""Text of a whole PDF."""

from collections.abc import Iterable, Iterator, Sequence

import pypdfium2
import pypdfium2.raw as pdfium

from backend.documents.left_out import LeftOut
from backend.documents.pdf.annotations import Annotations, part_struck, read_annotations
from backend.documents.pdf.bidi import is_right_to_left
from backend.documents.pdf.bounds import TOO_LARGE, check_unpacked
from backend.documents.pdf.glyphs import Glyph, GlyphReader
from backend.documents.pdf.layout import arrange
from backend.documents.pdf.lines import PdfLine, cut_lines, guess_mirrored, make_line
from backend.documents.pdf.paragraphs import Page, join_pages
from backend.documents.pdf.running import find_running
from backend.documents.pdf.visible import part_hidden
from backend.documents.reading import Reading, Unreadable, too_long

_MOST_PAGES = 2000
_MOST_OBJECTS = 300_000
"""Of a page."""
_LEAST_PICTURE = 0.03
"""Of the page: smaller ones are marks and rules."""
_MOST_UNKNOWN = 0.3
_BROKEN = "the PDF is broken; open it and save it anew"


class _Sheet:
    """Lines, width and number of pictures of a page."""

    def __init__(self, lines: list[list[Glyph]], width: float, pictures: int) -> None:
        self.lines = lines
        self.width = width
        self.pictures = pictures


def read_pdf(data: bytes, max_characters: int) -> Reading:
    """The text as it reads on the printed pages, in paragraphs. Raises Unreadable."""
    left_out = LeftOut("page")
    hidden: list[str] = []
    try:
        document = _open(data)
        try:
            left_out.add("embedded_objects", count=pdfium.FPDFDoc_GetAttachmentCount(document))
            sheets = list(_read_sheets(document, hidden, left_out, max_characters))
        finally:
            document.close()
        text = _write(sheets, left_out)
    except (Unreadable, MemoryError):
        raise
    except Exception:  # a broken file makes a library throw anything
        raise Unreadable(_BROKEN) from None
    return Reading(text, tuple(hidden), left_out.warnings())


def _open(data: bytes) -> pypdfium2.PdfDocument:
    check_unpacked(data)
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD or "password" in str(error).casefold():
            raise Unreadable("the PDF is encrypted; save it without a password") from None
        raise Unreadable(_BROKEN) from None
    if len(document) > _MOST_PAGES:
        raise Unreadable(f"the PDF has {len(document)} pages; {_MOST_PAGES} can be read")
    if not len(document):
        raise Unreadable(_BROKEN)
    return document


def _read_sheets(
    document: pypdfium2.PdfDocument, hidden: list[str], left_out: LeftOut, max_characters: int
) -> Iterator[_Sheet]:
    characters = 0
    for index in range(len(document)):
        page = document[index]
        notes = read_annotations(page)
        _leave_out_comments(notes, left_out, index + 1)
        # Filled-in fields and text annotations become part of the page; pop-ups don't.
        pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY)
        page.close()
        page = document[index]
        if pdfium.FPDFPage_CountObjects(page) > _MOST_OBJECTS:
            raise Unreadable(TOO_LARGE)
        text_page = page.get_textpage()
        characters += pdfium.FPDFText_CountChars(text_page)
        if characters > max_characters:
            raise too_long(max_characters)
        glyphs, passages = part_hidden(page, text_page, list(GlyphReader(text_page).read()))
        hidden += passages
        glyphs, struck = part_struck(glyphs, notes.struck) if notes.struck else (glyphs, [])
        for words in struck:
            left_out.add("struck_out_text", words, index + 1)
        yield _Sheet([line for line in cut_lines(glyphs) if line], page.get_size()[0], _count_pictures(page))
        text_page.close()
        page.close()


def _leave_out_comments(notes: Annotations, left_out: LeftOut, number: int) -> None:
    for words in notes.comments:
        left_out.add("comments", words, number)
    left_out.add("embedded_objects", place=number, count=notes.files)


def _count_pictures(page: pypdfium2.PdfPage) -> int:
    width, height = page.get_size()
    pictures = 0
    for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = item.get_bounds()
        pictures += (right - left) * (top - bottom) >= _LEAST_PICTURE * width * height
    return pictures


def _write(sheets: Sequence[_Sheet], left_out: LeftOut) -> str:
    _check_characters(sheets, left_out)
    directions = [is_right_to_left(_letters(sheet.lines)) for sheet in sheets]
    mirror = guess_mirrored(
        [line for sheet in sheets for line in sheet.lines], right_to_left=sum(directions) > len(sheets) / 2
    )
    pages = [
        Page(arrange(list(_lines(sheet, right_to_left=direction, mirror=mirror))), sheet.width)
        for sheet, direction in zip(sheets, directions, strict=True)
    ]
    for number, (page, sheet) in enumerate(zip(pages, sheets, strict=True), start=1):
        if not page.lines:
            left_out.add("pages_without_text", place=number)
        elif sheet.pictures:
            left_out.add("pictures", place=number, count=sheet.pictures)
    _leave_out_running(pages, left_out)
    return "\n\n".join(join_pages(pages))


def _lines(sheet: _Sheet, *, right_to_left: bool, mirror: bool) -> Iterator[PdfLine]:
    for glyphs in sheet.lines:
        line = make_line(glyphs, right_to_left=right_to_left, mirror=mirror)
        if line is not None:
            yield line


def _letters(lines: Iterable[Sequence[Glyph]]) -> str:
    return "".join(glyph.text for line in lines for glyph in line)


def _check_characters(sheets: Sequence[_Sheet], left_out: LeftOut) -> None:
    """Notes characters whose meaning is missing from the file. Raises Unreadable when they are a large part."""
    known = 0
    unknown = [0] * len(sheets)
    for number, sheet in enumerate(sheets):
        for line in sheet.lines:
            missing = sum(not glyph.text for glyph in line)
            unknown[number] += missing
            known += len(line) - missing
    if sum(unknown) > _MOST_UNKNOWN * (known + sum(unknown)):
        raise Unreadable(
            "the PDF doesn't say which letters its shapes stand for; run text recognition (OCR) over it first"
        )
    for number, count in enumerate(unknown, start=1):
        if count:
            left_out.add("unknown_characters", place=number, count=count)


def _leave_out_running(pages: Sequence[Page], left_out: LeftOut) -> None:
    # By their places on the page: many programs draw headers last.
    by_place = [sorted(page.lines, key=lambda line: -line.top) for page in pages]
    running = find_running([[line.text for line in lines] for lines in by_place])
    for number, (page, lines, places) in enumerate(zip(pages, by_place, running, strict=True), start=1):
        gone = {id(lines[place]) for place in places}
        for place in sorted(places):
            left_out.add("running_titles", lines[place].text, number)
        page.lines = [line for line in page.lines if id(line) not in gone]
