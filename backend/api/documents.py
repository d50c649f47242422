"""`/api/v1/documents`: upload, list, read and delete the documents that lessons are made from."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from backend.api.dependencies import OwnerDep, PageCursor, PageLimit, ResourcesDep
from backend.api.leaving import unless_left
from backend.api.paging import page_of
from backend.api.security.limits import OwnLimit
from backend.documents.documents import Upload
from backend.settings import Settings
from backend.store.documents import Document, DocumentSummary
from workflows.errors import FieldError, InvalidInput, describe_fault
from workflows.text.json_values import JsonModel

PATH = "/api/v1/documents"
_AROUND_THE_FILE = 64_000
"""Bytes that a form, or JSON, may take beside the document."""

router = APIRouter(prefix=PATH, tags=["documents"])

DocumentId = Annotated[str, Path(max_length=64)]


_TITLE = "What it is called; by default its first heading"


class TextBody(JsonModel):
    """A document that is text already."""

    title: str | None = Field(None, max_length=200, description=_TITLE)
    text: str = Field(min_length=1, max_length=100_000_000, description="Markdown or plain text")


class DocumentTitleBody(JsonModel):
    """Another title of a document."""

    title: str = Field(min_length=1, max_length=200, description="What it is called")


class WarningView(BaseModel):
    """A warning about a document, as a sentence; `paragraph` counts from 1, 0 is nowhere in the text."""

    kind: str
    paragraph: int
    quote: str
    message: str = ""


class DocumentSummaryView(BaseModel):
    """A document in a list. `bytes` and `sha256` are of the file, `words` of its text, `language` is a guess."""

    id: str
    title: str
    filename: str
    media_type: str
    bytes: int
    words: int
    sha256: str
    language: str | None
    warnings: list[WarningView]
    created_at: datetime


class DocumentView(DocumentSummaryView):
    """A document with its text, as lessons use it."""

    text: str


class DocumentPage(BaseModel):
    """A page of documents, newest first; `next_cursor` leads to the next page."""

    documents: list[DocumentSummaryView]
    next_cursor: str | None


def body_limit(settings: Settings) -> OwnLimit:
    """Size limit of an upload, in bytes: the document and the form around it."""
    return OwnLimit(settings.max_document_bytes + _AROUND_THE_FILE, "STORYWIRE_MAX_DOCUMENT_BYTES", "file")


_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "Markdown, text, PDF or Word"},
        "title": {
            "type": "string",
            "maxLength": 200,
            "description": _TITLE,
        },
    },
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _FORM},
            "application/json": {"schema": TextBody.model_json_schema()},
        },
    }
}


@router.post("", status_code=201, openapi_extra=_BODY)
async def add_document(
    request: Request, response: Response, owner: OwnerDep, resources: ResourcesDep
) -> DocumentSummaryView:
    """Stores the text of an uploaded file (a form with `file` and, optionally, `title`), or of a JSON body."""
    essence = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if essence == "multipart/form-data":
        upload = await _from_form(request)
    elif essence == "application/json":
        upload = await _from_json(request)
    else:
        message = "a form (multipart/form-data) with `file` is expected, or JSON with `text`"
        raise InvalidInput.of("body", message)
    document = await unless_left(request, resources.documents.add(owner, upload))
    response.headers["Location"] = f"{PATH}/{document.id}"
    return _summary(document)


@router.get("")
async def list_documents(
    owner: OwnerDep,
    resources: ResourcesDep,
    limit: PageLimit = 20,
    cursor: PageCursor = None,
) -> DocumentPage:
    """The caller's documents, newest first, without their texts."""
    found = await resources.documents.page(owner, before=cursor, limit=limit + 1)
    page, next_cursor = page_of(found, limit, lambda document: document.id)
    return DocumentPage(documents=[_summary(document) for document in page], next_cursor=next_cursor)


@router.get("/{document_id}")
async def get_document(document_id: DocumentId, owner: OwnerDep, resources: ResourcesDep) -> DocumentView:
    """A document with its text."""
    return DocumentView.model_validate(asdict(await resources.documents.find(owner, document_id)))


@router.patch("/{document_id}")
async def rename_document(
    document_id: DocumentId, body: DocumentTitleBody, owner: OwnerDep, resources: ResourcesDep
) -> DocumentSummaryView:
    """Gives a document another title."""
    return _summary(await resources.documents.rename(owner, document_id, body.title))


@router.delete("/{document_id}", status_code=204)
async def delete_document(document_id: DocumentId, owner: OwnerDep, resources: ResourcesDep) -> None:
    """Deletes a document. Texts written from it stay, with what they quote of it."""
    await resources.documents.delete(owner, document_id)


async def _from_form(request: Request) -> Upload:
    try:
        form = await request.form(max_files=1, max_fields=4)
    except HTTPException as error:
        if error.status_code == 413:
            raise
        raise InvalidInput.of("body", str(error.detail)) from None
    try:
        unknown = sorted(set(form) - {"file", "title"})
        if unknown:
            raise InvalidInput.of(unknown[0][:64], "there is no such field; there is file, title")
        file, title = form.get("file"), form.get("title")
        if not isinstance(file, UploadFile):
            raise InvalidInput.of("file", "a file is expected")
        if title is not None and not isinstance(title, str):
            raise InvalidInput.of("title", "a text is expected")
        return Upload(file.filename or "", await file.read(), file.content_type, title)
    finally:
        await form.close()


async def _from_json(request: Request) -> Upload:
    try:
        given = orjson.loads(await request.body())
        if not isinstance(given, dict):
            raise InvalidInput.of("body", "an object with `text` and, if you like, `title` is expected")
        body = TextBody.model_validate(given)
    except orjson.JSONDecodeError:
        raise InvalidInput.of("body", "this is not JSON") from None
    except ValidationError as error:
        found = tuple(
            FieldError(".".join(map(str, item["loc"])) or "body", describe_fault(item))
            for item in error.errors(include_url=False, include_input=False, include_context=False)
        )
        raise InvalidInput.of_fields(found) from None
    if not body.text.strip():
        raise InvalidInput.of("text", "the text is empty")
    return Upload("text.md", body.text.encode(errors="replace"), None, body.title or "Untitled")


def _summary(document: Document | DocumentSummary) -> DocumentSummaryView:
    return DocumentSummaryView.model_validate(document, from_attributes=True)
