"""Errors on the wire: RFC 9457 `application/problem+json`, and the one table of HTTP statuses."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Mount

from backend.store.sql.database import UNAVAILABLE
from workflows.errors import (
    MOST_ERRORS,
    FieldError,
    InvalidInput,
    Overloaded,
    RefusedForNow,
    StorywireError,
    Unauthenticated,
    describe_fault,
)

log = structlog.get_logger()

STATUS = {
    "INVALID_INPUT": 422,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "CONFLICT": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "RATE_LIMITED": 429,
    "QUOTA_EXCEEDED": 429,
    "OVERLOADED": 503,
    "MODEL_NOT_CONFIGURED": 503,
    "MODEL_AUTH": 502,
    "MODEL_RATE_LIMITED": 502,
    "MODEL_TIMEOUT": 502,
    "MODEL_UNAVAILABLE": 502,
    "MODEL_TRUNCATED": 502,
    "MODEL_BAD_OUTPUT": 502,
    # These come to pass while a run is written: in the stream, or as the run's result.
    "SAFETY_REJECTED": 200,
    "BUDGET_EXCEEDED": 200,
    "CANCELLED": 200,
    "TIMEOUT": 200,
    "INTERNAL": 500,
}
_TITLES = {
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    422: "Invalid input",
}
_LONGEST_FIELD = 200
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_NO_MEMBERS: Mapping[str, Any] = {}
_CODE_OF_STATUS = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE"}


def problem(
    code: str,
    detail: str,
    *,
    errors: tuple[FieldError, ...] = (),
    headers: dict[str, str] | None = None,
    members: Mapping[str, Any] = _NO_MEMBERS,
    status: int | None = None,
) -> Response:
    """The reply to a request that failed before its first byte. `members` are added to the standard ones; `status` is
    the code's own but where another protocol has another."""
    status = status or STATUS[code]
    body: dict[str, Any] = {
        "type": f"urn:storywire:problem:{code.lower().replace('_', '-')}",
        "title": _TITLES.get(status, code.replace("_", " ").capitalize()),
        "status": status,
        "code": code,
        "detail": _sendable(detail),
        **members,
    }
    if errors:
        body["errors"] = [
            {"field": _sendable(error.field[:_LONGEST_FIELD]), "message": _sendable(error.message)}
            for error in errors[:MOST_ERRORS]
        ]
    return Response(orjson.dumps(body), status, headers, media_type="application/problem+json")


def problem_of(error: StorywireError) -> Response:
    """The reply for one of the service's own errors."""
    headers = None
    if isinstance(error, RefusedForNow):
        headers = {"Retry-After": str(error.retry_after)}
    elif isinstance(error, Unauthenticated):
        headers = {"WWW-Authenticate": "Bearer"}
    return problem(error.code, error.message, errors=error.errors, headers=headers)


def problem_of_run(run_id: str, error: Mapping[str, Any], headers: dict[str, str]) -> Response | None:
    """The reply for a failed run, to a client that waited for its result: `run_id` leads to the text so far.

    None where the code's status is 200: that a text isn't fit for its readers, or that somebody stopped it,
    is a result.
    """
    if STATUS[error["code"]] < 400:
        return None
    members = {"run_id": run_id, "resumable": error["resumable"], "partial": error["partial"]}
    return problem(error["code"], error["message"], headers=headers, members=members)


def add_problem_handlers(app: FastAPI, headers: Mapping[str, str] = _NO_MEMBERS) -> None:
    """Registers handlers that turn every error into a problem, without a stack trace. The reply to a bug is made
    outside of all middleware, so it is given its `headers` here."""
    app.add_exception_handler(StorywireError, _on_storywire_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    for unavailable in UNAVAILABLE:
        app.add_exception_handler(unavailable, _on_unavailable)
    app.add_exception_handler(Exception, partial(_on_bug, {**headers, "Cache-Control": "no-store"}))


async def _on_storywire_error(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, StorywireError)
    return problem_of(error)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, RequestValidationError)
    # A parameter that several dependencies of a route share is reported for each of them.
    found = tuple(dict.fromkeys(FieldError(_field(item["loc"]), _message(item)) for item in error.errors()))
    return problem_of(InvalidInput.of_fields(found))


async def _on_disconnect(request: Request, error: Exception) -> Response:
    del request, error
    return Response(status_code=204)  # to nobody


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODE_OF_STATUS.get(error.status_code, "INVALID_INPUT" if error.status_code < 500 else "INTERNAL")
    detail = (
        f"There is nothing at {request.url.path[:200]}." if error.status_code == 404 else str(error.detail)
    )
    headers = dict(error.headers or {})
    if (
        error.status_code == 405
    ):  # the router names only those of the first route of several that have the address
        headers["Allow"] = ", ".join(_list_methods(request))
    return problem(code, detail, headers=headers)


def _list_methods(request: Request) -> list[str]:
    """Methods that some route has at the request's address."""
    about = {name: request.scope[name] for name in ("type", "path", "headers")}
    about["root_path"] = request.scope.get(
        "app_root_path", request.scope["root_path"]
    )  # what a mount has added to it
    found: set[str] = set()
    for route in request.app.routes:
        if not isinstance(route, Mount):
            found.update(m for m in _METHODS if route.matches({**about, "method": m})[0] is Match.FULL)
        elif route.matches({**about, "method": "GET"})[0] is Match.FULL:
            found.update(("GET", "HEAD"))  # files
    return sorted(found)


async def _on_unavailable(request: Request, error: Exception) -> Response:
    route = getattr(request.scope.get("route"), "path", None)
    log.error("database_unavailable", route=route, exc_info=error)
    return problem_of(
        Overloaded("The database of this service can't be used at this moment; try again in a few seconds.")
    )


async def _on_bug(headers: dict[str, str], request: Request, error: Exception) -> Response:
    run_id = request.path_params.get("run_id")
    about = {"run_id": run_id} if run_id else {}
    # The route, not the address: that of a shared link is its secret.
    route = getattr(request.scope.get("route"), "path", None)
    log.error("request_broke", route=route, exc_info=error, **about)
    return problem("INTERNAL", "Something went wrong on our side.", headers=headers)


def _sendable(text: str) -> str:
    """A string that can be encoded: a name in a JSON body may hold half a surrogate pair (`"\\ud800"`)."""
    return text.encode(errors="replace").decode()


def _field(location: tuple[int | str, ...]) -> str:
    """`("body", "input", "age")` → `input.age`; the body as a whole is `body`."""
    if location and location[0] in ("query", "path", "header"):
        return ".".join(str(part) for part in location[1:])
    if len(location) > 1 and location[0] == "body" and not isinstance(location[1], int):
        return ".".join(str(part) for part in location[1:])
    return "body"


def _message(item: dict[str, Any]) -> str:
    if item["type"] == "json_invalid":
        return "this is not JSON"
    if item["type"] in ("union_tag_invalid", "union_tag_not_found"):
        tags = item["ctx"].get("expected_tags")
        return f"{item['ctx']['discriminator']} says which one it is" + (f": {tags}" if tags else "")
    return describe_fault(item)
