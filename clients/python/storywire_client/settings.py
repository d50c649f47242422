"""What both clients have in common: types of arguments, timeouts, headers."""

from typing import Literal

import httpx2

from storywire_client.reconnect import Reconnect
from storywire_client.session import Call

Order = Literal["live", "reading"]
Granularity = Literal["token", "sentence", "section"]
CompleteText = Literal["full", "brief"]
"""Whether the last message repeats the text on the wire. It is there in either case: `brief` puts in what was read."""

TIMEOUT = httpx2.Timeout(30.0)
"""Seconds for a request that isn't a stream."""


def stream_timeout(timeout: httpx2.Timeout, reconnect: Reconnect) -> httpx2.Timeout:
    """The timeouts of a stream: silence counts, and not how long it takes."""
    return httpx2.Timeout(
        connect=timeout.connect, read=reconnect.idle, write=timeout.write, pool=timeout.pool
    )


def headers_of(call: Call, token: str | None) -> dict[str, str]:
    """The headers of a request."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    return {"Accept": "application/json", "Cache-Control": "no-store", **bearer, **call.headers}
