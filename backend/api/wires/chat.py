"""Chats of the AI SDK: `useChat` and `WorkflowChatTransport` with the service as their back end."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from backend.api.dependencies import (
    OwnerDep,
    QueriesDep,
    ResourcesDep,
    SettingsDep,
    StreamOptionsDep,
    speaking,
)
from backend.api.runs.generate import format_at
from backend.api.runs.starts import RunStartDep
from backend.api.runs.streams import stream_response
from backend.api.wires.chat_input import ClientModel, hashed, with_text
from backend.runs.requests import RunRequest
from backend.store.runs.runs import Run
from backend.store.schema.run_values import RunOptions
from backend.streaming.views import Wire
from workflows.errors import InvalidInput, NotFound
from workflows.formats.base import AnyFormat

_WIRE: Wire = "ai-sdk"

router = APIRouter(prefix="/api/v1", tags=["chat"], dependencies=[speaking(_WIRE)])
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The AI SDK's UI message stream",
        "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/UIMessageChunk"}}},
    },
    204: {"description": "The reader has all of it already, or there is no such chat"},
}


class ChatMessage(ClientModel):
    """A message of a chat; of its parts, `text` and `data-input` are read."""

    id: str = Field("", max_length=256, description="The message's id")
    role: str = Field(max_length=32, description="Who says it: `user` or `assistant`")
    parts: list[dict[str, Any]] = Field(
        default_factory=list, max_length=1000, description="Its parts, as the AI SDK has them"
    )


class ChatBody(ClientModel):
    """The body that `useChat` posts, with `input` and `options` as its transport's own `body`.

    The format's input is `input`, with the last user message's `data-input` over it. The message's text is the field
    that the format takes a chat's text as, such as a story's `theme`; else the first text that the input has to have.
    """

    id: str | None = Field(None, min_length=1, max_length=256, description="The chat's id")
    messages: list[ChatMessage] = Field(
        min_length=1, max_length=1000, description="The chat so far; the last one of the user is answered"
    )
    trigger: str = Field(
        "submit-message",
        max_length=64,
        description="`submit-message`, or `regenerate-message` for a new text",
    )
    message_id: str | None = Field(
        None, alias="messageId", max_length=256, description="The message to write anew"
    )
    input: dict[str, Any] = Field(default_factory=dict, description="The format's own input")
    options: RunOptions = Field(default_factory=RunOptions, description="How the run is executed")

    @property
    def last_user_message(self) -> ChatMessage:
        """The message to answer. Raises InvalidInput when nobody said anything."""
        for message in reversed(self.messages):
            if message.role == "user":
                return message
        raise InvalidInput.of("messages", "a message of the role user is expected")

    @property
    def key(self) -> str | None:
        """The same for every attempt to send the same message of a chat; another one to have it answered anew. A
        message without an id is known by its place in the chat and by what it says."""
        if self.id is None:
            return None
        message = self.last_user_message
        place = sum(each.role == "user" for each in self.messages)
        which = message.id or json.dumps([place, message.parts], sort_keys=True)
        again = self.message_id or "" if self.trigger == "regenerate-message" else ""
        return chat_key(self.id) + hashed(f"{which}\n{again}")

    def input_of(self, format: AnyFormat) -> dict[str, Any]:
        """The format's input. It isn't checked here."""
        given = dict(self.input)
        said = []
        for part in self.last_user_message.parts:
            if part.get("type") == "data-input" and isinstance(part.get("data"), dict):
                given |= part["data"]
            elif part.get("type") == "text":
                said.append(str(part.get("text", "")))
        return with_text(format, given, "\n".join(said))


def chat_key(chat_id: str) -> str:
    """The beginning of the idempotency keys of a chat's runs."""
    return f"chat:{hashed(chat_id)}:"


@router.post("/{path}/chat", response_class=Response, responses=STREAM)
async def chat(
    path: Annotated[str, Path(max_length=64)], body: ChatBody, resources: ResourcesDep, start: RunStartDep
) -> Response:
    """Starts a run from a chat's last message, and streams it as an AI SDK UI message stream. The same message sent
    again attaches to its run."""

    async def begin(key: str | None) -> tuple[Run, bool]:
        format = format_at(resources.formats, path)
        request = RunRequest(
            format.name, body.input_of(format), start.with_timezone(body.options), key or body.key
        )
        return await start.runs.start(start.owner, request)

    run, _ = await start.find_or_begin(begin)
    return await start.stream(run)


@router.get("/{path}/chat/{chat_id}/stream", response_class=Response, responses=STREAM)
async def resume_chat(
    path: Annotated[str, Path(max_length=64)],
    chat_id: Annotated[str, Path(max_length=256)],
    owner: OwnerDep,
    resources: ResourcesDep,
    queries: QueriesDep,
    settings: SettingsDep,
    options: StreamOptionsDep,
    start_index: Annotated[
        int | None,
        Query(
            alias="startIndex", ge=0, description="Chunks that the client has; `chat_id` is a run's id then"
        ),
    ] = None,
) -> Response:
    """The stream of the chat's newest run from its start; 204 where there is none. With `startIndex`: of that run, from
    its n-th chunk on."""
    format = format_at(resources.formats, path)
    if start_index is not None:
        run = await queries.find(owner, chat_id)
        if run.format != format.name:
            raise NotFound(f"There is no run {chat_id[:64]} of this format.")
        return await stream_response(queries, run, queries.reader(run, start_index, options), settings)
    newest = await queries.newest_by_key(owner, chat_key(chat_id))
    if newest is None or newest.format != format.name:
        return Response(status_code=204)
    return await stream_response(queries, newest, queries.reader(newest, 0, options), settings)
