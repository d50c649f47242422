"""A run on a service, read over Server-Sent Events; breaks are mended by coming back with the last id."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import httpx
from httpx_sse import aconnect_sse

from workflows.messages.lenient import read_message
from workflows.messages.messages import EVENT, TERMINAL, Message

RUNS = "/api/v1/runs"
"""Where a run is started."""
_PATIENCE_SECONDS = 60.0
"""How long a service may be away, with no message in between, before it is given up."""
_LEAST_PAUSE, _FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0, 10.0


class RemoteError(Exception):
    """The service refused, or can't be reached."""


async def follow_remote(
    server: str,
    body: dict[str, Any],
    path: str = RUNS,
    patience: float = _PATIENCE_SECONDS,
) -> AsyncGenerator[Message]:
    """Starts the run there and yields its messages to the last. Raises RemoteError."""
    base = server.rstrip("/")
    async with httpx.AsyncClient(timeout=httpx.Timeout(10, read=60)) as client:
        try:
            reply = await client.post(base + path, json=body, headers={"Idempotency-Key": uuid4().hex})
        except httpx.TransportError as error:
            raise RemoteError(f"There is no service at {base} ({type(error).__name__}).") from error
        if reply.is_error:
            raise RemoteError(_refusal(reply))
        url = base + reply.json()["stream_url"]
        async with aclosing(_read(client, url, patience)) as messages:
            async for message in messages:
                yield message


async def _read(client: httpx.AsyncClient, url: str, patience: float) -> AsyncGenerator[Message]:
    """To the last message. A break, and a service that is away for a while, are waited for as the service asks."""
    clock = asyncio.get_running_loop().time
    last_id, pause, away_since = "", _FIRST_PAUSE, None
    while True:
        trouble = "it closes the stream each time"
        headers = {"Last-Event-ID": last_id} if last_id else {}
        try:
            async with aconnect_sse(client, "GET", url, headers=headers) as source:
                reply = source.response
                if reply.status_code == 204:
                    return
                if reply.is_error:
                    await reply.aread()
                    trouble = _refusal(reply)
                    if not _may_pass(reply):
                        raise RemoteError(trouble)
                else:
                    async for event in source.aiter_sse():
                        if event.retry is not None:
                            pause = event.retry / 1000
                        if event.event != EVENT:  # a heartbeat
                            continue
                        last_id, away_since = event.id, None
                        if (message := _understand(event.data)) is None:
                            continue
                        yield message
                        if message.type in TERMINAL:
                            return
        except httpx.TransportError as error:
            trouble = type(error).__name__
        away_since = clock() if away_since is None else away_since
        if clock() - away_since > patience:
            raise RemoteError(f"The service at {url} is gone ({trouble}). The run may go on there.")
        await asyncio.sleep(max(_LEAST_PAUSE, min(pause, _LONGEST_PAUSE)))


def _may_pass(reply: httpx.Response) -> bool:
    """Whether the same request may succeed in a while: the service restarts, or has no room."""
    return reply.status_code >= 500 or reply.status_code == 429


def _understand(data: str) -> Message | None:
    try:
        return read_message(data)
    except ValueError as error:
        raise RemoteError(f"The service sends what is not understood here: {error}.") from None


def _refusal(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The service answered {reply.status_code}."
