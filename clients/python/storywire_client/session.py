"""One reading of a run over any number of connections: what to request, and what to make of the answers. No network."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote

import httpx2

from storywire_client.messages import Message, Run
from storywire_client.reader import Reader
from storywire_client.reconnect import Reconnect, Retryable, unreachable

EVENT = "story_chunk"
STEADY_SECONDS = 5.0
"""A connection that lived so long was a good one, though nothing was said on it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request. One that isn't `repeatable` may have been carried out although no answer came."""

    method: str
    path: str
    body: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True


class Session:
    """The state of a reading. With a `start` it begins a run by that request, which is sent until there is a run id;
    every later request goes on after the last id."""

    def __init__(
        self,
        reconnect: Reconnect,
        *,
        view: Mapping[str, str],
        start: Call | None = None,
        run_id: str | None = None,
        after: str | None = None,
    ) -> None:
        self.reconnect = reconnect
        self.reader = Reader(run_id, after)
        # A reader with a cursor hasn't the text that `brief` leaves out.
        self._view = {name: value for name, value in view.items() if after is None or name != "complete"}
        self._start = start
        self._retry: float | None = None
        self._attempt = 0
        self._seq = self.reader.seq
        self._began = 0.0

    def request(self) -> Call:
        """The request of the next connection."""
        self._attempt += 1
        self._seq = self.reader.seq
        self._began = time.monotonic()
        accept = {"Accept": "text/event-stream"}
        if self.reader.run_id is None:
            assert self._start is not None
            start = self._start
            return Call(start.method, start.path, start.body, self._view, {**start.headers, **accept})
        after = {"Last-Event-ID": self.reader.last_event_id} if self.reader.last_event_id else {}
        return Call("GET", run_path(self.reader.run_id, "/stream"), None, self._view, {**accept, **after})

    def opened(self, response: httpx2.Response) -> None:
        """Takes the run's id from a response."""
        self.reader.run_id = self.reader.run_id or response.headers.get("X-Run-Id")

    def take(self, event: httpx2.ServerSentEvent) -> Message | None:
        """The message of an event, if it is a new one. Raises Retryable for what is no message."""
        if event.retry is not None:
            self._retry = event.retry / 1000
        if event.event != EVENT:
            return None
        try:
            return self.reader.take(event.id, json.loads(event.data))
        except (ValueError, KeyError, TypeError) as error:
            raise unreachable(error, self.reader.run_id) from error

    def look_up_end(self, run: Run) -> None:
        """Takes the end from the run itself, where the service has nothing after our last id."""
        if run["result"] is not None:
            self.reader.complete = cast(Any, run["result"])
        elif run["error"] is not None:
            self.reader.error = cast(Any, run["error"])

    def broke(self, broken: Retryable) -> float:
        """Seconds before the next attempt. Raises what the failure becomes when there is none."""
        if self.reader.seq > self._seq or time.monotonic() - self._began > STEADY_SECONDS:
            self._attempt = 1
        if self.reconnect.exhausted(self._attempt):
            broken.error.run_id = broken.error.run_id or self.reader.run_id
            raise broken.error
        return self.reconnect.delay(self._attempt, broken.after, self._retry)


def start_call(format: str, input: Mapping[str, Any], key: str | None, options: Mapping[str, Any]) -> Call:
    """The request that starts a run, with a key by which repeating it starts no second one."""
    return Call(
        "POST",
        f"/api/v1/{quote(format, safe='')}/generate/stream",
        {**input, "options": dict(options)},
        headers={"Idempotency-Key": key or str(uuid.uuid4())},
    )


def view_of(order: str, granularity: str, complete: str = "full") -> dict[str, str]:
    """The query of a view; nothing for the defaults."""
    view = {"order": order, "granularity": granularity, "complete": complete}
    defaults = {"order": "live", "granularity": "token", "complete": "full"}
    return {name: value for name, value in view.items() if value != defaults[name]}


def run_path(run_id: str, below: str = "") -> str:
    """The path of a run, or below it."""
    return f"/api/v1/runs/{quote(run_id, safe='')}{below}"
