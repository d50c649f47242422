"""The reply to a request that starts a run: the stream itself, or its address.

Every start may be repeated by a client that lost its connection. One that brings a `Last-Event-ID` names the run that
it had: it goes on with that run and starts none. One that brings an `Idempotency-Key` or a `request_id` attaches to the
run that the same key started.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.responses import JSONResponse

from backend.accounts.principal import Principal
from backend.api.dependencies import (
    EventIdDep,
    IdempotencyKey,
    PrincipalDep,
    QueriesDep,
    RequestId,
    RunsDep,
    SettingsDep,
    StreamOptionsDep,
)
from backend.api.runs.streams import stream_response
from backend.api.runs.views import started_view
from backend.runs.requests import StartBinding
from backend.store.owner import Owner
from backend.store.runs.runs import Run
from backend.store.schema.run_values import RunOptions
from backend.streaming.wires.ag_ui import ClientRequest
from backend.timezones import check_timezone
from workflows.errors import InvalidInput, NotFound

TimeZone = Annotated[
    str | None,
    Header(
        alias="X-Timezone",
        max_length=64,
        description="The reader's time zone, where options.timezone names none",
    ),
]
Begin = Callable[[str | None], Awaitable[tuple[Run, bool]]]
"""Starts a run with an idempotency key: the run, and whether it is new."""

_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class RunStart:
    """A request that starts a run, or repeats an earlier start."""

    request: Request
    principal: PrincipalDep
    runs: RunsDep
    queries: QueriesDep
    settings: SettingsDep
    event_id: EventIdDep
    stream_options: StreamOptionsDep
    timezone: TimeZone = None
    idempotency_key: IdempotencyKey = None
    request_id: RequestId = None

    @property
    def owner(self) -> Owner:
        """Whose run it is."""
        return self.principal.owner

    @property
    def binding(self) -> StartBinding | None:
        """What a stream ticket allows to start."""
        ticket = self.principal.ticket
        return None if ticket is None else StartBinding(ticket.request_hash or "", ticket.start_by)

    @property
    def key(self) -> str | None:
        """The key by which repeated requests are recognised as the same start. A ticket starts one run, whatever key
        comes with it."""
        if self.principal.ticket is not None:
            return self.principal.ticket.start_key
        return self.idempotency_key or (self.request_id and f"request:{self.request_id}")

    def with_timezone(self, options: RunOptions) -> RunOptions:
        """The options with the time zone of the header `X-Timezone`, where they name none. Raises InvalidInput."""
        if options.timezone is not None or self.timezone is None:
            return options
        try:
            return options.model_copy(update={"timezone": check_timezone(self.timezone)})
        except ValueError as error:
            raise InvalidInput.of("X-Timezone", str(error)) from None

    async def find_or_begin(self, begin: Begin) -> tuple[Run, bool]:
        """The run of `Last-Event-ID`, else the one that `begin` creates or finds. Raises NotFound, and Forbidden for a
        key that may use the route and may not read, or start, a run: one that it didn't start itself is read."""
        self.principal.check_scope("runs:write" if self.event_id is None else "runs:read")
        if self.event_id is not None:
            run = await self.queries.find(self.owner, self.event_id[0])
            check_ticket(self.principal, run)
            return run, False
        run, is_new = await begin(self.key)
        own = self.principal.key
        if not is_new and own is not None and run.key_id != own.id:
            self.principal.check_scope("runs:read")
        return run, is_new

    async def respond(
        self, begin: Begin, members: Callable[[Run], Mapping[str, Any]] = lambda _: _NONE
    ) -> Response:
        """The stream for `Accept: text/event-stream`, else `{run_id, status, stream_url}` and the `members`."""
        run, is_new = await self.find_or_begin(begin)
        if "text/event-stream" in self.request.headers.get("accept", ""):
            return await self.stream(run)
        view = {**started_view(run).model_dump(), **members(run)}
        return JSONResponse(view, status_code=201 if is_new else 200, headers=run_headers(run))

    async def stream(self, run: Run, client: ClientRequest | None = None) -> Response:
        """The run's stream, from after `Last-Event-ID`. `client`: what a wire's messages say again of the request."""
        cursor = self.event_id[1] if self.event_id else 0
        options = self.stream_options if client is None else replace(self.stream_options, client=client)
        reader = self.queries.reader(run, cursor, options)
        return await stream_response(self.queries, run, reader, self.settings)


def check_ticket(principal: Principal, run: Run) -> None:
    """Raises NotFound for another run than a stream ticket is for, or has started."""
    ticket = principal.ticket
    if ticket is not None and run.id != ticket.run_id and run.idempotency_key != ticket.start_key:
        raise NotFound(f"There is no run {run.id}.")


def run_headers(run: Run) -> dict[str, str]:
    """Response headers that link to a run."""
    return {"Location": f"/api/v1/runs/{run.id}", "X-Run-Id": run.id}


RunStartDep = Annotated[RunStart, Depends()]
