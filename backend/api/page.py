"""The web page: static files, and headers that let them load nothing from elsewhere."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

_WEB = Path(__file__).parent.parent / "web"
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Of every page of ours."""

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index() -> FileResponse:
    """The HTML of the page."""
    return FileResponse(_WEB / "index.html", headers={**PAGE_HEADERS, "Cache-Control": "no-cache"})


def mount_static(app: FastAPI) -> None:
    """Mounts the page's scripts and styles."""
    app.mount("/static", StaticFiles(directory=_WEB), name="static")
