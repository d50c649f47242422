"""A book as DOCX, for word processors."""

import io
from typing import TYPE_CHECKING, Any

from workflows.formats.books.book import Book, book_of, paragraphs
from workflows.formats.exports import Exporter, Finished
from workflows.text.characters import drop_unwritable
from workflows.text.direction import direction

if TYPE_CHECKING:
    from docx.text.paragraph import Paragraph

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def write_docx(book: Book) -> bytes:
    """The bytes of the file. In a right-to-left language, every paragraph and run is marked so."""
    from docx import Document  # a third of a second, which only an export pays for

    document = Document()
    about = document.core_properties
    about.title, about.language, about.identifier = drop_unwritable(book.title)[:255], book.language, book.id
    about.author, about.comments = "Storywire", ""
    about.created = about.modified = book.made.replace(tzinfo=None)
    _fill(document.add_heading(level=0), [book.title], book.language)
    for line in book.warning:
        _fill(document.add_paragraph(), [line], book.language, bold=True)
    for chapter in book.chapters:
        _fill(document.add_heading(level=1), [chapter.title], book.language)
        for part in chapter.parts:
            if part.heading:
                _fill(document.add_heading(level=2), [part.heading], book.language)
            for lines in paragraphs(part.text):
                _fill(document.add_paragraph(), lines, book.language)
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def _fill(paragraph: "Paragraph", lines: list[str], language: str, *, bold: bool = False) -> None:
    run = paragraph.add_run()
    run.bold = bold or None
    for place, line in enumerate(lines):
        if place:
            run.add_break()
        run.add_text(drop_unwritable(line))
    is_rtl = direction(language) == "rtl"
    if is_rtl:
        run.font.rtl = True
        _insert(paragraph._p.get_or_add_pPr(), "w:bidi", {}, _AFTER_BIDI)
    attribute = "w:bidi" if is_rtl else "w:val"
    _insert(run._r.get_or_add_rPr(), "w:lang", {attribute: language}, ("w:eastAsianLayout", "w:specVanish"))


# The schema has an order of elements; word processors refuse a file that keeps to another one.
_AFTER_BIDI = (
    "w:adjustRightInd", "w:snapToGrid", "w:spacing", "w:ind", "w:contextualSpacing", "w:mirrorIndents",
    "w:suppressOverlap", "w:jc", "w:textDirection", "w:textAlignment", "w:textboxTightWrap", "w:outlineLvl",
    "w:divId", "w:cnfStyle", "w:rPr", "w:sectPr", "w:pPrChange",
)  # fmt: skip


def _insert(properties: Any, name: str, attributes: dict[str, str], successors: tuple[str, ...]) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement(name)
    for attribute, value in attributes.items():
        element.set(qn(attribute), value)
    properties.insert_element_before(element, *successors)


def _render(finished: Finished) -> bytes:
    return write_docx(book_of(finished))


DOCX = Exporter("docx", MEDIA_TYPE, _render)
"""A finished run as a document with a heading a section."""
