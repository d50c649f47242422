"""A book as EPUB 3, which every e-reader opens.

https://www.w3.org/TR/epub-33/: a zip whose first entry is the media type, stored as it is.
"""

import io
import zipfile
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from workflows.formats.books.book import Book, book_of, paragraphs
from workflows.formats.exports import Exporter, Finished
from workflows.text.characters import drop_unwritable
from workflows.text.direction import direction

MEDIA_TYPE = "application/epub+zip"

_TEMPLATES = Path(__file__).parent / "templates"
_FIXED = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the same book is the same bytes."""

_environment = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    finalize=lambda value: drop_unwritable(value) if isinstance(value, str) else value,
)
_environment.filters["paragraphs"] = paragraphs


def write_epub(book: Book) -> bytes:
    """The bytes of the file."""
    about = {"book": book, "dir": direction(book.language)}
    files = {
        "META-INF/container.xml": (_TEMPLATES / "container.xml").read_text(encoding="utf-8"),
        "EPUB/package.opf": _environment.get_template("package.opf").render(about),
        "EPUB/nav.xhtml": _environment.get_template("nav.xhtml").render(about),
        "EPUB/style.css": (_TEMPLATES / "style.css").read_text(encoding="utf-8"),
        "EPUB/title.xhtml": _environment.get_template("title.xhtml").render(about),
    }
    template = _environment.get_template("chapter.xhtml")
    for number, chapter in enumerate(book.chapters, 1):
        files[f"EPUB/chapter-{number}.xhtml"] = template.render(about, chapter=chapter)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype", _FIXED), MEDIA_TYPE, zipfile.ZIP_STORED)
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _FIXED), text.encode(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def _render(finished: Finished) -> bytes:
    return write_epub(book_of(finished))


EPUB = Exporter("epub", MEDIA_TYPE, _render)
"""A finished run as an EPUB with a chapter a section."""
