"""What is answered, counted by route."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NO_ROUTE = "none"
"""For what is refused before it gets to a route, for static files, and for addresses where nothing is."""


class Measuring:
    """Tells the app's measures of the head of every reply: a stream counts when it begins."""

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
                measures = scope["app"].state.resources.measures
                measures.answered(scope["method"], route, message["status"], time.monotonic() - began)
            await send(message)

        await self._app(scope, receive, measure)
