"""Host and origin checks: which names the service answers to, and which sites' pages may use it.

Without accounts, whoever reaches the port may use it, and that is also every page that the same browser has open. Some
requests start (and pay for) a run with nothing but an address, so those that a browser makes for another site's page
are refused unless that site is listed, also when that site's name was bent to this machine. Another port of this
machine is another site. Clients that are no browsers send none of these headers but Host.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from backend.api.problems import problem
from backend.api.security.routes_access import START_BY_GET

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PORTS = {"http": "80", "https": "443"}
_PROBES = ("/healthz", "/readyz")
"""Asked by machines that know this one by its address; they tell nothing and start nothing."""


CROSS_ORIGIN: dict[str, Any] = {
    "allow_credentials": True,
    "allow_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    "allow_headers": [
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-None-Match",
        "Last-Event-ID",
        "X-AI-SDK-Version",
        "X-Requested-With",
        "X-Run-Id",
        "X-Timezone",
    ],
    "expose_headers": [
        "Content-Disposition",
        "ETag",
        "Idempotency-Key",
        "Last-Event-ID",
        "Location",
        "Retry-After",
        "Stream-Closed",
        "Stream-Cursor",
        "Stream-Next-Offset",
        "Stream-SSE-Data-Encoding",
        "Stream-Up-To-Date",
        "X-Run-Id",
        "X-Vercel-AI-UI-Message-Stream",
        "X-Workflow-Run-Id",
        "X-Workflow-Stream-Tail-Index",
    ],
    "max_age": 600,
}
"""What pages of listed origins may send, and may read of a reply (CORS)."""


class OwnSite:
    """ASGI middleware that refuses requests for foreign host names, and API requests from other sites' pages.

    `names` are the host names that it answers to beside the loopback ones; `*` is any. `origins` are other sites whose
    pages may use the API. With `own_origin` nothing else is the service's own page, whatever the Host header says.
    """

    def __init__(
        self,
        app: ASGIApp,
        names: frozenset[str],
        origins: Sequence[str] = (),
        own_origin: str | None = None,
    ) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._own_origin = own_origin
        self._names = None if "*" in names else LOOPBACK | {_bracketed(name) for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["path"] not in _PROBES:
            headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
            if (reason := self._refusal(scope, headers)) is not None:
                await problem("FORBIDDEN", reason)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, headers: dict[bytes, str]) -> str | None:
        if self._names is not None and _host_name(headers.get(b"host", "")) not in self._names:
            return (
                "This service is not called that here; STORYWIRE_ALLOWED_HOSTS lists the names it answers to."
            )
        if not scope["path"].startswith(("/api/", "/metrics")):
            return None
        starts = scope["method"] == "GET" and START_BY_GET.fullmatch(scope["path"]) is not None
        if self._is_foreign(headers) or (starts and not self._may_start(headers)):
            return "Pages of this site may not use this service; STORYWIRE_ORIGINS lists those that may."
        return None

    def _is_foreign(self, headers: dict[bytes, str]) -> bool:
        """Whether a page of another scheme, host or port asks that isn't listed. A listed one says so itself: what it
        embeds as an image, a frame or a script sends no Origin."""
        site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
        if origin in self._origins:
            return False
        if site is not None and site not in ("same-origin", "none"):
            return True
        return origin is not None and not self._is_ours(origin, headers)

    def _is_ours(self, origin: str, headers: dict[bytes, str]) -> bool:
        if self._own_origin is not None:
            return origin == self._own_origin
        return _is_own(origin, headers.get(b"host", ""))

    def _may_start(self, headers: dict[bytes, str]) -> bool:
        """Whether this GET may start a run: one by an `EventSource`, `fetch`, a typed address, or a client that is no
        browser; none by an image, a frame or a script, whoever put it there."""
        if b"sec-fetch-site" in headers:
            return headers.get(b"sec-fetch-dest", "empty") in ("empty", "document")
        if (
            "mozilla/" not in headers.get(b"user-agent", "").lower()
            or headers.get(b"origin") in self._origins
        ):
            return True
        # Browsers send Sec-Fetch-* over https and to this very machine only. Elsewhere their own page names itself.
        page = headers.get(b"origin") or headers.get(b"referer")
        return page is not None and _is_own(page, headers.get(b"host", ""))


def _is_own(address: str, host: str) -> bool:
    """Whether the page at `address` came from `host`: the same name and port. The scheme is left to the proxy."""
    try:
        parts = urlsplit(address)
        port = str(parts.port) if parts.port else _PORTS.get(parts.scheme, "")
    except ValueError:
        return False
    return bool(parts.hostname) and (_bracketed(parts.hostname or ""), port) == (
        _host_name(host),
        _host_port(host) or _PORTS.get(parts.scheme, ""),
    )


def _host_name(host: str) -> str:
    """`LocalHost:8000` → `localhost`, `[::1]:8000` → `[::1]`."""
    name = host.rsplit(":", 1)[0] if _host_port(host) is not None else host
    return name.lower().rstrip(".")


def _host_port(host: str) -> str | None:
    head, colon, port = host.rpartition(":")
    return (
        port if colon and (port.isdigit() or not port) and (":" not in head or head.endswith("]")) else None
    )


def _bracketed(name: str) -> str:
    """A host name in the form of a Host header: IPv6 addresses in brackets."""
    name = name.strip().lower().rstrip(".")
    return f"[{name}]" if ":" in name and not name.startswith("[") else name
