"""Security headers of every reply, whatever made it: a route, a refusal by middleware, a static file."""

import asyncio
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.problems import problem_of
from backend.settings import Settings
from workflows.errors import Overloaded

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), publickey-credentials-get=(), usb=()"
    ),
    # Pages of ours say what they load; nothing else is a page, and loads nothing, wherever it is opened.
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
_API = ("/api/", "/metrics", "/openapi.json")
_STOPPING = Overloaded("The service is stopping; ask again in a few seconds.")


def security_headers(settings: Settings) -> dict[str, str]:
    """What every reply has that doesn't say otherwise; behind TLS `Strict-Transport-Security` too, and
    `Cross-Origin-Resource-Policy` where no page of another site may use the service."""
    headers = dict(_ALWAYS)
    if settings.is_https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if not settings.allowed_origins:
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return headers


class SecurityHeaders:
    """ASGI middleware that adds the headers which a reply doesn't have itself; for the API also
    `Cache-Control: no-store`. A request that the server cancels, since it stops, is answered here: what the server
    would send by itself has none of them."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_api = scope["path"].startswith(_API)
        begun = False

        async def add(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if is_api:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, add)
        except asyncio.CancelledError:
            if not begun:
                await problem_of(_STOPPING)(scope, receive, add)
            raise
