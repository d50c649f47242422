"""Bytes → text, one function a kind of document. Pure, and not to be trusted with time or memory:
a hostile file can take both, so it runs in a process of its own (`extraction.py`)."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from backend.documents.kinds import KindName

_MOST_PAGES = 2000
_MOST_MEMBERS = 3000
_MOST_UNPACKED = 100_000_000
_HEADING = re.compile(r"^heading ([1-6])$", re.IGNORECASE)
_LEAST_WIDTH = 40
_ENDS = (".", "!", "?", ":", ";", "”", '"')


class Unreadable(Exception):
    """Why the document can't be taken: a sentence for a person, without its full stop."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The text that people see, and the texts in the file that they don't."""

    text: str
    hidden: tuple[str, ...] = ()


def read_document(kind: KindName, data: bytes) -> Reading:
    """Raises Unreadable."""
    match kind:
        case "pdf":
            return _read_pdf(data)
        case "docx":
            return _read_docx(data)
        case _:
            return Reading(_read_text(data))


def _read_text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("the text is in UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"the text is not UTF-8 (byte {error.start + 1}); save it as UTF-8") from None


# PDF.


def _read_pdf(data: bytes) -> Reading:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    try:
        reader = PdfReader(BytesIO(data), strict=False)
        # A PDF that may be read, but not printed or changed, opens with an empty password.
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("the PDF is encrypted; save it without a password")
        if len(reader.pages) > _MOST_PAGES:
            raise Unreadable(f"the PDF has {len(reader.pages)} pages; {_MOST_PAGES} can be read")
        pages = [page.extract_text() for page in reader.pages]
    except (DependencyError, FileNotDecryptedError):
        raise Unreadable("the PDF is encrypted; save it without a password") from None
    except (Unreadable, MemoryError):
        raise
    except Exception:  # a broken file makes a library throw anything
        raise Unreadable("the PDF is broken; open it and save it anew") from None
    return Reading(join_pages(pages))


def join_pages(pages: list[str]) -> str:
    """Pages as running text: lines joined to paragraphs, broken words mended, running titles left out."""
    lines = [[line.strip() for line in page.splitlines() if line.strip()] for page in pages]
    again = _running_titles(lines)
    kept = [line for page in lines for line in page if _without_numbers(line) not in again]
    return "\n\n".join(_join_lines(kept))


def _running_titles(pages: list[list[str]]) -> set[str]:
    """What stands first or last on most pages, whatever numbers are in it."""
    if len(pages) < 3:
        return set()
    counted: Counter[str] = Counter()
    for page in pages:
        counted.update({_without_numbers(line) for line in (*page[:1], *page[-1:])})
    return {line for line, count in counted.items() if count > len(pages) / 2 and len(line) < 100}


def _without_numbers(line: str) -> str:
    return re.sub(r"\d+", "#", line)


def _join_lines(lines: list[str]) -> list[str]:
    """Paragraphs: a line that fills the page's width and ends no sentence goes on in the next one."""
    full = max(_LEAST_WIDTH, max(map(len, lines), default=0) // 2)
    joined: list[str] = []
    length = 0  # of the line before
    for line in lines:
        before = joined[-1] if joined else ""
        if before.endswith("-") and line[0].islower():
            joined[-1] = before[:-1] + line
        elif before and (line[0].islower() or (length > full and not before.endswith(_ENDS))):
            joined[-1] = f"{before} {line}"
        else:
            joined.append(line)
        length = len(line)
    return joined


# Word.


def _read_docx(data: bytes) -> Reading:
    import docx

    try:
        _check_archive(data)
        document = docx.Document(BytesIO(data))
        hidden: list[str] = []
        text = "\n\n".join(block for block in _blocks(document, hidden) if block)
    except (Unreadable, MemoryError):
        raise
    except Exception:  # a broken file makes a library throw anything
        raise Unreadable("the Word document is broken; open it and save it anew") from None
    return Reading(text, tuple(hidden))


def _check_archive(data: bytes) -> None:
    """A zip bomb is refused by what it says of itself; the limits of the process hold if it lies."""
    with ZipFile(BytesIO(data)) as archive:
        members = archive.infolist()
        names = {member.filename for member in members}
        if "word/document.xml" not in names:
            raise Unreadable("the name says a Word document, but the file is another zip archive")
        if any(member.flag_bits & 1 for member in members):
            raise Unreadable("the document is encrypted; save it without a password")
        unpacked = sum(member.file_size for member in members)
        if len(members) > _MOST_MEMBERS or unpacked > _MOST_UNPACKED:
            raise Unreadable("the document is too large when unpacked")
        # Word writes no DTD; entities that grow without end are declared in one.
        with archive.open("word/document.xml") as part:
            if b"<!DOCTYPE" in part.read(65536):
                raise Unreadable("the document holds XML declarations that Word doesn't write")


def _blocks(document: Any, hidden: list[str]) -> Iterator[str]:
    from docx.table import Table

    for block in document.iter_inner_content():
        if isinstance(block, Table):
            yield "\n".join(
                " | ".join(
                    " ".join(_text_of(p, hidden) for p in cell.paragraphs).strip() for cell in row.cells
                )
                for row in block.rows
            )
            continue
        text = _text_of(block, hidden).strip()
        style = str(getattr(block.style, "name", "") or "")
        if text and (heading := _HEADING.match(style)):
            yield f"{'#' * int(heading[1])} {text}"
        elif text and style == "Title":
            yield f"# {text}"
        elif text and style.startswith("List"):
            yield f"- {text}"
        else:
            yield text


def _text_of(paragraph: Any, hidden: list[str]) -> str:
    """Its words without those that were deleted or that a reader can't see."""
    seen = []
    for run in paragraph._p.xpath(".//w:r[not(ancestor::w:del) and not(ancestor::w:txbxContent)]"):
        text = "".join(_piece(node) for node in run.xpath("./w:t | ./w:tab | ./w:br | ./w:noBreakHyphen"))
        if not text:
            continue
        if _is_hidden(run):
            hidden.append(text)
        else:
            seen.append(text)
    return "".join(seen)


def _piece(node: Any) -> str:
    name = node.tag.rpartition("}")[2]
    return {"tab": " ", "br": "\n", "noBreakHyphen": "-"}.get(name) or node.text or ""


def _is_hidden(run: Any) -> bool:
    """Marked as hidden, white, or too small to read."""
    off = ("0", "false", "none")
    if any(mark not in off for mark in _values(run, "./w:rPr/w:vanish")):
        return True
    if any(color.casefold() in ("ffffff", "fefefe") for color in _values(run, "./w:rPr/w:color")):
        return not run.xpath("./w:rPr/w:shd | ./w:rPr/w:highlight")
    return any(size.isdigit() and int(size) <= 4 for size in _values(run, "./w:rPr/w:sz"))


def _values(run: Any, path: str) -> list[str]:
    key = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}val"
    return [str(node.get(key, "true")) for node in run.xpath(path)]
