"""Repository of uploaded documents, with their extracted text. Every query filters by the owner."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from backend.store.limits import Cap, check_cap
from backend.store.owner import Owner
from backend.store.schema.tables import documents
from backend.store.sql.database import Database
from backend.store.sql.dialect import deletion_of
from backend.store.sql.paging import newest_first
from workflows.errors import FieldError, PayloadTooLarge

_SUMMARY = [column for column in documents.c if column.name != "text"]


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document without its text. `bytes` and `sha256` are of the file; `language` is a guess.

    `warnings` are what was noticed when it was looked over: `{kind, paragraph, quote, message}`.
    """

    id: str
    owner: Owner
    title: str
    filename: str
    media_type: str
    bytes: int
    words: int
    sha256: str
    language: str | None
    warnings: list[dict[str, Any]]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Document(DocumentSummary):
    """A document with its text."""

    text: str


class DocumentRepository:
    """Documents in SQL."""

    def __init__(self, database: Database, cap: Cap | None = None, bytes_cap: Cap | None = None) -> None:
        """At most `cap` documents of an owner, with `bytes_cap` bytes together."""
        self._db = database
        self._cap = cap
        self._bytes_cap = bytes_cap

    async def add(self, document: Document) -> None:
        """Stores a document, in one transaction. Raises Conflict for one too many, PayloadTooLarge."""

        def work(connection: Connection) -> None:
            self._check_room(connection, document.owner, document.bytes)
            connection.execute(insert(documents).values(asdict(document)))

        await self._db.write(work)

    async def check_room(self, owner: Owner, size: int) -> None:
        """Whether a document of this size would fit now: before it is read, which takes a while. Raises as `add`."""
        await self._db.read(lambda connection: self._check_room(connection, owner, size))

    def _check_room(self, connection: Connection, owner: Owner, size: int) -> None:
        check_cap(connection, documents, owner, self._cap)
        if (cap := self._bytes_cap) is None:
            return
        total = select(func.coalesce(func.sum(documents.c.bytes), 0)).where(documents.c.owner == owner)
        if (connection.scalar(total) or 0) + size > cap.most:
            message = f"an account's documents have at most {cap.most} bytes together ({cap.setting})"
            raise PayloadTooLarge(f"file: {message}: delete one first.", (FieldError("file", message),))

    async def find(self, owner: Owner, document_id: str) -> Document | None:
        """The document, if it is this owner's."""
        query = select(documents).where(documents.c.owner == owner, documents.c.id == document_id)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Document(**row._mapping)

    async def has(self, owner: Owner, document_id: str) -> bool:
        """Whether this owner has the document."""
        query = select(documents.c.id).where(documents.c.owner == owner, documents.c.id == document_id)
        return await self._db.read(lambda connection: connection.scalar(query) is not None)

    async def page(self, owner: Owner, *, before: str | None, limit: int) -> list[DocumentSummary]:
        """A page of documents, newest first; `before` is the last id of the previous page (ids sort by time)."""
        query = newest_first(
            select(*_SUMMARY).where(documents.c.owner == owner), documents.c.id, before, limit
        )
        return await self._db.read(lambda connection: [_summary(row) for row in connection.execute(query)])

    async def rename(self, owner: Owner, document_id: str, title: str) -> bool:
        """Sets the title; False if there is no such document."""
        same = (documents.c.owner == owner, documents.c.id == document_id)
        query = update(documents).where(*same).values(title=title)
        return bool((await self._db.write(lambda connection: connection.execute(query))).rowcount)

    async def delete(self, owner: Owner, document_id: str) -> bool:
        """Deletes the document; False if there was none."""
        query = delete(documents).where(documents.c.owner == owner, documents.c.id == document_id)
        return await self._db.erase(deletion_of(owner, query))

    async def look_up(self, owner: Owner, document_id: str) -> Mapping[str, Any] | None:
        """The document as a lookup returns it: `{id, title, text, language, words}`."""
        document = await self.find(owner, document_id)
        if document is None:
            return None
        return {
            "id": document.id,
            "title": document.title,
            "text": document.text,
            "language": document.language,
            "words": document.words,
        }


def _summary(row: Row[Any]) -> DocumentSummary:
    return DocumentSummary(**row._mapping)
