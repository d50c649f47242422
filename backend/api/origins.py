"""Pages of other sites may not start runs here.

Whoever reaches the port may use the service, and that is also every page that the same browser has
open. Some requests start (and pay for) a run with nothing but an address, so those that a browser
says come from another site are refused. Clients that are no browsers don't send the header.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from backend.api.problems import problem


class SameSite:
    """Refuses API requests that a page of another site makes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if (
            scope["type"] == "http"
            and scope["path"].startswith("/api/")
            and dict(scope["headers"]).get(b"sec-fetch-site") == b"cross-site"
        ):
            refusal = problem("FORBIDDEN", "Pages of other sites may not use this service.")
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)
