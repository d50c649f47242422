"""Start and stream in one request, for `EventSource`: `/api/v1/{format}/generate/stream`.

An `EventSource` repeats its GET after every break, with `Last-Event-ID`. The run id inside makes that
a resume, never a second run; `request_id` does the same for a break before the first message.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError

from backend.api.dependencies import EventIdDep, OwnerDep, QueriesDep, ResourcesDep, RunsDep, SettingsDep
from backend.api.query import read_query
from backend.api.streams import stream_response
from backend.runs.admission.options import RunOptions
from backend.runs.service import RunRequest
from backend.streaming.views import Granularity, Order
from workflows.errors import FieldError, InvalidInput, NotFound
from workflows.formats.base import AnyFormat, invalid_input

router = APIRouter(prefix="/api/v1", tags=["generate"])

_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}
_STREAM_OPTIONS = frozenset({"last_event_id", "request_id", "order", "granularity", "token"})


@router.get("/{path}/generate/stream", operation_id="generate_stream", responses=_STREAM)
@router.post("/{path}/generate/stream", operation_id="generate_stream_from_body", responses=_STREAM)
async def generate_stream(
    path: str,
    request: Request,
    owner: OwnerDep,
    runs: RunsDep,
    queries: QueriesDep,
    settings: SettingsDep,
    resources: ResourcesDep,
    event_id: EventIdDep,
    request_id: Annotated[
        str | None, Query(min_length=1, max_length=255, description="The same for every try of one start")
    ] = None,
    order: Order = "live",
    granularity: Granularity = "token",
) -> Response:
    """Starts a run from the query (GET) or the JSON body (POST) and streams it; goes on with a run after a break."""
    if event_id is not None:
        run = await queries.find(owner, event_id[0])
        reader = queries.reader(run, event_id[1], order, granularity)
    else:
        format = format_at(resources.formats, path)
        given, options = await _body(request) if request.method == "POST" else _query(request, format)
        key = request_id and f"request:{request_id}"
        run, _ = await runs.start(owner, RunRequest(format.name, given, options, key))
        reader = queries.reader(run, 0, order, granularity)
    return await stream_response(queries, run, reader, settings)


def format_at(formats: Mapping[str, AnyFormat], path: str) -> AnyFormat:
    """The format that an address names, in its own way or by the format's name. Raises NotFound."""
    for format in formats.values():
        if path in (format.path, format.name):
            return format
    raise NotFound(f"There is no format {path[:64]!r}; there is {', '.join(sorted(formats))}.")


def _query(request: Request, format: AnyFormat) -> tuple[dict[str, Any], RunOptions]:
    params = {
        name: request.query_params.getlist(name)
        for name in request.query_params
        if name not in _STREAM_OPTIONS
    }
    options = {name: params.pop(name)[-1] for name in RunOptions.model_fields if name in params}
    return read_query(params, format.Input), _options(options)


async def _body(request: Request) -> tuple[dict[str, Any], RunOptions]:
    """The format's input, with the run's options under `options`."""
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise InvalidInput("body: this is not JSON", (FieldError("body", "this is not JSON"),)) from None
    if not isinstance(body, dict):
        message = "a JSON object is expected: the format's input"
        raise InvalidInput(f"body: {message}", (FieldError("body", message),))
    options = body.pop("options", {})
    return body, _options(options)


def _options(given: Any) -> RunOptions:
    try:
        return RunOptions.model_validate(given)
    except ValidationError as error:
        raise invalid_input(error, "options") from None
