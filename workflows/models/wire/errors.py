"""Errors that servers send in a reply of status 200, in OpenAI's form."""

from collections.abc import Mapping
from typing import Any

from workflows.models.replies.provider_strings import clean_string

Json = dict[str, Any]
_LONGEST = 2000
_MESSAGES = ("message", "faultstring", "detail", "error_message", "msg", "status_msg")
# HTTP statuses by codes or types in words; the longer one first where one contains another.
_STATUSES: tuple[tuple[str, int], ...] = (
    ("insufficient_quota", 429),
    ("rate_limit", 429),
    ("ratelimit", 429),
    ("too_many_requests", 429),
    ("resource_exhausted", 429),
    ("quota", 429),
    ("authentication", 401),
    ("unauthorized", 401),
    ("invalid_api_key", 401),
    ("permission", 403),
    ("model_not_found", 404),
    ("notfound", 404),
    ("not_found", 404),
    ("timeout", 504),
    ("content_filter", 400),
    ("content_policy", 400),
    ("context_length", 400),
    ("invalid_request", 400),
    ("badrequest", 400),
    ("bad_request", 400),
    ("validation", 422),
    ("overloaded", 503),
    ("unavailable", 503),
)


def find_error(data: Mapping[str, Any], event: str | None = None) -> Json | None:
    """The error in a frame or a body, as `{message, type, code}`; None where there is none."""
    error = data.get("error")
    if error:
        return _describe(error, data)
    errors = data.get("errors")  # Cloudflare, and gateways of GraphQL's or JSON:API's kind
    if isinstance(errors, list) and errors and not data.get("choices"):
        return _describe(errors[0], data)
    choices = data.get("choices")
    verdict = data.get("base_resp")  # MiniMax, whose 0 is "success"
    if isinstance(verdict, Mapping) and verdict.get("status_code"):
        return _describe(verdict, data)
    named = data.get("fault") or data.get("exception")  # Apigee; Spring, and tracebacks of Python
    if named and choices is None:
        return _describe(named, data)
    if isinstance(choices, list) and choices and isinstance(choices[0], dict) and choices[0].get("error"):
        return _describe(choices[0]["error"], data)
    is_error = event == "error" or data.get("object") == "error" or data.get("type") == "error"
    is_error = is_error or (choices is None and data.get("status") in ("error", "failed"))
    if is_error or (choices is None and not data.get("usage") and _complains(data)):
        return _describe(data, data)
    return None


def status_of(error: Mapping[str, Any]) -> int:
    """The HTTP status that matches the error; 502 where it has none."""
    for name in ("code", "status"):
        value = error.get(name)
        number = (
            int(value)
            if isinstance(value, int | float) or (isinstance(value, str) and value.isdecimal())
            else 0
        )
        if 400 <= number < 600:
            return number
    words = f"{error.get('code')} {error.get('type')}".lower().replace(" ", "_")
    return next((status for word, status in _STATUSES if word in words), 502)


def _complains(data: Mapping[str, Any]) -> bool:
    """Whether it has the fields of an error and none of a reply: FastAPI's `detail`, gateways' `message`."""
    return any(data.get(name) for name in ("detail", "error_message", "message", "msg")) and "id" not in data


def _describe(error: object, around: Mapping[str, Any]) -> Json:
    fields = error if isinstance(error, Mapping) else {"message": error}
    message = next((fields[name] for name in _MESSAGES if fields.get(name)), "")
    codes = fields.get("code"), fields.get("status"), fields.get("status_code"), around.get("status_code")
    code = next((x for x in codes if x is not None), None)
    return {
        "message": clean_string(message if isinstance(message, str) else str(message), _LONGEST)
        or "unknown error",
        "type": clean_string(fields.get("type")) or None,
        "code": code if isinstance(code, int) and not isinstance(code, bool) else clean_string(code) or None,
    }
