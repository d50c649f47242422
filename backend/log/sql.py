"""Run logs in SQL: group commits, one writer per run, readers woken by appends.

What every database understands is here; what is a dialect's own, in a module of its name beside this one.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError, OperationalError

from backend.log.entry import DuplicateSeq, Entry, LogUnavailable, StaleWriter
from backend.log.rows import entry_rows, last_entry, pack_log, raise_epoch, read_entries, unpack_log
from backend.log.tails import newer
from backend.notifier import Notifier
from backend.store.schema.tables import log_entries, log_heads
from backend.store.sql.database import Database

_TAIL = 256
"""Entries of a live run that are kept in memory, so that readers who keep up cost no query."""
_WINDOW_SECONDS, _WINDOW_EACH = 0.01, 0.001
"""A commit begins at the earliest so long after the one before it began: a millisecond for each append of that one,
ten at most. So a run alone waits for nothing, and many runs share the cost of a commit."""


@dataclass(slots=True)
class Append:
    """Entries waiting for the next commit, and the future of their appender."""

    run_id: str
    epoch: int
    entries: Sequence[Entry]
    done: asyncio.Future[None]


@dataclass(frozen=True, slots=True)
class SqlOpening:
    """A `LogOpening` in a database. `begun` is called with it when it is published."""

    run_id: str
    entries: Sequence[Entry]
    begun: "Callable[[SqlOpening], None]"
    epoch: int = 1
    made: float = field(default_factory=time.monotonic)

    def store(self, connection: Connection) -> None:
        """See `LogOpening`."""
        connection.execute(insert(log_heads).values(run_id=self.run_id, epoch=self.epoch))
        connection.execute(insert(log_entries), entry_rows(self.run_id, self.entries))

    def publish(self) -> None:
        """See `LogOpening`."""
        self.begun(self)


class SqlLog(ABC):
    """A `RunLog` in a database. `appended` is called after each append with its seconds and number of entries."""

    def __init__(self, database: Database, appended: Callable[[float, int], None] = lambda *_: None) -> None:
        self._db = database
        self._appended = appended
        self._queue: list[Append] = []
        self._committing: asyncio.Task[None] | None = None
        self._tails: dict[str, deque[Entry]] = {}  # of the runs that this process writes
        self._notifier = Notifier()
        self._not_before = 0.0

    @abstractmethod
    async def _insert(self, batch: Sequence[Append]) -> set[tuple[str, int]]:
        """Inserts entries in one transaction; returns the runs and epochs of the writers that are refused.

        Raises IntegrityError for a number that was used, OperationalError or
        LogUnavailable where it is the database that is at fault.
        """

    async def take_over(self, run_id: str) -> int:
        """See `RunLog`."""

        def work(connection: Connection) -> int:
            epoch = raise_epoch(connection, run_id)
            unpack_log(connection, run_id)
            return epoch

        try:
            epoch = await self._db.write(work)
        except IntegrityError:  # a log is of a run, and that was deleted
            raise StaleWriter(run_id) from None
        self._begin(run_id, ())
        return epoch

    def opening(self, run_id: str, entries: Sequence[Entry]) -> SqlOpening:
        """See `RunLog`."""
        return SqlOpening(run_id, entries, self._open)

    def _open(self, opening: SqlOpening) -> None:
        self._begin(opening.run_id, opening.entries)
        self._appended(time.monotonic() - opening.made, len(opening.entries))

    def _begin(self, run_id: str, entries: Sequence[Entry]) -> None:
        """Makes this process the run's writer, as readers here see it; `entries` are what it has written."""
        self._tails[run_id] = deque(entries, maxlen=_TAIL)
        self._notifier.notify(run_id)

    async def append(self, run_id: str, epoch: int, entries: Sequence[Entry]) -> None:
        """See `RunLog`. Appends of many runs that come while a commit is under way share the next one."""
        began = time.monotonic()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(Append(run_id, epoch, entries, done))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_queue())
        await done
        self._appended(time.monotonic() - began, len(entries))

    async def read(self, run_id: str, after: int = 0, limit: int = 1000) -> list[Entry]:
        """See `RunLog`."""
        tail = self._tails.get(run_id)
        if tail and tail[0].seq <= after + 1:
            return newer(tail, after)[:limit]
        return await self._db.read(lambda connection: read_entries(connection, run_id, after, limit))

    async def last(self, run_id: str, at_least: int = 0) -> Entry | None:
        """See `RunLog`."""
        # For a moment the database has entries that the tail hasn't, and who read those is ahead of it.
        if (tail := self._tails.get(run_id)) and tail[-1].seq >= at_least:
            return tail[-1]
        return await self._db.read(lambda connection: last_entry(connection, run_id))

    async def wait(self, run_id: str, after: int, seconds: float) -> None:
        """See `RunLog`."""
        tail = self._tails.get(run_id)
        if not tail or tail[-1].seq <= after:
            await self._notifier.wait(run_id, seconds)

    def is_live(self, run_id: str) -> bool:
        """See `RunLog`: this process writes the run."""
        return run_id in self._tails

    def let_go(self, run_id: str) -> None:
        """See `RunLog`."""
        self._tails.pop(run_id, None)
        self._notifier.notify(run_id)

    async def pack(self, run_id: str) -> None:
        """See `RunLog`: into one row, a sixth of the size."""
        await self._db.write(lambda connection: pack_log(connection, run_id))

    async def close(self) -> None:
        """See `RunLog`."""
        if self._committing is not None:
            await self._committing

    async def _commit_queue(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queue:
                if (wait := self._not_before - loop.time()) > 0:
                    await asyncio.sleep(wait)
                batch, self._queue = self._queue, []
                self._not_before = loop.time() + min(_WINDOW_SECONDS, len(batch) * _WINDOW_EACH)
                await self._commit(batch)
        finally:
            self._committing = None

    async def _commit(self, batch: list[Append]) -> None:
        """Commits in one transaction; if a run's entries are at fault, in one per run."""
        try:
            stale = await self._insert(batch)
        except Exception as error:
            runs_of_it = _by_run(batch)
            # It is the database, whoever writes.
            is_everybodys = isinstance(error, OperationalError | LogUnavailable)
            if len(runs_of_it) == 1 or is_everybodys:
                for item in batch:
                    _fail(item, _own(error, item.run_id))
                return
            for items in runs_of_it:
                await self._commit(items)
        else:
            self._publish(batch, stale)

    def _publish(self, batch: list[Append], stale: set[tuple[str, int]]) -> None:
        """Wakes the readers and writers of committed entries."""
        for item in batch:
            if (item.run_id, item.epoch) in stale:
                _fail(item, StaleWriter(item.run_id))
                continue
            if (tail := self._tails.get(item.run_id)) is not None:
                tail.extend(item.entries)
            self._notifier.notify(item.run_id)
            if not item.done.done():
                item.done.set_result(None)


def _by_run(batch: list[Append]) -> list[list[Append]]:
    run_of = attrgetter("run_id")
    return [list(items) for _, items in groupby(sorted(batch, key=run_of), key=run_of)]


def _own(error: Exception, run_id: str) -> Exception:
    """The port's error for a database's."""
    if not isinstance(error, IntegrityError):
        return error
    duplicate = DuplicateSeq(run_id)
    duplicate.__cause__ = error
    return duplicate


def _fail(item: Append, error: Exception) -> None:
    if not item.done.done():
        item.done.set_exception(error)
