"""The page to sign in, up and out at: `/account`."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from backend.api.page import PAGE_HEADERS

_FOLDER = Path(__file__).parent
_HEADERS = {**PAGE_HEADERS, "Cache-Control": "no-cache"}

router = APIRouter(prefix="/account", include_in_schema=False)


@router.get("")
async def account_page() -> FileResponse:
    """The page."""
    return FileResponse(_FOLDER / "account.html", headers=_HEADERS)


@router.get("/page.js")
async def account_script() -> FileResponse:
    """Its script."""
    return FileResponse(_FOLDER / "account.js", headers=_HEADERS)


@router.get("/page.css")
async def account_style() -> FileResponse:
    """Its style, beside the stories' page's own."""
    return FileResponse(_FOLDER / "account.css", headers=_HEADERS)


@router.get("/admin")
async def admin_page() -> FileResponse:
    """The page for admins; what it shows, it asks for with their session."""
    return FileResponse(_FOLDER / "admin.html", headers=_HEADERS)


@router.get("/admin.js")
async def admin_script() -> FileResponse:
    """Its script."""
    return FileResponse(_FOLDER / "admin.js", headers=_HEADERS)
