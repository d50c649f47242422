"""Dependencies of the routes: resources, the caller, headers and query options that several routes take."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Path, Query, Request, params
from pydantic import BeforeValidator

from backend.accounts.principal import Principal
from backend.api.security.access import principal_of
from backend.resources import Resources
from backend.runs.commands import RunCommands
from backend.runs.queries import RunQueries
from backend.settings import Settings
from backend.store.owner import Owner
from backend.streaming.options import Complete, StreamOptions
from backend.streaming.sse import parse_event_id
from backend.streaming.views import Granularity, Order, Wire, number_in_view
from workflows.errors import InvalidInput


async def get_resources(request: Request) -> Resources:
    """The resources that `create_app` opened."""
    resources: Resources = request.app.state.resources
    return resources


async def get_runs(resources: Annotated[Resources, Depends(get_resources)]) -> RunCommands:
    """The commands on runs."""
    return resources.runs


async def get_queries(resources: Annotated[Resources, Depends(get_resources)]) -> RunQueries:
    """The queries of runs."""
    return resources.queries


async def get_settings(resources: Annotated[Resources, Depends(get_resources)]) -> Settings:
    """The settings."""
    return resources.settings


async def get_principal(request: Request) -> Principal:
    """Who is calling, as `Access` has found out. With `auth=local` that is everybody who reaches the port."""
    return principal_of(request.scope)


async def get_owner(principal: Annotated[Principal, Depends(get_principal)]) -> Owner:
    """Whose things the caller works with."""
    return principal.owner


def speaking(wire: Wire) -> params.Depends:
    """Dependency of a router whose streams are of this wire, whatever the query says."""

    async def set_wire(request: Request) -> None:
        request.state.wire = wire

    return params.Depends(set_wire)


_AiVersion = Literal["5", "6", "7"]
AiVersion = Annotated[
    _AiVersion | None,
    Query(
        alias="v", description="Version of `ai`, with ai-sdk. 5 and 6 can't take text back: whole sections"
    ),
]
AiVersionHeader = Annotated[
    _AiVersion | None,
    Header(alias="X-AI-SDK-Version", description="The same, for transports that send headers"),
]


async def get_stream_options(
    request: Request,
    order: Annotated[Order, Query(description="reading: one section after another")] = "live",
    granularity: Annotated[Granularity, Query(description="Size of the chunks")] = "token",
    protocol: Annotated[
        Wire, Query(description="ai-sdk, ag-ui: as other projects' clients read it; docs/wires.md")
    ] = "story_chunk",
    complete: Annotated[
        Complete, Query(description="brief: the last message leaves out the text, which its reader has")
    ] = "full",
    version: AiVersion = None,
    version_header: AiVersionHeader = None,
) -> StreamOptions:
    """Query options that all streams take. Raises InvalidInput for a combination that there isn't."""
    protocol = getattr(request.state, "wire", protocol)
    if protocol == "ai-sdk" and (version or version_header or "7") != "7":
        protocol = "ai-sdk-6"
    if protocol != "story_chunk" and (order, granularity) != ("live", "token"):
        raise InvalidInput.of(
            "protocol", f"{protocol} is sent live and by token: leave order and granularity out"
        )
    return StreamOptions(order, granularity, protocol, complete)


# In OpenAPI only: `parse_event_id` has a sentence for what doesn't match.
_EVENT_ID: dict[str, Any] = {"pattern": r"^([0-9A-Za-z_-]{1,64}:[0-9]{1,15})?$", "examples": [""]}


def is_event_id_name(name: str) -> bool:
    """Whether a query parameter holds the last event id, as one polyfill or another spells it: `Last-Event-ID`,
    `lastEventID`, `evs_last_event_id`."""
    return name.replace("-", "").replace("_", "").lower() in ("lasteventid", "evslasteventid")


def _event_id_by_other_name(request: Request) -> str | None:
    return next((value[:128] for name, value in request.query_params.items() if is_event_id_name(name)), None)


async def get_event_id(
    request: Request,
    view: Annotated[StreamOptions, Depends(get_stream_options)],
    last_event_id: Annotated[
        str | None,
        Query(
            max_length=128,
            description="As the header, for clients that can't set one",
            json_schema_extra=_EVENT_ID,
        ),
    ] = None,
    polyfill: Annotated[
        str | None,
        Query(
            alias="lastEventId",
            max_length=128,
            description="The same, as polyfills send it",
            json_schema_extra=_EVENT_ID,
        ),
    ] = None,
    header: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=128, json_schema_extra=_EVENT_ID)
    ] = None,
) -> tuple[str, int] | None:
    """Run id of the last message received, and its number in the requested view. The header wins: a browser keeps
    it up to date. Raises InvalidInput for an id of another view."""
    # An empty header is what some clients send before the first message.
    event_id = header or last_event_id or polyfill or _event_id_by_other_name(request)
    if not event_id:
        return None
    try:
        run_id, number = parse_event_id(event_id)
        return run_id, number_in_view(number, view.order, view.granularity, view.protocol)
    except ValueError as error:
        raise InvalidInput.of("last_event_id", str(error)) from None


def _read_flag(value: object) -> object:
    if isinstance(value, str) and value not in ("true", "false"):
        raise ValueError("true or false is expected")
    return value


Flag = Annotated[bool, BeforeValidator(_read_flag)]
"""A yes or no of a query: `true` or `false`, as OpenAPI has it."""
PrincipalDep = Annotated[Principal, Depends(get_principal)]
OwnerDep = Annotated[Owner, Depends(get_owner)]
RunsDep = Annotated[RunCommands, Depends(get_runs)]
QueriesDep = Annotated[RunQueries, Depends(get_queries)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
ResourcesDep = Annotated[Resources, Depends(get_resources)]
EventIdDep = Annotated[tuple[str, int] | None, Depends(get_event_id)]
StreamOptionsDep = Annotated[StreamOptions, Depends(get_stream_options)]
RunId = Annotated[str, Path(max_length=64)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]
RequestId = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=255,
        description="The same for every attempt at one start; as Idempotency-Key",
    ),
]
PageLimit = Annotated[int, Query(ge=1, le=100)]
PageCursor = Annotated[str | None, Query(max_length=26, pattern="^[0-9A-Za-z_-]*$")]
