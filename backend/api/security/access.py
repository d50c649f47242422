"""Access: who calls, decided before anything of a request is read, and again while it lasts.

Every request passes here, whatever route it is for, so no route can be forgotten.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.accounts.authentication import ShownCredentials
from backend.accounts.credentials.secrets import PREFIXES
from backend.accounts.open_requests import OpenRequest
from backend.accounts.people import People
from backend.accounts.principal import LOCAL_PRINCIPAL, Principal
from backend.api.problems import problem_of
from backend.api.security.cookies import cookie_name
from backend.api.security.routes_access import (
    Requirements,
    access_to,
    is_stream,
    may_end_itself,
    run_read_at,
    starts_by_get,
)
from backend.connections import CUT
from backend.runs.admission.allowed_models import allowing
from backend.runs.admission.caller import calling_with
from backend.settings import Settings
from backend.store.accounts.callers import HAS_ENDED, calling_as
from workflows.errors import Forbidden, StorywireError, Unauthenticated

_KEY = "storywire.principal"
REFUSAL = "storywire.refusal"
"""Where a reply that has begun says how it ends when its reader's credential does: the bytes of its last part. One that
says nothing is cut, since an end that looks like any other would make a part of it look whole."""
_ENDED = Unauthenticated(HAS_ENDED)
_LONGEST_COOKIE = 8192


def principal_of(scope: Scope) -> Principal:
    """Who calls. Raises Unauthenticated on a route that is public."""
    principal = scope.get(_KEY)
    if principal is None:
        raise Unauthenticated("Log in first.")
    return cast(Principal, principal)


class Access:
    """ASGI middleware that lets in whoever may use the route, and ends a request whose credential ends meanwhile."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not self._settings.has_accounts:
            scope[_KEY] = LOCAL_PRINCIPAL
            await self._app(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        people: People = scope["app"].state.resources.people
        wanted = access_to(scope["method"], scope["path"])
        if wanted.is_public:
            await self._app(scope, receive, send)
            return
        async with AsyncExitStack() as stack:
            try:
                principal = await people.authenticator.authenticate(self._shown(scope))
                check_access(principal, wanted, scope)
                _check_cookie_use(principal, scope)
                opened = people.open_requests.opened(principal, is_stream=is_stream(scope))
                request = await stack.enter_async_context(opened)
            except StorywireError as error:
                await problem_of(error)(scope, receive, send)
                return
            scope[_KEY] = principal
            stack.enter_context(allowing(principal.models))
            stack.enter_context(calling_with(principal.key))
            stack.enter_context(calling_as(principal.caller))
            if may_end_itself(scope["path"]):
                await self._app(scope, receive, send)
            else:
                await _while_valid(self._app, request, scope, receive, send)

    def _shown(self, scope: Scope) -> ShownCredentials:
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        ticket = _ticket(scope)  # first: an address that shows a key is refused whatever a header shows
        shown = headers.get(b"authorization")
        if shown is not None:
            scheme, _, token = shown.decode("latin-1").partition(" ")
            if scheme.lower() != "bearer":
                raise Unauthenticated("`Authorization: Bearer` is expected.")
            return ShownCredentials(bearer=token.strip(" \t"))
        if ticket is not None:
            return ShownCredentials(ticket=ticket)
        return ShownCredentials(cookie=self._cookie(headers.get(b"cookie", b"")))

    def _cookie(self, header: bytes) -> str | None:
        if len(header) > _LONGEST_COOKIE:
            return None
        # Read as browsers write it. The standard library gives up at the first cookie that isn't formed well, and
        # those of another service of this host needn't be.
        return cookie_parser(header.decode("latin-1")).get(cookie_name(self._settings))


def _ticket(scope: Scope) -> str | None:
    """What the address shows as `token`. Raises Unauthenticated for a credential that lives longer than a ticket."""
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    tokens = [value for name, value in query if name == "token"]
    if not tokens:
        return None
    if len(tokens) > 1 or not tokens[0].startswith(PREFIXES["ticket"]):
        raise Unauthenticated(
            "`token` in an address takes a stream ticket only (POST /api/v1/stream-tickets); consider the one that "
            "you sent as known to others, and revoke it."
        )
    return str(tokens[0])


def check_access(principal: Principal, wanted: Requirements, scope: Mapping[str, Any]) -> None:
    """Raises Forbidden where the credential isn't for this route."""
    if principal.ticket is not None:
        _check_ticket(principal, scope["method"], scope["path"])
        return
    if wanted.admin_only and not principal.is_admin:
        raise Forbidden("This is for admins.")
    if wanted.person_only and not principal.is_person:
        raise Forbidden("A key can't do this: log in.")
    for needed in wanted.scopes:
        principal.check_scope(needed)


def _check_ticket(principal: Principal, method: str, path: str) -> None:
    """A ticket starts what it was made for, or reads a run; which one, the route itself compares."""
    reads = method == "GET" and run_read_at(path) is not None
    may_start = principal.ticket is not None and principal.ticket.format is not None
    if not reads and not (may_start and starts_by_get(method, path)):
        raise Forbidden("A stream ticket is for its own stream only.")


def _check_cookie_use(principal: Principal, scope: Scope) -> None:
    """A browser sends its cookie for whoever makes it ask. So what changes something, or starts a run, must come with
    a header that says for which page; which pages may, `origins.py` has checked. Raises Forbidden."""
    method, path = scope["method"], scope["path"]
    changes = method not in ("GET", "HEAD", "OPTIONS") or starts_by_get(method, path)
    if principal.credential.kind != "browser" or not changes:
        return
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    if b"origin" not in headers and headers.get(b"sec-fetch-site") != b"same-origin":
        raise Forbidden(
            "With a cookie, the request must say which page it is for (Origin). Without a browser, use a bearer token."
        )


async def _until_cut(request: OpenRequest, answering: Awaitable[None]) -> None:
    """Awaits the reply, until the request is cut."""
    request.task = task = asyncio.current_task()
    try:
        await answering
    except asyncio.CancelledError:
        if not request.is_cut or task is None or task.uncancel():
            raise
    finally:
        request.task = None


async def _while_valid(
    app: ASGIApp, request: OpenRequest, scope: Scope, receive: Receive, send: Send
) -> None:
    """The application's reply. When the credential ends meanwhile, the application is told that its client has gone:
    it stops as it does then, or is cancelled a second later. A reply that hasn't begun becomes a refusal, one that has
    is ended as it says itself, or is cut."""
    begun = refused = False
    request.may_be_cut = scope["method"] in ("GET", "HEAD")

    async def receive_while_valid() -> Message:
        if request.ended.is_set():
            return {"type": "http.disconnect"}
        receiving = asyncio.ensure_future(receive())
        ending = asyncio.ensure_future(request.ended.wait())
        try:
            await asyncio.wait({receiving, ending}, return_when=asyncio.FIRST_COMPLETED)
            return receiving.result() if receiving.done() else {"type": "http.disconnect"}
        finally:
            receiving.cancel()
            ending.cancel()

    async def send_while_valid(message: Message) -> None:
        nonlocal begun, refused
        if refused:
            return
        if message["type"] == "http.response.start" and request.ended.is_set():
            refused = True
            await problem_of(_ENDED)(scope, receive, send)
            return
        begun = begun or message["type"] == "http.response.start"
        request.may_be_cut = request.may_be_cut or begun
        if request.ended.is_set():
            return  # what follows is nobody's any more
        await send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            refused = True  # all is sent

    await _until_cut(request, app(scope, receive_while_valid, send_while_valid))
    if request.ended.is_set() and not begun and not refused:
        await problem_of(_ENDED)(scope, receive, send)
    elif begun and not refused:
        await _end(scope, receive, send)


async def _end(scope: Scope, receive: Receive, send: Send) -> None:
    """Ends a reply that has begun: as it says itself, else by cutting the connection. A server that can't be told to
    does so when it sees that the reply isn't ended."""
    if REFUSAL in scope:
        await send({"type": "http.response.body", "body": scope[REFUSAL], "more_body": False})
    elif (cut := scope.get("extensions", {}).get(CUT)) is not None:
        cut()
        while (await receive())["type"] != "http.disconnect":
            pass
