"""Threads of LangGraph's protocol: runs that were started in one thread, and a reader of all of them.

A thread is nothing that is stored: its runs are known by their idempotency keys, which hold the thread, which of its
runs it is, and the id of the message that it answers.
"""

import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import NamedTuple

from backend.notifier import Notifier
from backend.runs.queries import RunQueries
from backend.runs.readers.durable import OF_AN_ENTRY, DurableReader
from backend.store.owner import Owner
from backend.store.runs import Run
from backend.streaming.wires.langgraph import STYLE, LangGraphMapper, ThreadTurn
from backend.streaming.wires.langgraph_events import ThreadView
from workflows.errors import InvalidInput, NotFound

OF_A_RUN = 10**10
"""Numbers of a run's events. A thread's stay below 2**53, up to which JavaScript counts exactly."""
_NUMBERS_OF_AN_ENTRY = 10**4
"""Of those, the numbers of one entry's events: fewer than a durable stream has (`OF_AN_ENTRY`), so that they fit."""
_LOOK_AGAIN_SECONDS = 0.25
_LOOK_SELDOM_SECONDS = 2.0
_MESSAGE_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
"""What ids of messages look like that are kept; a message with another one is given an id of ours."""
_KEY = re.compile(rf"([0-9]{{6}}):([0-9a-f]{{32}}):((?:{_MESSAGE_ID.pattern})?)")
"""An idempotency key of a thread's run, after the thread's prefix."""


@dataclass(frozen=True, slots=True)
class ThreadRun:
    """A run of a thread: which of them it is, counted from 1, and the id of the message that it answers, if any."""

    run: Run
    ordinal: int
    digest: str
    message_id: str

    @property
    def first_seq(self) -> int:
        """The number that all of its events follow."""
        return self.ordinal * OF_A_RUN


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread of an owner. `text_of` is what a person had typed for a run."""

    queries: RunQueries
    owner: Owner
    name: str
    """A short name of the client's id."""
    text_of: Callable[[Run], str]

    @property
    def prefix(self) -> str:
        """The beginning of the idempotency keys of its runs."""
        return f"thread:{self.name}:"

    def key(self, ordinal: int, digest: str, message_id: str) -> str:
        """The idempotency key of a run: the same for the same request in the same place."""
        kept = message_id if _MESSAGE_ID.fullmatch(message_id) else ""
        return f"{self.place(ordinal)}{digest}:{kept}"

    def place(self, ordinal: int) -> str:
        """The beginning of the idempotency key of a run in this place."""
        return f"{self.prefix}{ordinal:06d}:"

    async def runs(self) -> list[ThreadRun]:
        """Its runs, in the order of their beginnings."""
        found = []
        for run in await self.queries.by_key(self.owner, self.prefix):
            key = (run.idempotency_key or "").removeprefix(self.prefix)
            if (parts := _KEY.fullmatch(key)) is not None:  # else a client made the key
                found.append(ThreadRun(run, int(parts[1]), parts[2], parts[3]))
        return sorted(found, key=lambda each: (each.ordinal, each.run.id))

    async def find(self, run_id: str) -> ThreadRun:
        """One of its runs. Raises NotFound."""
        for each in await self.runs():
            if each.run.id == run_id:
                return each
        raise NotFound(f"There is no run {run_id[:64]} in this thread.")

    def turn_of(self, each: ThreadRun, before: LangGraphMapper | None) -> ThreadTurn:
        """The beginning of a run, after the run before it."""
        text = self.text_of(each.run)
        question = {"type": "human", "id": each.message_id or f"{each.run.id}:question", "content": text}
        return ThreadTurn(
            each.run.id,
            each.run.created_at,
            question if text else None,
            before.messages() if before else (),
            before.step if before else 0,
        )


class ThreadEvent(NamedTuple):
    """An event: its number in the thread, its channel, and the event as JSON without that number."""

    seq: int
    channel: str
    data: bytes


class ThreadReader:
    """Reader of a thread from its first run on; it has no end, since another run may always follow.

    Of a run that another one has followed it leaves out beginning and end, which clients would take for the other's.
    """

    def __init__(self, thread: Thread, notifier: Notifier, since: int = 0) -> None:
        """`notifier` is notified of a thread, by its prefix, when a run in it begins or goes on. `since`: events up to
        this number aren't read."""
        self._thread = thread
        self._notifier = notifier
        self._since = since
        self._current: ThreadRun | None = None
        self._reader: DurableReader | None = None
        self._readings = AsyncExitStack()
        self._patience = _LOOK_AGAIN_SECONDS
        self.mapper: LangGraphMapper | None = None
        """Of the run that is being read."""

    async def read(self) -> list[ThreadEvent]:
        """What there is after what was read. Raises InvalidInput for a number that no event of this thread has."""
        found: list[ThreadEvent] = []
        following = await self._following()
        if self._current is None and self._since > (following[-1].first_seq + OF_A_RUN if following else 0):
            raise InvalidInput.of("since", "this thread has no such event; send the seq of one, unchanged")
        while True:
            if self._reader is not None and self._current is not None:
                is_last = not following
                found += [
                    event
                    for event in await self._read_run(self._current, self._reader)
                    if is_last or event.channel != "lifecycle"
                ]
            if not following:
                break
            await self._begin(following.pop(0))
        if found:
            self._patience = _LOOK_AGAIN_SECONDS
        return found

    async def read_once(self) -> list[ThreadEvent]:
        """What there is; then nobody reads here any more."""
        try:
            return await self.read()
        finally:
            await self.aclose()

    async def wait(self) -> None:
        """Returns when there may be more."""
        if self._reader is not None and self.mapper is not None and not self._is_over:
            await self._reader.wait(_LOOK_SELDOM_SECONDS)
            return
        await self._notifier.wait(self._thread.prefix, self._patience)
        self._patience = min(_LOOK_SELDOM_SECONDS, self._patience * 1.5)

    async def aclose(self) -> None:
        """Nobody reads here any more."""
        await self._readings.aclose()

    @property
    def current(self) -> ThreadRun | None:
        """The run that is being read."""
        return self._current

    @property
    def _is_over(self) -> bool:
        gone = self._reader is not None and self._reader.is_gone
        return gone or self.mapper is None or self.mapper.is_over or self.mapper.open_interrupt is not None

    async def _following(self) -> list[ThreadRun]:
        """The runs after the current one; it isn't looked for any while that is being written."""
        if self._current is not None and not self._is_over:
            return []
        # By their ids too: the next run takes the place of one that was deleted as the last.
        last = (0, "") if self._current is None else (self._current.ordinal, self._current.run.id)
        return [each for each in await self._thread.runs() if (each.ordinal, each.run.id) > last]

    async def _begin(self, each: ThreadRun) -> None:
        await self._readings.aclose()
        mapper = LangGraphMapper(self._thread.turn_of(each, self.mapper))
        self._current, self.mapper = each, mapper
        self._reader = self._thread.queries.view_reader(each.run, ThreadView(mapper, STYLE))
        await self._readings.enter_async_context(self._thread.queries.reading(each.run))

    async def _read_run(self, each: ThreadRun, reader: DurableReader) -> list[ThreadEvent]:
        events = []
        for entry in await reader.read():
            place, number = divmod(entry.seq, OF_AN_ENTRY)
            seq = each.first_seq + place * _NUMBERS_OF_AN_ENTRY + number
            if seq > self._since:
                events.append(ThreadEvent(seq, entry.type, entry.data))
        return events
