"""The pages to sign in, up and out at, with the sections that extensions bring, and for admins: below `/account`."""

from collections.abc import Awaitable, Callable
from functools import cache
from html import escape
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse

from backend.accounts.credentials.api_keys import LONGEST_DAYS
from backend.accounts.principal import SCOPES
from backend.api.page import PAGE_HEADERS
from backend.extensions.base import collect_account_sections, collect_scopes
from backend.plugins import list_extensions
from workflows.errors import NotFound

_FOLDER = Path(__file__).parent
_HEADERS = {**PAGE_HEADERS, "Cache-Control": "no-cache"}
# What the page for admins shows, it asks for with their session.
_FILES = {
    "/page.js": "account.js",
    "/page.css": "account.css",
    "/elements.js": "elements.js",
    "/access.js": "access.js",
    "/belongings.js": "belongings.js",
    "/admin": "admin.html",
    "/admin.js": "admin.js",
}
_SECTIONS, _SCRIPTS = "<!-- sections of extensions -->\n", "<!-- scripts of extensions -->\n"
_SCOPES, _LONGEST = "<!-- scopes of keys -->\n", "<!-- longest days -->"
_AREAS = {
    "runs": "Texts",
    "library": "Documents and personas",
    "usage": "Use and costs",
    "metrics": "Measurements",
}
_ACTS = {"read": "read", "write": "make and change"}

router = APIRouter(prefix="/account", include_in_schema=False)


@router.get("")
async def account_page() -> HTMLResponse:
    """The page of an account, with the sections of all extensions."""
    return HTMLResponse(_page(), headers=_HEADERS)


@router.get("/sections/{name}.js")
async def section_script(name: str) -> FileResponse:
    """The script of an extension's section. Raises NotFound."""
    section = collect_account_sections(list_extensions()).get(name)
    if section is None:
        raise NotFound(f"No extension {name[:64]} has a section on the account page.")
    return FileResponse(section.script, headers=_HEADERS)


@cache
def _page() -> str:
    sections = collect_account_sections(list_extensions())
    scripts = (f'<script type="module" src="account/sections/{name}.js"></script>\n' for name in sections)
    html = (each.html.read_text(encoding="utf-8") for each in sections.values())
    page = (_FOLDER / "account.html").read_text(encoding="utf-8")
    parts = {
        _SCRIPTS: "".join(scripts),
        _SECTIONS: "".join(html),
        _SCOPES: "".join(map(_scope, collect_scopes(list_extensions(), SCOPES))),
        _LONGEST: str(LONGEST_DAYS),
    }
    for place, text in parts.items():
        page = page.replace(place, text)
    return page


def _scope(scope: str) -> str:
    """A choice of what a key may do: `runs:read` is "Texts: read"."""
    area, _, act = scope.partition(":")
    words = escape(f"{_AREAS.get(area, area.capitalize())}: {_ACTS.get(act, act)}")
    return f'<label class="consent"><input name="scopes" type="checkbox" value="{escape(scope)}"> {words}</label>\n'


def _sender(name: str) -> Callable[[], Awaitable[FileResponse]]:
    async def send() -> FileResponse:
        return FileResponse(_FOLDER / name, headers=_HEADERS)

    return send


for _path, _name in _FILES.items():
    router.add_api_route(_path, _sender(_name), name=_name)
