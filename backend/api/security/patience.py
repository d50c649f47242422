"""Requests that are answered in time, whoever holds the database."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.store.sql.patience import REQUEST_SECONDS, be_answered_within


class AnswersInTime:
    """Middleware: until its reply begins, a request waits for others' locks a few seconds, and is refused then."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":  # the lifespan, whose tasks are those of the whole service
            await self._app(scope, receive, send)
            return
        with be_answered_within(REQUEST_SECONDS) as patience:

            async def send_on(message: Message) -> None:
                if message["type"] == "http.response.start":
                    patience.end()
                await send(message)

            await self._app(scope, receive, send_on)
