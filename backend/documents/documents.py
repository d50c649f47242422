"""Use cases of documents, as the HTTP layer and the command line call them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from ulid import ULID

from backend.documents.extraction import Extracted, Extraction
from backend.documents.kinds import find_kind, refuse, suffix_of
from backend.store.documents import Document, DocumentRepository, DocumentSummary
from backend.store.owner import Owner
from workflows.errors import FieldError, NotFound, PayloadTooLarge
from workflows.text.streams.normaliser import normalise

_LONGEST_TITLE = 200
_LONGEST_NAME = 255
_BEGINNING = 10_000


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file. The title defaults to the document's first heading, then to the file's name."""

    filename: str
    data: bytes
    media_type: str | None = None
    title: str | None = None


class Documents:
    """Use cases of documents. Documents of another `owner` are not found."""

    def __init__(self, repository: DocumentRepository, extraction: Extraction, max_bytes: int) -> None:
        self._repository = repository
        self._extraction = extraction
        self._max_bytes = max_bytes

    async def add(self, owner: Owner, upload: Upload) -> Document:
        """Reads the file and stores its text. Nothing is stored when that fails.

        Raises PayloadTooLarge, InvalidInput, Overloaded, and Conflict for one too many.
        """
        if len(upload.data) > self._max_bytes:
            message = f"the document is larger than {self._max_bytes} bytes (STORYWIRE_MAX_DOCUMENT_BYTES)."
            raise PayloadTooLarge(f"file: {message}", (FieldError("file", message),))
        title = _check_title(upload.title)
        name = _file_name(upload.filename)
        kind = find_kind(name, upload.media_type, upload.data)
        await self._repository.check_room(owner, len(upload.data))
        extracted = await self._extraction.extract(owner, kind.name, upload.data)
        document = Document(
            id=str(ULID()),
            owner=owner,
            title=title or _title_of(extracted, name),
            filename=name,
            media_type=kind.media_type,
            bytes=len(upload.data),
            words=extracted.words,
            sha256=extracted.sha256,
            language=extracted.language,
            warnings=extracted.warnings,
            created_at=datetime.now(UTC),
            text=extracted.text,
        )
        await self._repository.add(document)
        return document

    async def page(self, owner: Owner, *, before: str | None, limit: int) -> list[DocumentSummary]:
        """The owner's documents, newest first."""
        return await self._repository.page(owner, before=before, limit=limit)

    async def find(self, owner: Owner, document_id: str) -> Document:
        """The document. Raises NotFound."""
        document = await self._repository.find(owner, document_id)
        if document is None:
            raise _not_found(document_id)
        return document

    async def rename(self, owner: Owner, document_id: str, title: str) -> Document:
        """The document under another title. Raises NotFound, InvalidInput."""
        if (clean := _check_title(title)) is None:
            raise refuse("a title has a character at least", "title")
        if not await self._repository.rename(owner, document_id, clean):
            raise _not_found(document_id)
        return await self.find(owner, document_id)

    async def delete(self, owner: Owner, document_id: str) -> None:
        """Deletes the document. Runs that are being written from it end with NOT_FOUND. Raises NotFound."""
        if not await self._repository.delete(owner, document_id):
            raise _not_found(document_id)


def _not_found(document_id: str) -> NotFound:
    return NotFound(f"There is no document {document_id[:64]}.")


def _check_title(title: str | None) -> str | None:
    clean = _clean(title or "")
    if len(clean) > _LONGEST_TITLE:
        raise refuse(f"a title has at most {_LONGEST_TITLE} characters", "title")
    return clean or None


def _file_name(filename: str) -> str:
    """The last part of a path, of any system, as one line; its suffix is kept when it is cut."""
    name = _clean(filename.replace("\\", "/").rstrip("/").rpartition("/")[2])
    if len(name) > _LONGEST_NAME:
        suffix = suffix_of(name)[:20]
        name = name[: _LONGEST_NAME - len(suffix)] + suffix
    return name


def _title_of(extracted: Extracted, name: str) -> str:
    """The file's own title, else its first heading, else its name."""
    stem = name[: len(name) - len(suffix_of(name))].strip(" .")
    title = extracted.title or _first_heading(extracted.text) or stem or "Untitled"
    return _clean(title)[:_LONGEST_TITLE].strip() or "Untitled"


def _first_heading(text: str) -> str | None:
    """The first heading among the first lines, marked or underlined as in Markdown."""
    lines = text[:_BEGINNING].splitlines()[:20]
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("# "):
            return line[2:].strip().rstrip("#").strip() or None
        if line.strip() and len(below) > 2 and set(below.rstrip()) == {"="}:
            return line.strip()
    return None


def _clean(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(normalise(text).split())
