"""HTTP client for OpenAI's SDK, which translates between the server's dialect and the SDK's protocol."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx2
import orjson
from openai import DefaultAsyncHttpxClient

from workflows.models.replies.provider_strings import clean_string
from workflows.models.wire.bodies.stream_turns import StreamTurns
from workflows.models.wire.bodies.translated import Translate, TranslatedStream
from workflows.models.wire.bodies.unpacking import ACCEPTED, read_body
from workflows.models.wire.chat import ChatStream, read_completion
from workflows.models.wire.chat_events import DONE, ChatEvents, RawEvent, cut_text, hidden_of
from workflows.models.wire.deltas import hidden_of_chunk
from workflows.models.wire.errors import Json, find_error, status_of
from workflows.models.wire.frames import EventReader, frame, frame_raw, parse
from workflows.models.wire.refusals import MOST_ATTEMPTS, REFUSALS, adapt_request, learn_from_refusal
from workflows.models.wire.responses import ResponseStream, read_response
from workflows.models.wire.traits import ServerTraits

_BODY_HEADERS = frozenset({"content-length", "content-encoding", "transfer-encoding"})

if TYPE_CHECKING:
    _Client = httpx2.AsyncClient
else:
    _Client = DefaultAsyncHttpxClient


class ProviderHttpClient(_Client):
    """HTTP client that sends each call once, and follows no redirect: a call sent on may be bought twice.

    A request that is refused for a field which the server doesn't know is sent again without it.
    """

    def __init__(self, traits_of: Callable[[str], ServerTraits], turns: StreamTurns, **kwargs: Any) -> None:
        """`traits_of`: the traits of a model by its name; `turns`: those that the process's streams leave to others."""
        super().__init__(follow_redirects=False, headers={"Accept-Encoding": ACCEPTED}, **kwargs)
        self._traits_of = traits_of
        self._turns = turns

    async def send(self, request: httpx2.Request, *, stream: bool = False, **kwargs: Any) -> httpx2.Response:
        """As httpx2's; `follow_redirects` is ignored."""
        kwargs["follow_redirects"] = False
        path = request.url.path
        is_chat = path.endswith("/chat/completions")
        if request.method != "POST" or not (is_chat or path.endswith("/responses")):
            return await super().send(request, stream=stream, **kwargs)
        body: Json = orjson.loads(request.content)
        traits = self._traits_of(clean_string(body.get("model")))
        reply = await self._send_adapted(request, body if is_chat else None, traits, kwargs)
        if not reply.is_success:
            return reply if reply.is_closed else await _read_error(reply)
        streams, wants_calls = bool(body.get("stream")), bool(body.get("tools"))
        if streams and not _is_json(reply):
            events = ChatEvents(traits, wants_calls=wants_calls) if is_chat else None
            response = ResponseStream()
            frames = _response_frames(response) if events is None else _frames_of(events)
            return _with_stream(reply, TranslatedStream(reply, frames, events or response, self._turns))
        chat = ChatStream(traits, wants_calls=wants_calls) if streams and is_chat else None
        return await _read_whole(reply, traits, chat, is_chat=is_chat)

    async def _send_adapted(
        self, request: httpx2.Request, body: Json | None, traits: ServerTraits, kwargs: Any
    ) -> httpx2.Response:
        if body is None:
            return await super().send(request, stream=True, **kwargs)
        for _ in range(MOST_ATTEMPTS - 1):
            adapted = adapt_request(body, traits)
            reply = await super().send(_with_body(request, body, adapted), stream=True, **kwargs)
            if reply.status_code not in REFUSALS:
                return reply
            reply = await _read_error(reply)
            if not learn_from_refusal(adapted, reply.text, traits):
                return reply
        return await super().send(
            _with_body(request, body, adapt_request(body, traits)), stream=True, **kwargs
        )


async def _read_whole(
    reply: httpx2.Response, traits: ServerTraits, chat: ChatStream | None, *, is_chat: bool
) -> httpx2.Response:
    """Converts a reply in one piece, even one that is an error, or should have been a stream: then `chat` makes one
    of it."""
    content = await read_body(reply)
    try:
        body = parse(content)
    except ValueError:  # a page for people, or a reply that broke off
        return _whole(reply, content, 502 if _is_page(reply) else 200)
    if not isinstance(body, dict):  # JSON, and no answer of this protocol
        return _whole(reply, content, 502)
    read = read_completion(body, traits) if is_chat else _read_response_body(body)
    if (error := read.get("error")) and "choices" not in read and "output" not in read:
        return _whole(reply, orjson.dumps({"error": error}), status_of(error))
    if chat is not None:
        return _as_stream(reply, chat, body)
    return _whole(reply, orjson.dumps(read), 200)


def _frames_of(events: ChatEvents) -> Translate:
    def translate(piece: bytes | None) -> Iterator[bytes]:
        for event in events.read(piece):
            hidden_of_chunk.set(hidden_of(event))
            yield frame_raw(*event) if isinstance(event, RawEvent) else frame(event)

    return translate


def _response_frames(response: ResponseStream) -> Translate:
    events = EventReader()

    def translate(piece: bytes | None) -> Iterator[bytes]:
        for event, data in events.finish() if piece is None else events.feed(piece):
            value = None
            with suppress(ValueError):
                value = parse(data)
            if not isinstance(value, dict):
                yield frame_raw(data, event)
            elif (read := response.read(value, event)) is not None:
                hidden_of_chunk.set(response.hidden)
                yield frame(read, event)

    return translate


def _read_response_body(body: Json) -> Json:
    if body.get("object") != "response" and (error := find_error(body)) is not None:
        return {"error": error}
    return read_response(body)


def _with_body(request: httpx2.Request, body: Json, adapted: Json) -> httpx2.Request:
    if adapted == body:
        return request
    headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"content-length"]
    return httpx2.Request(
        request.method,
        request.url,
        headers=headers,
        content=orjson.dumps(adapted),
        extensions=request.extensions,
    )


def _with_stream(reply: httpx2.Response, stream: TranslatedStream) -> httpx2.Response:
    return httpx2.Response(
        reply.status_code,
        headers=_other_headers(reply),
        stream=stream,
        request=reply.request,
        extensions=reply.extensions,
    )


async def _read_error(reply: httpx2.Response) -> httpx2.Response:
    return _whole(reply, await read_body(reply), reply.status_code)


def _whole(reply: httpx2.Response, content: bytes, status: int) -> httpx2.Response:
    return httpx2.Response(
        status,
        headers=_other_headers(reply),
        content=content,
        request=reply.request,
        extensions=reply.extensions,
    )


def _as_stream(reply: httpx2.Response, chat: ChatStream, body: Json) -> httpx2.Response:
    """Frames from the reply of a server that doesn't stream, although requested."""
    frames = [*cut_text(chat.read(body)), *filter(None, [chat.end()])]
    headers = {"content-type": "text/event-stream"}
    content = b"".join([*map(frame, frames), frame_raw(DONE)])
    return httpx2.Response(200, headers=headers, content=content, request=reply.request)


def _other_headers(reply: httpx2.Response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in reply.headers.multi_items() if name.lower() not in _BODY_HEADERS]


def _is_json(reply: httpx2.Response) -> bool:
    return "json" in reply.headers.get("content-type", "") or _is_page(reply)


def _is_page(reply: httpx2.Response) -> bool:
    return "html" in reply.headers.get("content-type", "")
