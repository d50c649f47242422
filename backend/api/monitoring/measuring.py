"""Counts of replies by route."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NO_ROUTE = "none"
"""For what is refused before it gets to a route, for static files, and for addresses where nothing is."""


class Measuring:
    """ASGI middleware that counts replies by route; a stream counts when it begins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()

        async def measure(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", _NO_ROUTE)
                resources = getattr(scope["app"].state, "resources", None)
                if resources is not None:  # an app whose lifespan hasn't begun answers too
                    seconds = time.monotonic() - began
                    resources.metrics.on_response(scope["method"], route, message["status"], seconds)
            await send(message)

        await self._app(scope, receive, measure)
