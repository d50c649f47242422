"""Headers of all API replies: no sniffing of the content type, no caching on the way."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ApiHeaders:
    """ASGI middleware that adds `X-Content-Type-Options: nosniff` and a default of `Cache-Control: no-store`, and
    behind TLS (`https`) `Strict-Transport-Security`."""

    def __init__(self, app: ASGIApp, *, https: bool = False) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        is_api = (
            scope["path"].startswith(("/api/", "/metrics", "/openapi.json")) if "path" in scope else False
        )
        if scope["type"] != "http" or not (is_api or self._https):
            await self._app(scope, receive, send)
            return

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if self._https:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
                if is_api:
                    headers.setdefault("X-Content-Type-Options", "nosniff")
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, add)
