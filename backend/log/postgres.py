"""Run logs in PostgreSQL: group commits over a connection of their own, readers of all processes woken by NOTIFY."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
import structlog
from sqlalchemy.exc import IntegrityError

from backend.log.connections import LogConnection, Unavailable
from backend.log.entry import Entry, LogUnavailable
from backend.log.follower import CHANNEL, Follower, payloads
from backend.log.sql import Append, SqlLog
from backend.store.postgres.database import PostgresDatabase
from workflows.messages.messages import TERMINAL

log = structlog.get_logger()

# Whoever takes a run over waits for the row of its head, which is held until the entries are committed; and who is
# held up by a take-over finds the next epoch there.
_APPEND = """
WITH given AS (
    SELECT * FROM unnest(%s::text[], %s::int[], %s::int[], %s::text[], %s::bytea[])
        AS given (run_id, epoch, seq, type, data)
), held AS MATERIALIZED (
    SELECT run_id, epoch FROM log_heads WHERE run_id = ANY (%s::text[]) FOR SHARE
), written AS (
    INSERT INTO log_entries (run_id, seq, type, data)
    SELECT given.run_id, given.seq, given.type, given.data FROM given JOIN held USING (run_id, epoch)
)
SELECT run_id, epoch FROM held
"""
_FIND = """
SELECT count(*) FROM unnest(%s::text[], %s::int[], %s::text[], %s::bytea[]) AS given (run_id, seq, type, data)
JOIN log_entries USING (run_id, seq, type, data)
"""
_RETRY_SECONDS = 120.0
_RECENT_SECONDS, _MOST_ENDED = 3.0, 256
_ENDINGS = frozenset({*TERMINAL, "input_required"})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


class PostgresLog(SqlLog):
    """A `RunLog` in PostgreSQL. An append outlives the loss of the database for `retry_seconds`."""

    def __init__(
        self,
        database: PostgresDatabase,
        appended: Callable[[float, int], None] = lambda *_: None,
        *,
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        super().__init__(database, appended)
        self._retry_seconds = retry_seconds
        self._writing = LogConnection(database.dsn, patience_seconds=database.patience_seconds)
        # A NOTIFY in the transaction of an append would hold the server's one lock of notifications until the disk
        # has synced; here it doesn't wait for the disk at all. One that gets lost is made up for by the follower.
        self._notifying = LogConnection(database.dsn, durable=False)
        self._follower = Follower(database.dsn)
        self._news: set[str] = set()
        self._ended: dict[str, float] = {}  # by run, when its last message was read
        self._notify_task: asyncio.Task[None] | None = None

    @property
    def tick_age(self) -> float:
        """Seconds since this process heard of any news, or a tick; 0 while nobody here waits for news."""
        return self._follower.tick_age

    def _begin(self, run_id: str, entries: Sequence[Entry]) -> None:
        super()._begin(run_id, entries)
        self._follower.wake(run_id)
        self._schedule_notify([run_id])

    async def read(self, run_id: str, after: int = 0, limit: int = 1000) -> list[Entry]:
        """See `RunLog`."""
        if run_id not in self._tails and (found := self._follower.read(run_id, after)) is not None:
            entries = found[:limit]
        else:
            entries = await super().read(run_id, after, limit)
        if entries and entries[-1].type in _ENDINGS:
            if len(self._ended) >= _MOST_ENDED:
                del self._ended[next(iter(self._ended))]
            self._ended[run_id] = time.monotonic()
        return entries

    def take_ended(self) -> list[str]:
        """The runs whose last message, or question, was read here in the last seconds; each is returned once."""
        since = time.monotonic() - _RECENT_SECONDS
        ended, self._ended = self._ended, {}
        return [run_id for run_id, read_at in ended.items() if read_at > since]

    async def last(self, run_id: str, at_least: int = 0) -> Entry | None:
        """See `RunLog`."""
        if run_id not in self._tails and (found := self._follower.last(run_id, at_least)) is not None:
            return found
        return await super().last(run_id, at_least)

    async def wait(self, run_id: str, after: int, seconds: float) -> None:
        """See `RunLog`."""
        if run_id in self._tails:
            await super().wait(run_id, after, seconds)
        else:
            await self._follower.wait(run_id, after, seconds)

    def is_live(self, run_id: str) -> bool:
        """See `RunLog`: this process writes the run, or hears of its news."""
        return super().is_live(run_id) or self._follower.is_listening

    def let_go(self, run_id: str) -> None:
        """See `RunLog`."""
        super().let_go(run_id)
        self._follower.wake(run_id)
        self._schedule_notify([run_id])

    def announce(self, run_ids: Sequence[str]) -> None:
        """Wakes the readers of runs, in all processes, whose entries were stored past this log."""
        self._schedule_notify(run_ids)

    async def close(self) -> None:
        """See `RunLog`."""
        await super().close()
        if self._notify_task is not None:
            await asyncio.wait([self._notify_task])
        await self._follower.close()
        await self._writing.close()
        await self._notifying.close()

    async def _insert(self, batch: Sequence[Append]) -> set[tuple[str, int]]:
        rows = [(item.run_id, item.epoch, *entry) for item in batch for entry in item.entries]
        columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
        run_ids = sorted({item.run_id for item in batch})
        commit = _Commit(self._writing, self._retry_seconds)
        try:
            held = set(await commit.fetch(_APPEND, [*columns, run_ids]))
        except psycopg.errors.UniqueViolation as error:
            if not (commit.is_repeated and await commit.has([columns[0], *columns[2:]])):
                raise IntegrityError(_APPEND, None, error) from error
            held = {(item.run_id, item.epoch) for item in batch}
        refused = {(item.run_id, item.epoch) for item in batch} - held
        self._schedule_notify([item.run_id for item in batch if (item.run_id, item.epoch) in held])
        return refused

    def _schedule_notify(self, run_ids: Sequence[str]) -> None:
        """Has the other processes notified, after the commit."""
        self._news.update(run_ids)
        if self._news and self._notify_task is None:
            self._notify_task = asyncio.create_task(self._notify())

    async def _notify(self) -> None:
        try:
            while self._news:
                news, self._news = self._news, set()
                for payload in payloads(news):
                    with suppress(*Unavailable):
                        await self._notifying.fetch("SELECT pg_notify(%s, %s)", (CHANNEL, payload))
        finally:
            self._notify_task = None


class _Commit:
    """A commit that is tried for so many seconds, since the database may be away for a while."""

    def __init__(self, connection: LogConnection, seconds: float) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + seconds
        self.is_repeated = False
        """Whether one may have been committed whose answer got lost."""

    async def fetch(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of the statement. Raises LogUnavailable."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._connection.fetch(statement, values)
            except Unavailable as error:
                log.warning("log_database_unavailable", error=type(error).__name__, again_in=pause)
                if time.monotonic() > self._deadline:
                    raise LogUnavailable("the database of the log can't be reached") from error
            self.is_repeated = True
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)

    async def has(self, columns: Sequence[list[Any]]) -> bool:
        """Whether the log has all of these very entries: a commit has all of them, or none."""
        [(count,)] = await self.fetch(_FIND, columns)
        return bool(count == len(columns[0]))
