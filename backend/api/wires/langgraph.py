"""LangGraph's Agent Streaming Protocol: `useStream` and the LangGraph SDKs with the service as their back end."""

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field, StringConstraints, ValidationError

from backend.api.dependencies import OwnerDep, ResourcesDep, RunsDep, SettingsDep
from backend.api.runs.starts import RunStart, RunStartDep
from backend.api.runs.streams import event_stream
from backend.api.wires.chat_input import ClientModel, hashed, text_in
from backend.api.wires.langgraph_start import start_in_thread
from backend.notifier import Notifier
from backend.runs.threads import Thread, ThreadReader, ThreadRun
from backend.store.runs.runs import Run
from backend.store.schema.transitions import WAITING
from backend.streaming.wires.langgraph_events import CHANNELS, error_frame, frame
from backend.streaming.wires.wire import CREDENTIAL_ENDED
from workflows.errors import InvalidInput, NotFound, StorywireError
from workflows.formats.base import invalid_input
from workflows.messages.messages import OutlinePlanned

router = APIRouter(prefix="/api/v1/langgraph/threads", tags=["langgraph"])

_MOST = 2**53 - 1
_Name = Annotated[str, StringConstraints(max_length=256)]
_WORDS = {
    "INVALID_INPUT": "invalid_argument",
    "CONFLICT": "invalid_argument",
    "FORBIDDEN": "permission_denied",
    "UNAUTHENTICATED": "permission_denied",
}
"""The protocol's words for errors; `unknown_error` for all others."""
_NOT_FOUND = {"run.start": "invalid_argument", "input.respond": "no_such_interrupt"}

STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The thread's events",
        "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/LangGraphEvent"}}},
    }
}


class Command(ClientModel):
    """A command; its `id` is repeated in the reply."""

    id: int = Field(ge=0, le=_MOST, description="The client's number of the command")
    method: str = Field(max_length=64, description="run.start or input.respond")
    params: dict[str, Any] = Field(default_factory=dict, description="What the command is about")


class InterruptAnswer(ClientModel):
    """An answer to an interrupt: the plan as edited, `true` for the plan as it is, `false` to cancel the run."""

    interrupt_id: str = Field(max_length=256)
    response: Any = None


class EventsBody(ClientModel):
    """The events that a client wants."""

    channels: list[_Name] = Field(max_length=64, description="Such as messages, values, custom:progress")
    namespaces: list[list[_Name]] | None = Field(None, max_length=256, description="Ours is the root, []")
    depth: int | None = Field(None, ge=0, le=_MOST, description="Below the namespaces; ours has none below")
    since: int | None = Field(None, ge=0, le=_MOST, description="The seq of the last event that it has")

    def wants(self, channel: str) -> bool:
        """Whether events of the channel are to be sent. All of ours are of the root namespace."""
        if self.namespaces and [] not in self.namespaces:
            return False
        kind = channel.partition(":")[0]
        return channel in self.channels or (kind == "custom" and kind in self.channels)


ThreadId = Annotated[str, Path(max_length=256, description="The client's id of the thread")]


def get_notifier(request: Request) -> Notifier:
    """The wake-ups of this process's readers of threads."""
    notifier: Notifier = request.app.state.thread_notifier
    return notifier


NotifierDep = Annotated[Notifier, Depends(get_notifier)]


async def get_thread(thread_id: ThreadId, owner: OwnerDep, resources: ResourcesDep) -> Thread:
    """The caller's thread of this id, though nothing may have been started in it."""
    formats = resources.formats

    def text_of(run: Run) -> str:
        format = formats.get(run.format)
        return "" if format is None else text_in(format, run.input)

    return Thread(resources.queries, resources.threads, owner, hashed(thread_id), text_of)


ThreadDep = Annotated[Thread, Depends(get_thread)]


@router.post("/{thread_id}/commands")
async def command(
    body: Command, thread: ThreadDep, resources: ResourcesDep, start: RunStartDep, notifier: NotifierDep
) -> dict[str, Any]:
    """Starts a run (`run.start`), or answers its question (`input.respond`). What is refused is a reply, too, as the
    protocol has it."""
    try:
        match body.method:
            case "run.start":
                each = await start_in_thread(thread, resources.formats, start, body.id, body.params)
                seq = each.first_seq
            case "input.respond":
                each = await _respond(thread, start, body.params)
                seq = await _last_seq(thread, notifier)
            case _:
                return _refusal(body.id, "unknown_command", f"There is no command {body.method[:64]!r} here.")
    except StorywireError as error:
        word = _NOT_FOUND[body.method] if isinstance(error, NotFound) else _WORDS.get(error.code)
        return _refusal(body.id, word or "unknown_error", error.message)
    notifier.notify(thread.prefix)
    result = {"run_id": each.run.id}
    return {"type": "success", "id": body.id, "result": result, "meta": {"applied_through_seq": seq}}


def _refusal(id: int, error: str, message: str) -> dict[str, Any]:
    return {"type": "error", "id": id, "error": error, "message": message}


async def _respond(thread: Thread, start: RunStart, given: dict[str, Any]) -> ThreadRun:
    """The run whose question is answered; one that is answered already isn't answered again."""
    responses = given.get("responses")
    answers = responses if isinstance(responses, list) else [given]
    if len(answers) != 1:
        raise InvalidInput.of(
            "params.responses", "one response is expected: a run asks one question at a time"
        )
    try:
        answer = InterruptAnswer.model_validate(answers[0])
    except ValidationError as error:
        raise invalid_input(error, "params") from None
    run_id, _, kind = answer.interrupt_id.rpartition(":")
    each = await thread.find(run_id)
    if kind != "outline":
        raise NotFound(f"There is no interrupt {answer.interrupt_id[:64]} in this thread.")
    if each.run.status == WAITING:
        await _answer(thread, start, each.run, answer.response)
    return each


async def _answer(thread: Thread, start: RunStart, run: Run, response: object) -> None:
    if response is False:
        await start.runs.cancel(start.owner, run.id)
    elif response is True or isinstance(response, dict):
        plan = response if isinstance(response, dict) else await _plan_of(thread, run)
        await start.runs.answer(start.owner, run.id, plan)
    else:
        raise InvalidInput.of(
            "params.response",
            "the plan {title, sections} is expected, true for it as it is, or false to cancel",
        )


async def _plan_of(thread: Thread, run: Run) -> dict[str, Any]:
    outline: OutlinePlanned | None = (await thread.queries.transcript(run)).outline
    return {} if outline is None else outline.model_dump()


async def _last_seq(thread: Thread, notifier: Notifier) -> int:
    """The number of the newest event."""
    return max((event.seq for event in await ThreadReader(thread, notifier).read_once()), default=0)


@router.post("/{thread_id}/stream/events", response_class=Response, responses=STREAM)
@router.post("/{thread_id}/stream", response_class=Response, responses=STREAM, include_in_schema=False)
async def read_events(
    request: Request, body: EventsBody, thread: ThreadDep, settings: SettingsDep, notifier: NotifierDep
) -> Response:
    """The thread's events of some channels, from its first run or from after `since`, and then as they come. The stream
    stays open, since another run may follow."""
    unknown = next((each for each in body.channels if each.partition(":")[0] not in CHANNELS), None)
    if unknown is not None:
        raise InvalidInput.of("channels", f"{', '.join(sorted(CHANNELS))} are there; got {unknown[:64]!r}")
    reader = ThreadReader(thread, notifier, _since(request, body))
    refusal = error_frame("permission_denied", CREDENTIAL_ENDED)
    return event_stream(_frames(reader, body, await reader.read()), settings, refusal=refusal)


def _since(request: Request, body: EventsBody) -> int:
    header = request.headers.get("last-event-id", "")
    return body.since or (int(header) if header.isascii() and header.isdigit() and len(header) < 17 else 0)


async def _frames(reader: ThreadReader, body: EventsBody, first: Iterable[Any]) -> AsyncIterator[bytes]:
    yield b": open\n\n"  # with the headers, so that a client knows at once that the stream is there
    async with aclosing(reader):
        events = first
        while True:
            if frames := b"".join(frame(*event) for event in events if body.wants(event.channel)):
                yield frames
            await reader.wait()
            events = await reader.read()


@router.get("/{thread_id}/state")
async def read_state(thread_id: ThreadId, thread: ThreadDep, notifier: NotifierDep) -> dict[str, Any]:
    """The thread's state, with which a page begins that is loaded anew."""
    state = await _state(thread_id, thread, notifier)
    if state is None:
        raise NotFound(f"There is no thread {thread_id[:64]} yet.")
    return state


@router.post("/{thread_id}/history")
async def read_history(thread_id: ThreadId, thread: ThreadDep, notifier: NotifierDep) -> list[dict[str, Any]]:
    """The newest state alone: earlier ones aren't kept."""
    state = await _state(thread_id, thread, notifier)
    return [] if state is None else [state]


async def _state(thread_id: str, thread: Thread, notifier: Notifier) -> dict[str, Any] | None:
    reader = ThreadReader(thread, notifier)
    await reader.read_once()
    return None if reader.mapper is None else reader.mapper.state(thread_id)


@router.post("/{thread_id}/runs/{run_id}/cancel", status_code=204)
async def cancel(
    run_id: Annotated[str, Path(max_length=64)], thread: ThreadDep, owner: OwnerDep, runs: RunsDep
) -> Response:
    """Cancels a run of the thread; its text so far is kept."""
    each = await thread.find(run_id.partition(".")[0])  # a run that went on has its attempt behind its id
    await runs.cancel(owner, each.run.id)
    return Response(status_code=204)
