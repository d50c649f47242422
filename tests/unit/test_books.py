"""Exports, opened by readers that somebody else wrote: ebooklib, python-docx, lxml."""

import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from workflows.formats.books.book import Book, Chapter, Part, book_of, moment_of
from workflows.formats.books.docx import DOCX, write_docx
from workflows.formats.books.epub import EPUB, write_epub
from workflows.formats.exports import Finished

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from ebooklib import ITEM_DOCUMENT, epub

RUN = "01M7Y8CJF4KMZ2405F7PMDPJY7"
ENGLISH = Finished(
    run_id=RUN,
    format="story",
    title="Salt & <Stars>",
    language="en",
    input={},
    sections=[("The “Door”", "“Who's there?”\nNobody.\n\nShe waited."), ("A <b>", "3 < 5 & 7 > 2.\x0b")],
)
HEBREW = Finished(
    run_id=RUN,
    format="story",
    title="המגדלור",
    language="he",
    input={},
    sections=[("הקיר", "מאיה הקשיבה.\n\n״שומעת?״ לחש סבא."), ("הים", "ואז האיר הים.")],
)
XHTML = "{http://www.w3.org/1999/xhtml}"
OPF = "{http://www.idpf.org/2007/opf}"


def unpack(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def documents(content: bytes) -> Iterator[etree._Element]:
    for name, data in unpack(content).items():
        if name.endswith((".xhtml", ".opf", ".xml")):
            yield etree.fromstring(data)


def test_epub_begins_with_its_media_type_stored_as_it_is() -> None:
    content = EPUB.render(ENGLISH)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first = archive.infolist()[0]
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert content[30:58] == b"mimetypeapplication/epub+zip"


def test_epub_of_a_story_holds_its_text_its_contents_and_every_file_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "book.epub").write_bytes(EPUB.render(ENGLISH))
    book = epub.read_epub(tmp_path / "book.epub", {"ignore_ncx": True})
    files = unpack(EPUB.render(ENGLISH))
    package = etree.fromstring(files["EPUB/package.opf"])
    named = {f"EPUB/{item.get('href')}" for item in package.iter(f"{OPF}item")}
    spine = [item.get("idref") for item in package.iter(f"{OPF}itemref")]
    page = etree.fromstring(files["EPUB/chapter-1.xhtml"])

    assert book.title == "Salt & <Stars>" and book.language == "en"
    assert [entry.title for entry in book.toc] == ["The “Door”", "A <b>"]
    assert len(list(book.get_items_of_type(ITEM_DOCUMENT))) == 4
    assert named == set(files) - {"mimetype", "META-INF/container.xml", "EPUB/package.opf"}
    assert spine == ["title", "nav", "chapter-1", "chapter-2"]
    paragraphs = ["".join(p.itertext()) for p in page.iter(f"{XHTML}p")]
    assert paragraphs == ["“Who's there?”Nobody.", "She waited."]
    assert len(list(page.iter(f"{XHTML}br"))) == 1


def test_epub_of_a_hebrew_story_reads_from_right_to_left() -> None:
    files = unpack(EPUB.render(HEBREW))
    package = etree.fromstring(files["EPUB/package.opf"])
    spine = package.find(f"{OPF}spine")
    assert spine is not None and spine.get("page-progression-direction") == "rtl"
    pages = [etree.fromstring(data) for name, data in files.items() if name.endswith(".xhtml")]
    assert {(page.get("dir"), page.get("lang")) for page in pages} == {("rtl", "he")}
    assert "ואז האיר הים." in files["EPUB/chapter-2.xhtml"].decode()


def test_epub_of_the_same_run_is_the_same_bytes_and_says_when_the_run_began() -> None:
    assert EPUB.render(ENGLISH) == EPUB.render(ENGLISH)
    assert (
        moment_of(RUN).strftime("%Y-%m-%dT%H:%M:%SZ")
        in unpack(EPUB.render(ENGLISH))["EPUB/package.opf"].decode()
    )
    assert moment_of("no id").year == 2000


@given(st.text(), st.text(st.characters()))
def test_epub_of_any_text_is_well_formed(title: str, text: str) -> None:
    content = write_epub(Book("urn:x", title, "en", moment_of(RUN), [Chapter(title, [Part(title, text)])]))
    assert len(list(documents(content))) == 5


def test_docx_of_a_story_holds_its_headings_and_paragraphs() -> None:
    document = Document(io.BytesIO(DOCX.render(ENGLISH)))
    told = [(paragraph.style.name, paragraph.text) for paragraph in document.paragraphs if paragraph.style]
    assert told == [
        ("Title", "Salt & <Stars>"),
        ("Heading 1", "The “Door”"),
        ("Normal", "“Who's there?”\nNobody."),
        ("Normal", "She waited."),
        ("Heading 1", "A <b>"),
        ("Normal", "3 < 5 & 7 > 2."),
    ]
    assert document.core_properties.title == "Salt & <Stars>"
    assert document.element.find(f".//{qn('w:bidi')}") is None


def test_docx_of_a_hebrew_story_is_bidirectional_throughout() -> None:
    document = Document(io.BytesIO(DOCX.render(HEBREW)))
    properties = [paragraph._p.get_or_add_pPr() for paragraph in document.paragraphs]
    assert all(one.find(qn("w:bidi")) is not None for one in properties)
    runs = [run for paragraph in document.paragraphs for run in paragraph.runs]
    assert runs and all(run.font.rtl for run in runs)
    assert document.core_properties.language == "he"


@pytest.mark.parametrize("text", ["\x00\ud800a\uffff", "", "\n\n\n\n", "a\r\nb"])
def test_docx_of_odd_text_can_be_opened(text: str) -> None:
    book = Book("urn:x", text, "en", moment_of(RUN), [Chapter(text, [Part(text, text)])])
    assert Document(io.BytesIO(write_docx(book))).paragraphs


def test_book_of_a_run_has_a_chapter_a_section_and_then_its_pieces() -> None:
    finished = Finished(RUN, "podcast", "T", "en", {}, [("One", "a")], pieces=[("M1", "b")])
    assert [chapter.title for chapter in book_of(finished).chapters] == ["One", "M1"]
