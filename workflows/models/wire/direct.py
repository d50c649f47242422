"""Calls of OpenAI's SDK without its work on types: requests are sent, and streams read, as the dicts that they are.

The SDK makes its request as ever, and its errors are its own. But each chunk was read once already, to bring it to
OpenAI's shape (`http.py`); writing it as bytes again, for the SDK to make an object of them and LangChain a dict of
the object, takes most of the processor time of a token. A request's fields are JSON already, and the SDK looks at each
of them, and at each message, by its type: half of what a request costs.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Self

import anyio
import httpx2
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from openai import APIConnectionError, APIError, APITimeoutError

from workflows.models.wire.bodies.translated import TranslatedStream
from workflows.models.wire.chat_events import DONE, RawEvent, hidden_of, join_texts
from workflows.models.wire.deltas import deltas_of_chunk, hidden_of_chunk
from workflows.models.wire.errors import Json
from workflows.models.wire.frames import parse

_log = logging.getLogger(__name__)
_DRAIN_SECONDS = 1.0
_OPTIONS = frozenset({"extra_headers", "extra_query", "extra_body", "timeout"})
"""What the SDK is told of a request beside its body."""
_LIMITS = ("max_tokens", "max_completion_tokens")


class DirectCompletions:
    """`AsyncCompletions` of OpenAI's SDK, whose streams are iterators over dicts."""

    def __init__(self, completions: Any) -> None:
        self._completions = completions

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # asked by `copy`, before there is anything to ask
            raise AttributeError(name)
        return getattr(self._completions, name)

    @property
    def with_raw_response(self) -> "_DirectReplies":
        """As the SDK's: whole replies."""
        return _DirectReplies(self._completions.with_raw_response)

    async def create(self, **payload: Any) -> Any:
        """As the SDK's."""
        if not payload.get("stream"):
            return await self._completions.create(**payload)
        context = self._completions.with_streaming_response.create(**_as_body(payload))
        response = await context.__aenter__()
        stream = response.http_response.stream
        if isinstance(stream, TranslatedStream) and stream.has_events:
            # Where the reply has a limit, each chunk is counted: a joined one could go over it by many tokens.
            joins = not any(payload.get(name) for name in _LIMITS)
            return DirectStream(response.http_response, stream, joins=joins)
        return await response.parse()  # a reply that came whole


class _DirectReplies:
    """Whole replies of OpenAI's SDK, also those in a form, which LangChain has it `parse`: ours is a JSON Schema
    already, and whether a reply came to its end is checked by whoever asked."""

    def __init__(self, completions: Any) -> None:
        self._completions = completions

    async def create(self, **payload: Any) -> Any:
        """As the SDK's."""
        return await self._completions.create(**_as_body(payload))

    async def parse(self, **payload: Any) -> Any:
        """As the SDK's, whose answer isn't parsed."""
        if not isinstance(payload.get("response_format"), dict):
            return await self._completions.parse(**payload)
        return await self.create(**payload)


@dataclass(frozen=True, slots=True)
class _DirectChat:
    """`chat` of OpenAI's client."""

    completions: DirectCompletions


class _DirectClient:
    """OpenAI's client, whose completions are these."""

    def __init__(self, client: Any, completions: DirectCompletions) -> None:
        self._client = client
        self.chat = _DirectChat(completions)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._client, name)


def _as_body(payload: dict[str, Any]) -> dict[str, Any]:
    """The same request with its fields in `extra_body`, which the SDK sends as they are."""
    options = {name: value for name, value in payload.items() if name in _OPTIONS}
    fields = {name: value for name, value in payload.items() if name not in _OPTIONS}
    body = {**fields, **(options.get("extra_body") or {})}
    is_stream = bool(payload.get("stream"))
    return {**options, "model": payload["model"], "messages": (), "stream": is_stream, "extra_body": body}


class DirectStream:
    """The chunks of one reply, as `AsyncStream` of the SDK has them, but for their type."""

    def __init__(self, response: httpx2.Response, stream: TranslatedStream, *, joins: bool) -> None:
        """It `joins` the texts that come together."""
        self._response = response
        self._stream = stream
        self._joins = joins
        self._chunks = self._read_chunks()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        # LangChain leaves the iterator to the collector.
        await self._chunks.aclose()
        await self._response.aclose()

    def __aiter__(self) -> AsyncIterator[Json]:
        return self._chunks

    async def _read_chunks(self) -> AsyncGenerator[Json]:
        try:
            async with aclosing(self._stream.read_events()) as pieces:
                async for events in pieces:
                    for event, count in join_texts(events) if self._joins else ((each, 1) for each in events):
                        if isinstance(event, RawEvent) and event.data.startswith(DONE):
                            await _drain(pieces)
                            return
                        deltas_of_chunk.set(count)
                        hidden_of_chunk.set(hidden_of(event))
                        yield self._read(event)
        except httpx2.TimeoutException as error:
            raise APITimeoutError(request=self._response.request) from error
        except (httpx2.RequestError, ssl.SSLError, anyio.EndOfStream) as error:
            raise APIConnectionError(request=self._response.request) from error
        finally:
            await self._response.aclose()

    def _read(self, event: Json | RawEvent) -> Json:
        """The chunk. Raises APIError for an error of the provider's, ValueError for what is no JSON object."""
        if isinstance(event, RawEvent):
            value = parse(event.data)
            raise ValueError(f"a chunk is an object, not {type(value).__name__}")
        if error := event.get("error"):
            message = error.get("message") or "An error occurred during streaming"
            raise APIError(message=message, request=self._response.request, body=error)
        return event


async def _drain(pieces: AsyncIterator[object]) -> None:
    """Reads what follows the end, so that the connection can be used again."""
    with suppress(TimeoutError, httpx2.RequestError, ssl.SSLError, anyio.EndOfStream):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in pieces:
                pass


def read_directly(chat: ChatOpenAI) -> bool:
    """Has the model's calls made as dicts; False, and a warning, where the libraries' inside isn't as it was."""
    if (problem := _find_problem(chat)) is not None:
        _log.warning("direct_streams_off: %s; streams are read by OpenAI's SDK, which takes longer", problem)
        return False
    chat.async_client = DirectCompletions(chat.async_client)
    chat.root_async_client = _DirectClient(chat.root_async_client, chat.async_client)
    return True


_TRIAL: list[Json] = [
    {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]},
    {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "b"}, "finish_reason": "stop"}]},
    {"id": "c", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}},
]


class _TrialStream:
    async def create(self, **_: Any) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def __aiter__(self) -> AsyncIterator[Json]:
        for chunk in _TRIAL:
            yield chunk


def _find_problem(chat: ChatOpenAI) -> str | None:
    """Reads a reply from nowhere, as LangChain would."""
    for name in ("with_streaming_response", "with_raw_response"):
        if not hasattr(chat.async_client, name):
            return f"the SDK's client has no `{name}`"
    # A model of the Responses API would ask its provider instead.
    trial = chat.model_copy(update={"async_client": _TrialStream(), "use_responses_api": False})
    try:
        chunks = _run(trial._astream([HumanMessage("Hello")]))
        reply = sum(chunks[1:], chunks[0])
        usage = reply.message.usage_metadata or {}
        read = reply.text, usage.get("total_tokens"), (reply.generation_info or {}).get("finish_reason")
    except Exception as error:
        return f"LangChain can't read chunks that are dicts ({type(error).__name__})"
    return None if read == ("ab", 5, "stop") else "LangChain reads chunks that are dicts in another way"


def _run(items: AsyncIterator[Any]) -> list[Any]:
    """All items of an iterator that waits for nothing. Raises RuntimeError for one that does."""
    found = []
    while True:
        try:
            items.__anext__().send(None)  # type: ignore[attr-defined]
        except StopIteration as item:
            found.append(item.value)
        except StopAsyncIteration:
            return found
        else:
            raise RuntimeError("it waits")
