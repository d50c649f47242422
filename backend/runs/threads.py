"""Threads of LangGraph's protocol: runs that were started in one thread, and a reader of all of them.

Of a thread itself only the number of its runs is stored, which counts those that are deleted, so that no number of an
event is used again. Its runs are known by their idempotency keys, which hold the thread, which of its runs it is, and
what a repeated start is known by.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import NamedTuple

from backend.notifier import Notifier
from backend.runs.queries import RunQueries
from backend.runs.readers.durable import OF_AN_ENTRY, DurableReader
from backend.store.owner import Owner
from backend.store.runs.runs import Run
from backend.store.threads import KEY_PREFIX, ThreadRepository
from backend.streaming.wires.langgraph import STYLE, LangGraphMapper, ThreadTurn
from backend.streaming.wires.langgraph_events import ThreadView
from workflows.errors import InvalidInput, NotFound

OF_A_RUN = 10**10
"""Numbers of a run's events. A thread's stay below 2**53, up to which JavaScript counts exactly."""
_NUMBERS_OF_AN_ENTRY = 10**4
"""Of those, the numbers of one entry's events: fewer than a durable stream has (`OF_AN_ENTRY`), so that they fit."""
_STEPS_OF_A_RUN = 10**4
"""Checkpoints that a run has at most: each finished section makes one."""
_LOOK_AGAIN_SECONDS = 0.25
_LOOK_SELDOM_SECONDS = 2.0
_MESSAGE_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
"""What ids of messages look like that are kept; a message with another one is given an id of ours."""
_DIGEST_LENGTH = 32
_KEY = re.compile(
    rf"([0-9]{{6,9}}):([0-9a-f]{{{_DIGEST_LENGTH}}}):((?:{_MESSAGE_ID.pattern}|~[0-9a-f]{{{_DIGEST_LENGTH}}}|#[0-9]+)?)"
)
"""An idempotency key of a thread's run, after the thread's prefix."""


@dataclass(frozen=True, slots=True)
class StartIdentity:
    """The identity of a start, by which it is known when it is sent again: a digest of format, input and options, and a
    token.

    The token is the message's id where it can be kept; else `~` and a digest of that id, or of the request's
    Idempotency-Key; else `#` and the command's number, which every client counts from 1.
    """

    digest: str
    token: str

    @classmethod
    def of(cls, digest: str, message_id: str, key_digest: str | None, command: int) -> "StartIdentity":
        """`key_digest`: of what identifies the request where the message has no id that can be kept."""
        if _MESSAGE_ID.fullmatch(message_id):
            return cls(digest, message_id)
        return cls(digest, f"#{command}" if key_digest is None else f"~{key_digest}")

    @property
    def message_id(self) -> str:
        """The message's id; empty where it can't be kept."""
        return "" if self.token.startswith(("~", "#")) else self.token

    @property
    def is_lasting(self) -> bool:
        """Whether no other start ever has the token."""
        return bool(self.token) and not self.token.startswith("#")


@dataclass(frozen=True, slots=True)
class ThreadRun:
    """A run of a thread: which of them it is, counted from 1, and what a repetition of its start is known by."""

    run: Run
    ordinal: int
    identity: StartIdentity

    @property
    def first_seq(self) -> int:
        """The number that all of its events follow."""
        return self.ordinal * OF_A_RUN

    @property
    def place(self) -> tuple[int, str]:
        """Its place among the others. By its id too: two runs may have one ordinal that came from two owners."""
        return self.ordinal, self.run.id


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread of an owner. `text_of` is what a person had typed for a run."""

    queries: RunQueries
    threads: ThreadRepository
    owner: Owner
    name: str
    """A short name of the client's id."""
    text_of: Callable[[Run], str]

    @property
    def prefix(self) -> str:
        """The beginning of the idempotency keys of its runs."""
        return f"{KEY_PREFIX}{self.name}:"

    def key(self, ordinal: int, identity: StartIdentity) -> str:
        """The idempotency key of a run: the same for the same request in the same place."""
        return f"{self.prefix}{ordinal:06d}:{identity.digest}:{identity.token}"

    async def last_ordinal(self) -> int:
        """The place of the last run that was started, though it may be deleted; 0 before the first."""
        return await self.threads.last_ordinal(self.owner, self.name)

    async def runs(self) -> list[ThreadRun]:
        """Its runs, in the order of their beginnings."""
        found = []
        stored = await self.queries.by_key(self.owner, self.prefix)
        last = await self.last_ordinal()
        for run in stored:
            key = (run.idempotency_key or "").removeprefix(self.prefix)
            parts = _KEY.fullmatch(key)
            if parts is not None and int(parts[1]) <= last:  # else a client made the key
                found.append(ThreadRun(run, int(parts[1]), StartIdentity(parts[2], parts[3])))
        return sorted(found, key=lambda each: each.place)

    async def find(self, run_id: str) -> ThreadRun:
        """One of its runs. Raises NotFound."""
        for each in await self.runs():
            if each.run.id == run_id:
                return each
        raise NotFound(f"There is no run {run_id[:64]} in this thread.")

    def turn_of(self, each: ThreadRun, before: LangGraphMapper | None) -> ThreadTurn:
        """The beginning of a run, after the run before it. Its checkpoints are counted from its place, so that they are
        the same when runs before it are deleted."""
        text = self.text_of(each.run)
        id = each.identity.message_id or f"{each.run.id}:question"
        question = {"type": "human", "id": id, "content": text}
        return ThreadTurn(
            each.run.id,
            each.run.created_at,
            question if text else None,
            before.messages() if before else (),
            (each.ordinal - 1) * _STEPS_OF_A_RUN,
        )


class ThreadEvent(NamedTuple):
    """An event: its number in the thread, its channel, and the event as JSON without that number."""

    seq: int
    channel: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Reading:
    """A run of the thread that is being read: its reader, and the mapper that its messages go through."""

    run: ThreadRun
    mapper: LangGraphMapper
    reader: DurableReader

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it, unless somebody answers or resumes it."""
        return self.reader.is_gone or self.mapper.is_over or self.mapper.open_interrupt is not None

    async def read(self) -> list[ThreadEvent]:
        """What there is after what was read."""
        events = []
        for entry in await self.reader.read():
            place, number = divmod(entry.seq, OF_AN_ENTRY)
            seq = self.run.first_seq + place * _NUMBERS_OF_AN_ENTRY + number
            events.append(ThreadEvent(seq, entry.type, entry.data))
        return events


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
        self._current: _Reading | None = None
        self._readings = AsyncExitStack()
        self._patience = _LOOK_AGAIN_SECONDS

    @property
    def mapper(self) -> LangGraphMapper | None:
        """That of the run that is being read; None before the first."""
        return None if self._current is None else self._current.mapper

    async def read(self) -> list[ThreadEvent]:
        """What there is after what was read. Raises InvalidInput for a number that no event of this thread has."""
        found: list[ThreadEvent] = []
        following = await self._following()
        if self._current is None:
            await self._check_since(following)
        while True:
            if self._current is not None:
                is_last = not following
                found += [
                    event
                    for event in await self._current.read()
                    if event.seq > self._since and (is_last or event.channel != "lifecycle")
                ]
            if not following or not self._may_go_on:
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
        if self._current is not None and not self._current.is_over:
            await self._current.reader.wait(_LOOK_SELDOM_SECONDS)
            return
        await self._notifier.wait(self._thread.prefix, self._patience)
        self._patience = min(_LOOK_SELDOM_SECONDS, self._patience * 1.5)

    async def aclose(self) -> None:
        """Nobody reads here any more."""
        await self._readings.aclose()

    @property
    def _may_go_on(self) -> bool:
        """Whether the next run may be read: one that replaces the current one is there before that has ended."""
        return self._current is None or self._current.run.run.is_finished or self._current.is_over

    async def _check_since(self, runs: Sequence[ThreadRun]) -> None:
        last = max([await self._thread.last_ordinal(), *(each.ordinal for each in runs)])
        if self._since > (OF_A_RUN * (last + 1) if last else 0):
            raise InvalidInput.of("since", "this thread has no such event; send the seq of one, unchanged")

    async def _following(self) -> list[ThreadRun]:
        """The runs after the current one; it isn't looked for any while that is being written."""
        if self._current is None:
            return await self._thread.runs()
        if not self._current.is_over:
            return []
        last = self._current.run.place
        return [each for each in await self._thread.runs() if each.place > last]

    async def _begin(self, each: ThreadRun) -> None:
        await self._readings.aclose()
        mapper = LangGraphMapper(self._thread.turn_of(each, self.mapper))
        reader = self._thread.queries.view_reader(each.run, ThreadView(mapper, STYLE))
        self._current = _Reading(each, mapper, reader)
        await self._readings.enter_async_context(self._thread.queries.reading(each.run))
