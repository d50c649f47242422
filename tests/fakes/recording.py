"""What the provider has seen: one record a call, and waiting for what a call does next."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import Any

from tests.fakes.script import Api

_SECTION = re.compile(r"\b(?:section|scene|part|page|chapter)\s*#?\s*(\d+)", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Call:
    """One request and how it went. Times are `time.time()`, comparable between processes of a machine.

    `finished` means that the whole reply was handed to the network, error replies included; `disconnected`
    that the client left before that. A fault that ends a connection leaves both False. A short unpaced reply
    is finished before any client can leave: use `pace` or `hold_after` to watch a client go.
    """

    id: int
    api: Api
    model: str
    prompt_text: str
    body: dict[str, Any]
    section_hint: int | None
    stream: bool
    api_key: str
    started_at: float
    status: int = 200
    fault: str | None = None
    tokens: tuple[str, ...] = ()
    tokens_sent: int = 0
    first_token_at: float | None = None
    finished_at: float | None = None
    held: bool = False
    finished: bool = False
    disconnected: bool = False

    @property
    def text_sent(self) -> str:
        """The text that has left so far; for structured calls their JSON."""
        return "".join(self.tokens[: self.tokens_sent])

    def to_json(self) -> dict[str, Any]:
        """Every field but the tokens, with `text_sent` in their place."""
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "tokens"}
        return {**fields, "text_sent": self.text_sent}


def find_section(prompt: str) -> int | None:
    """The number after the last "section", "scene", "part", "page" or "chapter" of the prompt."""
    found = _SECTION.findall(prompt)
    return int(found[-1]) if found else None


class Journal:
    """All calls, in order of arrival. Written by the provider's thread, waited on from any event loop."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._ids = count(1)
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._lock = Lock()

    def next_id(self) -> int:
        """The id of the call to come, from 1."""
        return next(self._ids)

    def add(self, call: Call) -> None:
        """Record a new call."""
        self.calls.append(call)
        self.announce()

    def announce(self) -> None:
        """Wake everybody who waits: some call has changed."""
        with self._lock:
            waiting = tuple(self._waiting)
        for loop, event in waiting:
            with suppress(RuntimeError):  # that loop has been closed meanwhile
                loop.call_soon_threadsafe(event.set)

    async def wait_until(self, ready: Callable[[], bool], within: float) -> None:
        """Return once `ready()` holds. Raises TimeoutError after `within` seconds."""
        event = asyncio.Event()
        entry = (asyncio.get_running_loop(), event)
        with self._lock:
            self._waiting.add(entry)
        try:
            async with asyncio.timeout(within):
                while not ready():
                    await event.wait()
                    event.clear()
        except TimeoutError:
            raise TimeoutError(f"the provider has seen only {self.describe()}") from None
        finally:
            with self._lock:
                self._waiting.discard(entry)

    def describe(self) -> str:
        """All calls, a few words each, for messages."""
        return (
            "; ".join(
                f"#{c.id} {c.api} {c.model} sent={c.tokens_sent}/{len(c.tokens)}"
                f" held={c.held} finished={c.finished} disconnected={c.disconnected}"
                for c in self.calls
            )
            or "no call"
        )
