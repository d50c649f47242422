"""Limits on the size of a request body. FastAPI's own limit answers in plain text, not with a problem."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.problems import problem_of
from workflows.errors import FieldError, PayloadTooLarge


@dataclass(frozen=True, slots=True)
class OwnLimit:
    """A limit of a route's own, above the general one, and the setting that sets it."""

    max_bytes: int
    setting: str
    field: str = "body"

    @property
    def refusal(self) -> PayloadTooLarge:
        """The error for a body over the limit."""
        message = f"this is larger than {self.max_bytes} bytes ({self.setting})"
        return PayloadTooLarge(f"{self.field}: {message}", (FieldError(self.field, message),))


class BodyLimit:
    """ASGI middleware that refuses a body over `max_bytes`, by its declared length and by the bytes received."""

    def __init__(self, app: ASGIApp, max_bytes: int, own: Mapping[str, OwnLimit] | None = None) -> None:
        """`own`: limits of single paths."""
        self._app = app
        self._limit = OwnLimit(max_bytes, "STORYWIRE_MAX_BODY_BYTES")
        self._own = own or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        limit = self._own.get(scope.get("path", ""), self._limit)
        if scope["type"] == "http" and _declared(scope) > limit.max_bytes:
            await problem_of(limit.refusal)(scope, receive, send)
            return
        received = 0

        async def count() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit.max_bytes:
                # The route is reading: this reaches its error handler, which makes a problem of it.
                raise HTTPException(413, limit.refusal.message)
            return message

        await self._app(scope, count, send)


def _declared(scope: Scope) -> int:
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    return int(declared) if declared.isdigit() else 0
