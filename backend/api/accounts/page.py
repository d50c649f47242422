"""The pages to sign in, up and out at, and for admins: files below `/account`."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from backend.api.page import PAGE_HEADERS

_FOLDER = Path(__file__).parent
_HEADERS = {**PAGE_HEADERS, "Cache-Control": "no-cache"}
# What the page for admins shows, it asks for with their session.
_FILES = {
    "": "account.html",
    "/page.js": "account.js",
    "/page.css": "account.css",
    "/admin": "admin.html",
    "/admin.js": "admin.js",
}

router = APIRouter(prefix="/account", include_in_schema=False)


def _sender(name: str) -> Callable[[], Awaitable[FileResponse]]:
    async def send() -> FileResponse:
        return FileResponse(_FOLDER / name, headers=_HEADERS)

    return send


for _path, _name in _FILES.items():
    router.add_api_route(_path, _sender(_name), name=_name)
