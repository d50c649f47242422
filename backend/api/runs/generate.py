"""Start and stream in one request, for `EventSource`: `/api/v1/{format}/generate/stream`.

An `EventSource` repeats its GET after every break, with `Last-Event-ID`. The run id inside makes that
a resume, never a second run; `request_id` does the same for a break before the first message.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import ValidationError

from backend.api.dependencies import ResourcesDep, is_event_id_name
from backend.api.runs.bodies import read_json_object
from backend.api.runs.query import read_query, typed
from backend.api.runs.starts import RunStartDep
from backend.api.runs.streams import STREAM_RESPONSES
from backend.runs.requests import RunRequest
from backend.store.runs.runs import Run
from backend.store.schema.run_values import RunOptions
from workflows.errors import NotFound
from workflows.formats.base import AnyFormat, invalid_input

router = APIRouter(prefix="/api/v1", tags=["generate"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "description": "The format's input (GET /api/v1/formats), with the run's options under `options`",
                }
            }
        },
    }
}

_STREAM_OPTIONS = frozenset({"request_id", "order", "granularity", "protocol", "complete", "v", "token"})


@router.get(
    "/{path}/generate/stream",
    operation_id="generate_stream",
    response_class=Response,
    responses=STREAM_RESPONSES,
)
@router.post(
    "/{path}/generate/stream",
    operation_id="generate_stream_from_body",
    response_class=Response,
    responses=STREAM_RESPONSES,
    openapi_extra=_BODY,
)
async def generate_stream(
    path: Annotated[str, Path(max_length=64)], resources: ResourcesDep, start: RunStartDep
) -> Response:
    """Starts a run from the query (GET) or the JSON body (POST) and streams it; resumes after a break."""

    async def begin(key: str | None) -> tuple[Run, bool]:
        format = format_at(resources.formats, path)
        request = start.request
        inputs, options = await _body(request) if request.method == "POST" else _query(request, format)
        return await start.runs.start(
            start.owner,
            RunRequest(format.name, inputs, start.with_timezone(options), key, binding=start.binding),
        )

    run, _ = await start.find_or_begin(begin)
    return await start.stream(run)


def format_at(formats: Mapping[str, AnyFormat], path: str) -> AnyFormat:
    """The format at a path: the format's own path or its name. Raises NotFound."""
    for format in formats.values():
        if path in (format.path, format.name):
            return format
    raise NotFound(f"There is no format {path[:64]!r}; there is {', '.join(sorted(formats))}.")


def _query(request: Request, format: AnyFormat) -> tuple[dict[str, Any], RunOptions]:
    params = {
        name: request.query_params.getlist(name)
        for name in request.query_params
        if name not in _STREAM_OPTIONS and not is_event_id_name(name)
    }
    options = {name: params.pop(name)[-1] for name in RunOptions.model_fields if name in params}
    beside = RunOptions.model_fields.keys() | _STREAM_OPTIONS
    return typed(read_query(params, format.Input, beside), format.Input), _options(options, strict=False)


async def _body(request: Request) -> tuple[dict[str, Any], RunOptions]:
    """The format's input, with the run's options under `options`."""
    body = await read_json_object(request, "the format's input")
    options = body.pop("options", {})
    return body, _options(options)


def _options(options: Any, *, strict: bool = True) -> RunOptions:
    """The options of the query (strings only) or of the body, validated with `strict` as JSON is."""
    try:
        return RunOptions.model_validate(options, strict=strict)
    except ValidationError as error:
        raise invalid_input(error, "options") from None
