"""Limits on requests: the size of a body (FastAPI's own limit answers in plain text, not with a problem), and what an
address may hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.problems import problem_of
from workflows.errors import FieldError, InvalidInput, PayloadTooLarge
from workflows.text.json_values import NUL_REFUSED


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


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_REFUSED = "holds a control character, which no address of this service has"


class AddressLimit:
    """ASGI middleware that refuses an address with a control character in its path, or a NUL in its query.

    No database looks up a NUL; and a line feed at the end is no character to the router's patterns, but one to ours,
    which would take the path for another one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and (found := _refusal(scope)) is not None:
            await problem_of(found)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _refusal(scope: Scope) -> InvalidInput | None:
    if _CONTROL.search(scope["path"]):
        return InvalidInput.of("path", _CONTROL_REFUSED)
    return InvalidInput.of("query", NUL_REFUSED) if b"%00" in scope["query_string"] else None
