"""A run on a service, read over Server-Sent Events and resumed after a break with the last event id."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2

from backend.cli.service_client import RUNS, RemoteError, Service, reach, refusal_of
from workflows.messages.lenient import read_message
from workflows.messages.messages import EVENT, TERMINAL, Message

_PATIENCE_SECONDS = 60.0
"""How long a service may be away, with no message in between, before it is given up."""
_LEAST_PAUSE, _FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0, 10.0


async def follow_remote(
    service: Service,
    body: dict[str, Any],
    path: str = RUNS,
    patience: float = _PATIENCE_SECONDS,
    note: Callable[[str], None] | None = None,
) -> AsyncGenerator[Message]:
    """Starts the run there and yields its messages to the last; `note` is called with its id. Raises RemoteError."""
    async with service.client() as client:
        post = client.post(service.base + path, json=body, headers={"Idempotency-Key": uuid4().hex})
        reply = await reach(post, service.base)
        if reply.is_error:
            raise RemoteError(refusal_of(reply))
        started = reply.json()
        if note is not None:
            note(str(started.get("run_id", "")))
        url = service.base + started["stream_url"]
        async with aclosing(_Stream(client, url, patience).messages()) as messages:
            async for message in messages:
                yield message


async def attach_remote(service: Service, run_id: str) -> AsyncGenerator[Message]:
    """Yields the messages of a run that is there, from its first to its last. Raises RemoteError."""
    async with service.client() as client:
        path = f"{RUNS}/{quote(run_id, safe='')}"
        # Nobody waits for a service that was never there, as one does for one that restarts.
        await service.call("GET", path)
        url = f"{service.base}{path}/stream"
        async with aclosing(_Stream(client, url, _PATIENCE_SECONDS).messages()) as messages:
            async for message in messages:
                yield message


class _Stream:
    """A run's stream, reconnected after breaks and outages of up to `patience` seconds."""

    def __init__(self, client: httpx2.AsyncClient, url: str, patience: float) -> None:
        self._client = client
        self._url = url
        self._patience = patience
        self._last_id = ""
        self._pause = _FIRST_PAUSE  # seconds, as the service asks
        self._away_since: float | None = None
        self._trouble = ""
        self._is_over = False

    async def messages(self) -> AsyncGenerator[Message]:
        """Yields the messages to the last. Raises RemoteError."""
        while not self._is_over:
            async with aclosing(self._connection()) as connection:
                async for message in connection:
                    yield message
                    if message.type in TERMINAL:
                        return
            if not self._is_over:
                await self._wait()

    async def _connection(self) -> AsyncGenerator[Message]:
        self._trouble = "it closes the stream each time"
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        try:
            async with self._client.sse(self._url, headers=headers, max_event_size=None) as source:
                if await self._is_open(source.response):
                    async for event in source:
                        if (message := self._take(event)) is not None:
                            yield message
        except httpx2.TransportError as error:
            self._trouble = type(error).__name__

    async def _is_open(self, reply: httpx2.Response) -> bool:
        if reply.status_code == 204:  # the last message was read
            self._is_over = True
        elif reply.is_error:
            await reply.aread()
            self._trouble = refusal_of(reply)
            if not _may_pass(reply):
                raise RemoteError(self._trouble)
        return reply.status_code == 200

    def _take(self, event: httpx2.ServerSentEvent) -> Message | None:
        """The message; None for a heartbeat and for an unknown type."""
        if event.retry is not None:
            self._pause = event.retry / 1000
        if event.event != EVENT:
            return None
        self._last_id, self._away_since = event.id, None
        return _understand(event.data)

    async def _wait(self) -> None:
        now = asyncio.get_running_loop().time()
        self._away_since = now if self._away_since is None else self._away_since
        if now - self._away_since > self._patience:
            raise RemoteError(
                f"The service at {self._url} is gone ({self._trouble}). The run may go on there."
            )
        await asyncio.sleep(max(_LEAST_PAUSE, min(self._pause, _LONGEST_PAUSE)))


def _may_pass(reply: httpx2.Response) -> bool:
    """Whether a retry may succeed: the service restarts, or has no room."""
    return reply.status_code >= 500 or reply.status_code == 429


def _understand(data: str) -> Message | None:
    try:
        return read_message(data)
    except ValueError as error:
        raise RemoteError(f"The service sends what is not understood here: {error}.") from None
