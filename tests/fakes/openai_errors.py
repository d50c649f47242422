"""Error bodies of the OpenAI APIs."""

from typing import Any

from tests.fakes.script import Fault

_USUAL = {
    400: ("invalid_request_error", None, "The request is invalid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("insufficient_permissions", None, "You have insufficient permissions for this operation."),
    404: (
        "invalid_request_error",
        "model_not_found",
        "The model does not exist or you do not have access to it.",
    ),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    503: ("service_unavailable_error", None, "The engine is currently overloaded, please try again later."),
}


def describe_error(status: int, message: str | None = None, code: str | None = None) -> dict[str, Any]:
    """The body that goes with this status."""
    kind, usual_code, text = _USUAL.get(status, ("server_error", None, "The server had an error."))
    return {"error": {"message": message or text, "type": kind, "param": None, "code": code or usual_code}}


def describe_fault(fault: Fault) -> tuple[int, dict[str, Any]]:
    """Status and body of a `status` or `bad_key` fault."""
    status = 401 if fault.kind == "bad_key" else fault.status
    return status, describe_error(status, fault.message, fault.code)
