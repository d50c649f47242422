"""A run on a service, read over Server-Sent Events; breaks are mended by coming back with the last id."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
from httpx_sse import aconnect_sse

from backend.streaming.chunks import EVENT, TERMINAL, Message, decode

_TRIES = 8
_LONGEST_PAUSE = 10.0


class RemoteError(Exception):
    """The service refused, or can't be reached."""


async def follow_remote(
    server: str, body: dict[str, Any], path: str = "/api/v1/runs"
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
        async for message in _read(client, base + reply.json()["stream_url"]):
            yield message


async def _read(client: httpx.AsyncClient, url: str) -> AsyncGenerator[Message]:
    last_id, failures = "", 0
    while True:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        try:
            async with aconnect_sse(client, "GET", url, headers=headers) as source:
                if source.response.status_code == 204:
                    return
                if source.response.is_error:
                    await source.response.aread()
                    raise RemoteError(_refusal(source.response))
                async for event in source.aiter_sse():
                    if event.event != EVENT:  # a heartbeat
                        continue
                    message = decode(event.data)
                    last_id, failures = event.id, 0
                    yield message
                    if message.type in TERMINAL:
                        return
        except httpx.TransportError as error:
            failures += 1
            if failures > _TRIES:
                raise RemoteError(f"The service at {url} is gone ({type(error).__name__}).") from error
        await asyncio.sleep(min(_LONGEST_PAUSE, 0.25 * 2**failures))


def _refusal(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The service answered {reply.status_code}."
