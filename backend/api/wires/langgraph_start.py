"""The command `run.start` of LangGraph's protocol: parameters, repeated starts, and runs that are replaced."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import Field, ValidationError

from backend.api.runs.generate import format_at
from backend.api.runs.starts import RunStart
from backend.api.wires.chat_input import ClientModel, hashed, text_of_content, with_text
from backend.runs.requests import RunRequest, hash_request
from backend.runs.threads import StartIdentity, Thread, ThreadRun
from backend.store.runs.runs import Run
from backend.store.schema.run_values import RunOptions
from backend.store.schema.transitions import COMPLETED
from backend.store.threads import ThreadPlace
from workflows.errors import Conflict, NotFound, Overloaded
from workflows.formats.base import AnyFormat, invalid_input

_REPEATED_WITHIN = timedelta(minutes=10)
"""So long the same command of a client without an id of its message is taken for a repetition."""


class _Configurable(ClientModel):
    options: RunOptions = Field(default_factory=RunOptions)


class _Config(ClientModel):
    configurable: _Configurable = Field(default_factory=_Configurable)


class StartParams(ClientModel):
    """Parameters of `run.start`: the format, its input with a person's messages, and the run's options."""

    assistant_id: str = Field(max_length=64)
    input: dict[str, Any] | None = None
    config: _Config | None = None
    multitask_strategy: Literal["reject", "interrupt", "rollback", "enqueue"] | None = None


async def start_in_thread(
    thread: Thread,
    formats: Mapping[str, AnyFormat],
    start: RunStart,
    command_id: int,
    given: dict[str, Any],
) -> ThreadRun:
    """The run that is started, or the one that the same start has started before. Raises as `RunCommands.start`;
    Conflict where another run of the thread is under way."""
    try:
        params = StartParams.model_validate(given)
    except ValidationError as error:
        raise invalid_input(error, "params") from None
    format = format_at(formats, params.assistant_id)
    inputs, message_id = _input(format, params.input or {})
    options = start.with_timezone(params.config.configurable.options if params.config else RunOptions())
    digest = hashed(hash_request(format.name, format.parse(inputs), options))
    named_by = message_id or start.key
    identity = StartIdentity.of(digest, message_id, hashed(named_by) if named_by else None, command_id)
    earlier = await thread.runs()
    if (known := _known(earlier, identity)) is not None:
        return known
    replaced = _replaced(earlier, params.multitask_strategy)
    ordinal = max([await thread.last_ordinal(), *(each.ordinal for each in earlier)]) + 1
    place = ThreadPlace(thread.name, ordinal, None if replaced is None else replaced.id)
    key = thread.key(ordinal, identity)
    run, _ = await start.runs.start(start.owner, RunRequest(format.name, inputs, options, key, place=place))
    if replaced is not None:
        # It has a stop request already. Here it may have ended by itself, or whoever writes it doesn't answer at once.
        with suppress(Conflict, NotFound, Overloaded):
            await start.runs.cancel(start.owner, replaced.id)
    return ThreadRun(run, ordinal, identity)


def _known(earlier: Sequence[ThreadRun], identity: StartIdentity) -> ThreadRun | None:
    """The run that the same start has begun: a command whose reply was lost is sent again. It was completed, or is
    under way; where clients may use its token again, it is the thread's newest and not old."""
    if not earlier:
        return None
    newest = earlier[-1]
    for each in reversed(earlier):
        if each.identity == identity and each.run.status == COMPLETED:
            is_recent = abs(datetime.now(UTC) - each.run.created_at) < _REPEATED_WITHIN
            if identity.is_lasting or (each is newest and is_recent):
                return each
    is_same = newest.identity.digest == identity.digest and not newest.run.is_finished
    return newest if is_same else None


def _replaced(earlier: Sequence[ThreadRun], strategy: str | None) -> Run | None:
    """The run under way that gives way to a new one. Raises Conflict where it doesn't."""
    if not earlier or earlier[-1].run.is_finished:
        return None
    if strategy not in ("interrupt", "rollback"):
        raise Conflict(
            "A run of this thread is under way. Wait for its end, or send multitask_strategy: interrupt."
        )
    return earlier[-1].run


def _input(format: AnyFormat, given: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The format's input, and the id of the person's message that is its text."""
    inputs = {name: value for name, value in given.items() if name != "messages"}
    messages = given.get("messages")
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and (message.get("type") or message.get("role")) in ("human", "user"):
            id = message.get("id")
            text = text_of_content(message.get("content"))
            return with_text(format, inputs, text), id if isinstance(id, str) else ""
    return inputs, ""
