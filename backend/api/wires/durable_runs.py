"""Runs as Durable Streams."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from backend.api.dependencies import OwnerDep, QueriesDep, RunId, SettingsDep
from backend.api.wires.durable import LONG_POLL_SECONDS, answer, describe_stream
from backend.runs.queries import RunQueries
from backend.runs.readers.durable import DurableReader
from backend.store.runs.runs import Run
from backend.streaming.options import StreamOptions
from backend.streaming.views import Wire

router = APIRouter(prefix="/api/v1/runs", tags=["durable streams"])

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Messages after the offset; with `live=sse` as events `data` and `control`",
        "content": {
            "application/json": {"schema": {"type": "array"}},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    },
    204: {"description": "Nothing came while a long poll waited, or nothing will come any more"},
    304: {"description": "Nothing has changed since the reply with this ETag"},
    400: {"description": "An offset that was never handed out, or a `live` that there isn't"},
}


@dataclass(frozen=True, slots=True)
class _RunOpener:
    queries: RunQueries
    run: Run
    options: StreamOptions

    def source(self, after: int) -> DurableReader:
        return self.queries.durable_reader(self.run, after, self.options)

    def reading(self) -> AbstractAsyncContextManager[None]:
        return self.queries.reading(self.run)


WireOfStream = Annotated[
    Wire, Query(description="Whose messages: the service's own, or those of another wire")
]


def describe_query(
    offset: Annotated[
        str | None, Query(max_length=256, description="-1, now, or a Stream-Next-Offset")
    ] = None,
    live: Annotated[str | None, Query(max_length=64, description="long-poll or sse; with an offset")] = None,
    cursor: Annotated[
        str | None, Query(max_length=32, description="The Stream-Cursor of the reply before")
    ] = None,
) -> None:
    """Parameters for OpenAPI. They are read by `Demand`, with the protocol's own status for a wrong one."""
    del offset, live, cursor


@router.get(
    "/{run_id}/ds",
    response_class=Response,
    responses=_RESPONSES,
    dependencies=[Depends(describe_query)],
)
async def read_durable_stream(
    run_id: RunId,
    request: Request,
    owner: OwnerDep,
    queries: QueriesDep,
    settings: SettingsDep,
    wire: WireOfStream = "story_chunk",
) -> Response:
    """The run's messages as a Durable Stream: what there is after an offset, or what comes."""
    run = await queries.find(owner, run_id)
    opener = _RunOpener(queries, run, StreamOptions(protocol=wire))
    return await answer(request, opener, settings, poll_seconds=LONG_POLL_SECONDS)


@router.head("/{run_id}/ds", response_class=Response)
async def describe_durable_stream(
    run_id: RunId, owner: OwnerDep, queries: QueriesDep, wire: WireOfStream = "story_chunk"
) -> Response:
    """The end of the run's Durable Stream so far, and whether it is closed."""
    run = await queries.find(owner, run_id)
    reader = queries.durable_reader(run, 0, StreamOptions(protocol=wire))
    await reader.read()
    return describe_stream(reader)
