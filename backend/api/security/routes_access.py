"""Access by route: which are public, which are for people or admins, and which scope a machine's key needs.

What isn't listed as public needs a credential, so a new route is closed until somebody opens it.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.types import Scope

from backend.extensions.base import collect_access
from backend.plugins import list_extensions

AUTH = "/api/v1/auth"
"""Routes of those who aren't logged in yet."""
ACCOUNT = "/api/v1/account"
ADMIN = "/api/v1/admin"
TICKETS = "/api/v1/stream-tickets"

PUBLIC = (
    ("GET", r"/"),
    (
        "GET",
        r"/account(?:/page\.css|/(?:page|elements|access|belongings|sections/[^/]+)\.js|/admin(?:\.js)?)?",
    ),
    ("GET", r"/static/.*"),
    ("GET", r"/shared/[^/]+"),
    ("GET", r"/healthz"),
    ("GET", r"/readyz"),
    ("GET", r"/openapi\.json"),
    ("GET", r"/docs(?:/style\.css)?"),
    ("GET", r"/api/v1/schema/story_chunk\.json"),
    ("GET", rf"{AUTH}/options"),
    ("POST", rf"{AUTH}/register"),
    ("POST", rf"{AUTH}/login"),
    ("POST", rf"{AUTH}/token"),
    ("POST", rf"{AUTH}/token/refresh"),
    ("POST", rf"{AUTH}/email/verify"),
    ("POST", rf"{AUTH}/password/forgot"),
    ("POST", rf"{AUTH}/password/reset"),
)
"""Method and path of what anybody may ask for. HEAD is as GET."""

_PUBLIC = tuple((method, re.compile(path)) for method, path in PUBLIC)

_AREAS = tuple(
    (re.compile(path), area)
    for path, area in (
        (r"/api/v1/(?:runs|shares)(?:/.*)?", "runs"),
        (r"/api/v1/[^/]+/generate/stream", "runs"),
        (r"/api/v1/[^/]+/chat(?:/[^/]+/stream)?", "runs"),
        (r"/api/v1/ag-ui/[^/]+", "runs"),
        (r"/api/v1/langgraph/threads/[^/]+/.+", "runs"),
        (r"/api/v1/documents(?:/.*)?", "library"),
        (r"/api/v1/(?:[^/]+/)?usage", "usage"),
        (r"/metrics", "metrics"),
    )
)
_ANY_KEY = re.compile(
    r"/api/v1/(?:formats|models|schema/.*|safety/.*|diagnostics/.*)"
    r"|/api/v1/account/me|/api/v1/stream-tickets"
)
"""Facts of the service, and the check of a text: any key may ask for these."""
START_BY_GET = re.compile(r"/api/v1/[^/]{1,64}/generate/stream")
_STREAM = re.compile(
    r"/api/v1/(?:(?:[^/]+/generate|runs/[^/]+|diagnostics|[^/]+/chat/[^/]+)/stream|[^/]+/chat|ag-ui/[^/]+|runs/[^/]+/ds"
    r"|langgraph/threads/[^/]+/stream(?:/events)?)"
)
_READ_BY_POST = re.compile(
    r"/api/v1/(?:langgraph/threads/[^/]+/(?:stream(?:/events)?|history)|runs/[^/]+/export)"
)
_ENDS_ITSELF = re.compile(rf"{ACCOUNT}/(?:logout|deletion|password|sessions(?:/[^/]+)?)")
_READ_RUN = re.compile(r"/api/v1/runs/([^/]+)/stream")


@dataclass(frozen=True, slots=True)
class Requirements:
    """Requirements of a route on its caller. `scope` is a key's: None for what no key may do, "" for any key; `shows`
    is another one that it needs, for a reply that shows more than was sent."""

    is_public: bool = False
    admin_only: bool = False
    person_only: bool = False
    scope: str | None = None
    shows: str | None = None

    @property
    def scopes(self) -> list[str]:
        """All that a key needs."""
        return [scope for scope in (self.scope, self.shows) if scope]


def access_to(method: str, path: str) -> Requirements:
    """What is asked of a request; of an address where nothing is, a credential too."""
    method = "GET" if method == "HEAD" else method
    if any(method == of and pattern.fullmatch(path) for of, pattern in _PUBLIC):
        return Requirements(is_public=True)
    if path == ADMIN or path.startswith(f"{ADMIN}/"):
        return Requirements(admin_only=True, person_only=True)
    if _ANY_KEY.fullmatch(path):
        return Requirements(scope="")
    area = _area_of(path)
    if path.startswith((f"{ACCOUNT}/", f"{AUTH}/")) or path in (ACCOUNT, AUTH) or area is None:
        return Requirements(person_only=True)
    if not area:
        return Requirements(scope="")
    reads = (method == "GET" and not starts_by_get(method, path)) or _READ_BY_POST.fullmatch(path) is not None
    return Requirements(
        admin_only=area == "metrics",
        scope=f"{area}:{'read' if reads else 'write'}",
        # What is changed in a part is answered as a whole.
        shows=f"{area}:read" if method == "PATCH" else None,
    )


def _area_of(path: str) -> str | None:
    """The scope's first part; empty for what any key may ask for, None for what no key may."""
    own = next((area for pattern, area in _AREAS if pattern.fullmatch(path)), None)
    if own is not None:
        return own
    found = (each.scope for each in collect_access(list_extensions()) if re.fullmatch(each.path, path))
    return next(found, "extensions")


def starts_by_get(method: str, path: str) -> bool:
    """Whether an address alone starts a run."""
    return method in ("GET", "HEAD") and START_BY_GET.fullmatch(path) is not None


def is_stream(scope: Scope) -> bool:
    """Whether the reply is open for as long as a run is written: a stream, since the route has nothing else or this is
    what is accepted (`Accept`), or a result that is waited for (`?wait=true`)."""
    accepted = any(name == b"accept" and b"text/event-stream" in value for name, value in scope["headers"])
    return accepted or _STREAM.fullmatch(scope["path"]) is not None or _waits(scope["query_string"])


def _waits(query: bytes) -> bool:
    if b"true" not in query and b"%" not in query:
        return False
    return ("wait", "true") in parse_qsl(query.decode("latin-1"))


def may_end_itself(path: str) -> bool:
    """Whether the request may end the credential that let it in, and is answered all the same."""
    return _ENDS_ITSELF.fullmatch(path) is not None


def run_read_at(path: str) -> str | None:
    """The run that the route streams, if that is what it does."""
    found = _READ_RUN.fullmatch(path)
    return found[1] if found else None
