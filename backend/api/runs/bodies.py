"""JSON bodies whose schema depends on the format, so that the route can't declare it.

The content type is checked: a page of another site can send a form or plain text without asking for permission first,
but no JSON.
"""

from typing import Any

import orjson
from fastapi import Request

from workflows.errors import InvalidInput


async def read_json_object(request: Request, what: str) -> dict[str, Any]:
    """Reads the body as a JSON object; `what` names it in errors. Raises InvalidInput."""
    if not is_json(request):
        raise InvalidInput.of("Content-Type", "application/json is expected")
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise InvalidInput.of("body", "this is not JSON") from None
    if not isinstance(body, dict):
        raise InvalidInput.of("body", f"a JSON object is expected: {what}")
    return body


def is_json(request: Request) -> bool:
    """Whether the request's content type is JSON."""
    essence = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    return essence == "application/json" or (essence.startswith("application/") and essence.endswith("+json"))
