"""Agents of AG-UI: `HttpAgent`, CopilotKit and TanStack AI with the service as their back end."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import Field

from backend.api.dependencies import EventIdDep, OwnerDep, ResourcesDep, SettingsDep, speaking
from backend.api.runs.generate import format_at
from backend.api.runs.starts import RunStart, RunStartDep
from backend.api.runs.streams import stream_response
from backend.api.wires.chat_input import ClientModel, hashed, text_of_content, with_text
from backend.runs.queries import RunQueries
from backend.runs.requests import RunRequest
from backend.store.owner import Owner
from backend.store.runs.runs import Run
from backend.store.schema.run_values import RunOptions
from backend.store.schema.transitions import WAITING
from backend.streaming.options import StreamOptions
from backend.streaming.sse import parse_event_id
from backend.streaming.views import Wire, number_in_view
from backend.streaming.wires.ag_ui import ClientRequest
from workflows.errors import InvalidInput, NotFound
from workflows.formats.base import AnyFormat

_WIRE: Wire = "ag-ui"
router = APIRouter(prefix="/api/v1/ag-ui", tags=["ag-ui"], dependencies=[speaking(_WIRE)])

_FIRST = "-1"
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "AG-UI's events",
        "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/AgUiEvent"}}},
    },
    204: {"description": "The reader has the last event already"},
}


class ForwardedProps(ClientModel):
    """Values that a page gives its agent to send along; the format's input and the run's options are read."""

    input: dict[str, Any] = Field(default_factory=dict, description="The format's own input")
    options: RunOptions = Field(default_factory=RunOptions, description="How the run is executed")


class Answer(ClientModel):
    """A person's answer to an interrupt."""

    interrupt_id: str = Field(alias="interruptId", max_length=256, description="The interrupt's id")
    status: str = Field(
        pattern=r"^(resolved|cancelled)$", description="`resolved`, or `cancelled`, which cancels the run"
    )
    payload: dict[str, Any] = Field(
        default_factory=dict, description="With `resolved`: the plan as edited, {title, sections}"
    )


class RunAgentBody(ClientModel):
    """The body that `HttpAgent` posts (`RunAgentInput`).

    The format's input is `forwardedProps.input`. The text of the last user message is the field that the format takes a
    chat's text as, such as a story's `theme`; else the first text that the input has to have.
    """

    thread_id: str = Field(alias="threadId", min_length=1, max_length=256, description="The thread's id")
    run_id: str = Field(
        alias="runId",
        min_length=1,
        max_length=256,
        description="The client's id of the run: its idempotency key",
    )
    messages: list[dict[str, Any]] = Field(
        default_factory=list,
        max_length=1000,
        description="The thread so far; the user's last one is answered",
    )
    forwarded_props: ForwardedProps = Field(
        default_factory=ForwardedProps, alias="forwardedProps", description="The page's own values"
    )
    resume: list[Answer] = Field(
        default_factory=list, max_length=1, description="The answer to the run's interrupt"
    )

    @property
    def client(self) -> ClientRequest:
        """What the events say again."""
        return ClientRequest(self.thread_id, self.run_id, self.messages)

    def input_of(self, format: AnyFormat) -> dict[str, Any]:
        """The format's input. It isn't checked here."""
        nothing: dict[str, Any] = {}
        last = next((each for each in reversed(self.messages) if each.get("role") == "user"), nothing)
        return with_text(format, self.forwarded_props.input, text_of_content(last.get("content")))


def _key(client_run_id: str) -> str:
    return f"ag-ui:{hashed(client_run_id)}"


@router.post("/{path}", response_class=Response, responses=STREAM)
async def run_agent(
    path: Annotated[str, Path(max_length=64)],
    body: RunAgentBody,
    resources: ResourcesDep,
    start: RunStartDep,
) -> Response:
    """Starts a run from a thread's last message, or answers its interrupt, and streams it as AG-UI's events. The same
    `runId` sent again attaches to its run; with `Last-Event-ID` the reply is what follows."""
    format = format_at(resources.formats, path)

    async def begin(key: str | None) -> tuple[Run, bool]:
        if body.resume:
            return await _answer(start, format, body.resume[0]), False
        options = start.with_timezone(body.forwarded_props.options)
        request = RunRequest(format.name, body.input_of(format), options, key or _key(body.run_id))
        return await start.runs.start(start.owner, request)

    run, _ = await start.find_or_begin(begin)
    return await start.stream(run, body.client)


async def _answer(start: RunStart, format: AnyFormat, answer: Answer) -> Run:
    """The run of the interrupt, which goes on; one that is answered already isn't answered again."""
    start.principal.check_scope("runs:read")  # its stream begins with what there is
    run_id, _, kind = answer.interrupt_id.rpartition(":")
    run = await start.queries.find(start.owner, run_id)
    if kind != "outline" or run.format != format.name:
        raise NotFound(f"There is no interrupt {answer.interrupt_id[:64]} of this format.")
    if run.status != WAITING:
        return run
    if answer.status == "resolved":
        return await start.runs.answer(start.owner, run.id, answer.payload)
    return await start.runs.cancel(start.owner, run.id)


@dataclass(frozen=True, slots=True)
class RunReference:
    """A run that was started elsewhere, by its id and by the last event that its reader has."""

    run_id: str
    after: tuple[str, int] | None

    async def find(self, queries: RunQueries, owner: Owner) -> Run:
        """The run. Raises NotFound."""
        if self.after is not None:
            return await queries.find(owner, self.after[0])
        found = await queries.newest_by_key(owner, _key(self.run_id))
        return found or await queries.find(owner, self.run_id)


def get_reference(
    event_id: EventIdDep,
    run_id: Annotated[
        str | None,
        Query(alias="runId", max_length=256, description="The client's id of the run, or the service's"),
    ] = None,
    header: Annotated[str | None, Header(alias="X-Run-Id", max_length=256)] = None,
    offset: Annotated[
        str, Query(max_length=128, description="-1 for all that there is, or the id of the last event")
    ] = _FIRST,
) -> RunReference:
    """What a reader asks for. Raises InvalidInput where it names no run."""
    after = event_id or _parse_offset(offset)
    if after is None and not (run_id or header):
        raise InvalidInput.of("runId", "which run? Its id is expected, here or as the header X-Run-Id")
    return RunReference(run_id or header or "", after)


@router.get("/{path}", response_class=Response, responses=STREAM)
async def join_run(
    path: Annotated[str, Path(max_length=64)],
    reference: Annotated[RunReference, Depends(get_reference)],
    owner: OwnerDep,
    resources: ResourcesDep,
    settings: SettingsDep,
) -> Response:
    """The events of a run that was started elsewhere: its state so far, then what comes; or what follows an id."""
    format, queries = format_at(resources.formats, path), resources.queries
    run = await reference.find(queries, owner)
    if run.format != format.name:
        raise NotFound(f"There is no run {run.id} of this format.")
    options = StreamOptions(protocol=_WIRE, client=ClientRequest(run_id=reference.run_id or None))
    reader = queries.reader(run, reference.after[1] if reference.after else 0, options)
    return await stream_response(queries, run, reader, settings)


def _parse_offset(offset: str) -> tuple[str, int] | None:
    if offset == _FIRST:
        return None
    try:
        run_id, number = parse_event_id(offset)
        return run_id, number_in_view(number, "live", "token", _WIRE)
    except ValueError as error:
        raise InvalidInput.of("offset", str(error)) from None
