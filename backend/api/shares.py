"""Links that show a finished text, read-only, to whoever has them."""

from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, FileSystemLoader
from pydantic import BaseModel

from backend.api.dependencies import OwnerDep, ResourcesDep, RunId
from backend.runs.results.exports import finished
from backend.store.runs import Run
from workflows.errors import NotFound
from workflows.formats.base import AnyFormat
from workflows.formats.notices import Notice, list_notices

router = APIRouter(prefix="/api/v1/runs", tags=["shares"])
public = APIRouter(prefix="/shared", tags=["shares"])

_PAGES = Environment(loader=FileSystemLoader(FilePath(__file__).parent), autoescape=True)
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    # The address is the secret: it goes nowhere else, and what it shows is kept by nobody.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class ShareView(BaseModel):
    """Whether a run has a link. `url` is told when the link is made, and never again."""

    run_id: str
    shared: bool
    created_at: datetime | None = None
    url: str | None = None


class SharedSection(BaseModel):
    """A section as it is shown."""

    title: str
    text: str


class SharedText(BaseModel):
    """What a link shows: the text with what is wrong with it, and nothing of what was asked for or what it cost."""

    title: str
    format: str
    language: str
    sections: list[SharedSection]
    notices: list[Notice] = []


@router.post("/{run_id}/share", status_code=201)
async def share_run(run_id: RunId, owner: OwnerDep, resources: ResourcesDep) -> ShareView:
    """Makes a link; one that there was no longer works."""
    share, token = await resources.sharing.create(owner, run_id)
    return ShareView(run_id=share.run_id, shared=True, created_at=share.created_at, url=f"/shared/{token}")


@router.get("/{run_id}/share")
async def get_share(run_id: RunId, owner: OwnerDep, resources: ResourcesDep) -> ShareView:
    """Whether there is a link."""
    share = await resources.sharing.find(owner, run_id)
    return ShareView(run_id=run_id, shared=share is not None, created_at=share and share.created_at)


@router.delete("/{run_id}/share", status_code=204)
async def revoke_share(run_id: RunId, owner: OwnerDep, resources: ResourcesDep) -> None:
    """From now on the link shows nothing."""
    await resources.sharing.revoke(owner, run_id)


@public.get("/{token}", response_model=SharedText)
async def show_shared(
    token: Annotated[str, Path(max_length=128)],
    request: Request,
    resources: ResourcesDep,
    kind: Annotated[Literal["html", "json"] | None, Query(alias="as")] = None,
) -> Response:
    """The text: a page for browsers, JSON for `Accept: application/json` or `?as=json`."""
    run = await resources.sharing.open(token)
    if run.format not in resources.formats:
        raise NotFound("This link shows nothing at the moment.")
    shown = _shown(resources.formats[run.format], run)
    if kind == "json" or (kind is None and "application/json" in request.headers.get("accept", "")):
        return JSONResponse(shown.model_dump(), headers=_HEADERS)
    page = _PAGES.get_template("shared.html").render(shown.model_dump())
    return HTMLResponse(page, headers=_HEADERS)


def _shown(format: AnyFormat, run: Run) -> SharedText:
    whole = finished(format, run)
    return SharedText(
        title=whole.title,
        format=whole.format,
        language=whole.language,
        sections=[SharedSection(title=title, text=text) for title, text in whole.sections],
        notices=list_notices(whole.metadata),
    )
