"""Share links: read-only access to a finished text for anyone who has the link."""

from base64 import b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, FileSystemLoader
from pydantic import BaseModel

from backend.accounts.audit import EventKind
from backend.api.dependencies import OwnerDep, PageCursor, PageLimit, PrincipalDep, ResourcesDep, RunId
from backend.api.paging import page_of
from backend.api.runs.marked import WORDS, make_renderer
from backend.resources import Resources
from backend.runs.results.exports import finished
from backend.store.owner import Owner
from backend.store.runs.runs import Run
from workflows.errors import NotFound
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import presentation_of
from workflows.formats.form import TextDisplay
from workflows.formats.notices import Notice, list_notices
from workflows.formats.sources import is_address, list_sources, name_of
from workflows.loop_turns import off_loop

router = APIRouter(prefix="/api/v1/runs", tags=["shares"])
listed = APIRouter(prefix="/api/v1/shares", tags=["shares"])
public = APIRouter(prefix="/shared", tags=["shares"])

_FOLDER = FilePath(__file__).parent / "shared"
_PAGES = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True)
_PAGES.tests["address"] = is_address
_PAGES.filters["name"] = name_of
_PAGE = _PAGES.get_template("page.html")
_NOTE = _PAGES.get_template("source.html")
_STYLE = (_FOLDER / "page.css").read_text(encoding="utf-8")
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    # The address is the secret: it goes nowhere else, and what it shows is kept by nobody.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class ShareView(BaseModel):
    """The state of a run's share link. `url` is shown when the link is created, and never again."""

    run_id: str
    shared: bool
    created_at: datetime | None = None
    expires_at: datetime | None = None
    url: str | None = None


class SharedRunView(BaseModel):
    """A link in the list. `expires_at` is null for one of an earlier version."""

    run_id: str
    title: str | None
    created_at: datetime
    expires_at: datetime | None


class SharePage(BaseModel):
    """The caller's valid links, those of the newest runs first; `next_cursor` leads to the next page."""

    shares: list[SharedRunView]
    next_cursor: str | None


class SharedSection(BaseModel):
    """A section of a shared text."""

    title: str
    text: str


class SharedSource(BaseModel):
    """A source that the text cites by its number; what isn't known of it is empty."""

    title: str = ""
    publisher: str = ""
    date: str = ""
    url: str = ""


class SharedText(BaseModel):
    """Shared text with its sources and notices, without its input and costs."""

    title: str
    format: str
    language: str
    sections: list[SharedSection]
    sources: list[SharedSource] = []
    notices: list[Notice] = []


@router.post("/{run_id}/share", status_code=201)
async def share_run(
    run_id: RunId,
    principal: PrincipalDep,
    resources: ResourcesDep,
    days: Annotated[
        int | None, Query(ge=1, le=3660, description="Days for which it is valid; by default as set")
    ] = None,
) -> ShareView:
    """Creates a link, which replaces an older one. An API key needs `runs:read` too: the link shows the text."""
    principal.check_scope("runs:read")
    valid_for = None if days is None else timedelta(days=days)
    share, token = await resources.sharing.create(principal.owner, run_id, valid_for)
    await _note(resources, "shared", principal.owner, run_id)
    return ShareView(
        run_id=share.run_id,
        shared=True,
        created_at=share.created_at,
        expires_at=share.expires_at,
        url=f"/shared/{token}",
    )


@router.get("/{run_id}/share")
async def get_share(run_id: RunId, owner: OwnerDep, resources: ResourcesDep) -> ShareView:
    """The state of the run's link."""
    share = await resources.sharing.find(owner, run_id)
    return ShareView(
        run_id=run_id,
        shared=share is not None,
        created_at=share and share.created_at,
        expires_at=share and share.expires_at,
    )


@router.delete("/{run_id}/share", status_code=204)
async def revoke_share(run_id: RunId, owner: OwnerDep, resources: ResourcesDep) -> None:
    """Revokes the link."""
    await resources.sharing.revoke(owner, run_id)
    await _note(resources, "share_revoked", owner, run_id)


@listed.get("")
async def list_shares(
    owner: OwnerDep, resources: ResourcesDep, limit: PageLimit = 50, cursor: PageCursor = None
) -> SharePage:
    """Everything that others can read by a link."""
    found = await resources.sharing.page(owner, before=cursor, limit=limit + 1)
    page, next_cursor = page_of(found, limit, lambda share: share.run_id)
    views = [SharedRunView.model_validate(share, from_attributes=True) for share in page]
    return SharePage(shares=views, next_cursor=next_cursor)


@public.get("/{token}", response_model=SharedText)
async def show_shared(
    token: Annotated[str, Path(max_length=128)],
    request: Request,
    resources: ResourcesDep,
    kind: Annotated[Literal["html", "json"] | None, Query(alias="as")] = None,
) -> Response:
    """The shared text: a page for browsers, JSON for `Accept: application/json` or `?as=json`."""
    run = await resources.sharing.open(token)
    if run.format not in resources.formats:
        raise NotFound("This link shows nothing at the moment.")
    format = resources.formats[run.format]
    shown = _shown(format, run)
    if kind == "json" or (kind is None and "application/json" in request.headers.get("accept", "")):
        return JSONResponse(shown.model_dump(), headers=_HEADERS)
    letters = sum(len(section.text) for section in shown.sections)
    page = await off_loop(letters, _render, shown, presentation_of(format).reading)
    return HTMLResponse(page, headers=_HEADERS)


def _render(shown: SharedText, reading: TextDisplay) -> str:
    """The page. May run in a thread."""
    text = shown.model_dump()
    notes = [_NOTE.render(source=source).strip() for source in text["sources"]] if reading.markdown else []
    render = make_renderer(notes, WORDS.get(shown.language, WORDS["en"])) if reading.markdown else None
    return _PAGE.render(text, style=_STYLE, render=render, turns=reading.turns)


async def _note(resources: Resources, kind: EventKind, owner: Owner, run_id: str) -> None:
    """Keeps a security event, where there are accounts."""
    if resources.settings.has_accounts:
        await resources.people.audit.note(kind, owner, run_id)


def _shown(format: AnyFormat, run: Run) -> SharedText:
    whole = finished(format, run)
    return SharedText(
        title=whole.title,
        format=whole.format,
        language=whole.language,
        sections=[SharedSection(title=title, text=text) for title, text in whole.sections],
        sources=[SharedSource.model_validate(source) for source in list_sources(whole.results)],
        notices=list_notices(whole.metadata),
    )
