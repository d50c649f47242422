"""Kinds of documents that are accepted, and the check that a file is of the kind that its name claims. Pure."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from workflows.errors import InvalidInput

KindName = Literal["markdown", "text", "pdf", "docx"]
ACCEPTED = "Markdown (.md), plain text (.txt), PDF (.pdf) and Word (.docx)"

_PDF = b"%PDF-"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF_WITHIN = 1024
"""Readers take a PDF whose mark stands a little way in."""
_KNOWN = {
    _OLE: "an old or an encrypted Office file",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"{\\rtf": "an RTF file",
    b"MZ": "a Windows program",
    b"\x7fELF": "a program",
    b"\x1f\x8b": "a gzip archive",
    b"Rar!": "a RAR archive",
    b"BM": "a BMP picture",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"RIFF": "a WebP picture, a sound or a film",
    b"OggS": "a sound or a film",
    b"ID3": "an MP3 sound",
    b"SQLite format 3\0": "a database",
    b"7z\xbc\xaf": "a 7z archive",
}


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of document."""

    name: KindName
    media_type: str
    suffixes: tuple[str, ...]
    title: str


_WITH_SIGNATURE = ("pdf", "docx")
_CAN_BE_SAVED_AS_WORD = frozenset({".doc", ".odt", ".rtf", ".pages", ".wps", ".html", ".htm"})

KINDS = (
    DocumentKind("markdown", "text/markdown", (".md", ".markdown"), "Markdown"),
    DocumentKind("text", "text/plain", (".txt", ".text"), "plain text"),
    DocumentKind("pdf", "application/pdf", (".pdf",), "a PDF"),
    DocumentKind(
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        (".docx",),
        "a Word document",
    ),
)


def refuse(message: str, field: str = "file") -> InvalidInput:
    """The error for the file, naming the field."""
    return InvalidInput.of(field, message)


def find_kind(filename: str, media_type: str | None, data: bytes) -> DocumentKind:
    """The kind by the file's name; without a suffix, by the media type or by the bytes.

    Raises InvalidInput when it is none that is taken, and when the bytes say otherwise.
    """
    suffix = suffix_of(filename)
    essence = (media_type or "").partition(";")[0].strip().casefold()
    found = _looks_like(data)
    if suffix:
        kind = next((kind for kind in KINDS if suffix in kind.suffixes), None)
    else:
        kind = next((kind for kind in KINDS if essence == kind.media_type), None)
        if kind is None and found in _WITH_SIGNATURE:
            kind = next(kind for kind in KINDS if kind.name == found)
    if kind is None:
        advice = "; save it as .docx or PDF" if suffix in _CAN_BE_SAVED_AS_WORD else ""
        raise refuse(f"{_named(suffix, essence)} can't be read; {ACCEPTED} can{advice}")
    if not data or data.isspace():
        raise refuse("the file is empty")
    _check_bytes(kind, data, found)
    return kind


def suffix_of(filename: str) -> str:
    """The suffix of a file's name in lower case: `.pdf`, also of a file whose whole name it is."""
    name = PurePath(
        filename.strip(" .") if not filename.startswith(".") else f"_{filename.rstrip(' .')}"
    ).name
    return PurePath(name).suffix.casefold()


def _check_bytes(kind: DocumentKind, data: bytes, found: str | None) -> None:
    """Raises InvalidInput when the bytes contradict the name."""
    if kind.name == "docx" and data.startswith(_OLE):
        raise refuse("the document is encrypted, or of an old Word; save it as .docx without a password")
    if kind.name in ("markdown", "text") and (encoding := _wide_encoding(data)):
        raise refuse(f"the text is in {encoding}; save it as UTF-8")
    if (kind.name in _WITH_SIGNATURE) != (found in _WITH_SIGNATURE) or (found and found != kind.name):
        is_what = next((k.title for k in KINDS if k.name == found), found or "no such file")
        raise refuse(f"the name says {kind.title}, but the file is {is_what}")


def _looks_like(data: bytes) -> str | None:
    """The kind by the bytes, or another file type; None for what may be text."""
    if _PDF in data[:_PDF_WITHIN]:
        return "pdf"
    if data.startswith(_ZIP):
        return "docx"  # any zip archive: what is in it is seen when it is opened
    for mark, title in _KNOWN.items():
        if data.startswith(mark) and (len(mark) > 2 or b"\0" in data[:64]):
            return title
    return "no text (it holds NUL characters)" if b"\0" in data else None


def _wide_encoding(data: bytes) -> str | None:
    """UTF-32 or UTF-16, by its byte order mark or by the zeros between its letters."""
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "UTF-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    sample = data[:400]
    fewer, more = sorted((sample[::2].count(0), sample[1::2].count(0)))
    return "UTF-16" if more >= 4 and more > len(sample) // 5 and fewer <= more // 8 else None


def _named(suffix: str, essence: str) -> str:
    if suffix:
        return f"a file named *{suffix[:16]}"
    return f"a file of type {essence[:80]}" if essence else "a file whose name has no ending"
