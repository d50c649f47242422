"""Which documents are taken, and whether a file is what its name says. Pure."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from workflows.errors import FieldError, InvalidInput

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
    b"7z\xbc\xaf": "a 7z archive",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document."""

    name: KindName
    media_type: str
    suffixes: tuple[str, ...]
    title: str


KINDS = (
    Kind("markdown", "text/markdown", (".md", ".markdown"), "Markdown"),
    Kind("text", "text/plain", (".txt", ".text"), "plain text"),
    Kind("pdf", "application/pdf", (".pdf",), "a PDF"),
    Kind(
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        (".docx",),
        "a Word document",
    ),
)


def refuse(message: str, field: str = "file") -> InvalidInput:
    """What is wrong with the file, as an error that names the field."""
    return InvalidInput(f"{field}: {message}", (FieldError(field, message),))


def find_kind(filename: str, media_type: str | None, data: bytes) -> Kind:
    """The kind that the name says, or without an ending in the name the media type.

    Raises InvalidInput when it is none that is taken, and when the bytes say otherwise.
    """
    suffix = PurePath(filename).suffix.casefold()
    essence = (media_type or "").partition(";")[0].strip().casefold()
    if suffix:
        kind = next((kind for kind in KINDS if suffix in kind.suffixes), None)
    else:
        kind = next((kind for kind in KINDS if essence == kind.media_type), None)
    if kind is None:
        raise refuse(f"{_named(suffix, essence)} can't be read; {ACCEPTED} can")
    if not data.strip():
        raise refuse("the file is empty")
    found = _looks_like(data)
    if kind.name == "docx" and data.startswith(_OLE):
        raise refuse("the document is encrypted, or of an old Word; save it as .docx without a password")
    if (kind.name in ("pdf", "docx")) != (found in ("pdf", "docx")) or (found and found != kind.name):
        is_what = next((k.title for k in KINDS if k.name == found), found or "no such file")
        raise refuse(f"the name says {kind.title}, but the file is {is_what}")
    return kind


def _looks_like(data: bytes) -> str | None:
    """A kind, or what else it is; None for what may be text."""
    if _PDF in data[:_PDF_WITHIN]:
        return "pdf"
    if data.startswith(_ZIP):
        return "docx"  # any zip archive: what is in it is seen when it is opened
    for mark, title in _KNOWN.items():
        if data.startswith(mark):
            return title
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "no text"
    return None


def _named(suffix: str, essence: str) -> str:
    if suffix:
        return f"a file named *{suffix[:16]}"
    return f"a file of type {essence[:80]}" if essence else "a file whose name has no ending"
