"""Follower of runs that other processes write to PostgreSQL: their news by NOTIFY, fetched by one query for all."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg

from backend.log.connections import LogConnection, Unavailable
from backend.log.entry import Entry
from backend.log.tails import newer
from backend.notifier import Notifier
from backend.store.postgres.database import CONNECT_SECONDS

CHANNEL = "storywire_log"
TICK = "tick"
_TICK_SECONDS = 1.0
_SILENT_SECONDS = 3.5
"""A connection that heard no tick for so long hears nothing at all, and says nothing of it."""
_AGAIN_SECONDS = 0.5
_TAIL = 256
_WINDOW_SECONDS = 0.005
"""Between two queries, at least."""
_BATCH = 1000
_NEWS = """
SELECT followed.run_id, news.seq, news.type, news.data, head.run_id IS NULL
FROM unnest(%s::text[], %s::int[]) AS followed (run_id, after)
LEFT JOIN log_heads AS head ON head.run_id = followed.run_id
LEFT JOIN LATERAL (
    SELECT seq, type, data FROM log_entries
    WHERE run_id = followed.run_id AND seq > followed.after ORDER BY seq LIMIT %s
) AS news ON true
"""


@dataclass(slots=True)
class _Followed:
    """The newest entries of a run: all after `after`, as far as they have been fetched."""

    after: int
    entries: deque[Entry] = field(default_factory=deque)
    readers: int = 0
    is_idle: bool = False

    @property
    def newest(self) -> int:
        return self.entries[-1].seq if self.entries else self.after

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        if len(self.entries) > _TAIL:
            self.after = self.entries.popleft().seq


class Follower:
    """Follower of the runs that somebody waits for here: one connection that listens, and one query that fetches
    whatever is new of all of them. A notification that gets lost is made up for within a second."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._fetching = LogConnection(dsn)
        self._ticking = LogConnection(dsn, durable=False)
        self._notifier = Notifier()
        self._followed: dict[str, _Followed] = {}
        self._news: set[str] = set()  # of which somebody said something
        self._doubtful: set[str] = set()  # of which something may have been said that wasn't heard
        self._has_news = asyncio.Event()
        self._last_news_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._side: set[asyncio.Task[None]] = set()

    @property
    def is_listening(self) -> bool:
        """Whether notifications arrive."""
        return time.monotonic() - self._last_news_at < _SILENT_SECONDS

    @property
    def tick_age(self) -> float:
        """Seconds since anything was heard; 0 when nobody listens."""
        return time.monotonic() - self._last_news_at if self._tasks else 0.0

    async def wait(self, run_id: str, after: int, seconds: float) -> None:
        """Returns when there may be something after `after`, at the latest after `seconds`."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._fetch_news())]
        followed = self._followed.get(run_id)
        if followed is None:
            followed = self._followed[run_id] = _Followed(after)
            self._look_at(doubtful=[run_id])  # what came since the reader looked
        if followed.newest > after:
            return
        followed.readers += 1
        try:
            await self._notifier.wait(run_id, seconds)
        finally:
            followed.readers -= 1
            followed.is_idle = False

    def read(self, run_id: str, after: int) -> list[Entry] | None:
        """What has been fetched of the entries after `after`; None where that isn't all that there may be."""
        followed = self._followed.get(run_id)
        if followed is None or followed.after > after or not self.is_listening:
            return None
        return newer(followed.entries, after)

    def last(self, run_id: str, at_least: int) -> Entry | None:
        """The newest entry, where it is known here."""
        followed = self._followed.get(run_id)
        if followed is None or not followed.entries or not self.is_listening:
            return None
        return followed.entries[-1] if followed.entries[-1].seq >= at_least else None

    def wake(self, run_id: str) -> None:
        """Wakes the readers of a run."""
        self._notifier.notify(run_id)

    async def close(self) -> None:
        """Ends its tasks and connections."""
        tasks = [*self._tasks, *self._side]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._fetching.close()
        await self._ticking.close()

    def _look_at(self, *, news: Iterable[str] = (), doubtful: Iterable[str] = ()) -> None:
        self._news.update(news)
        self._doubtful.update(doubtful)
        self._has_news.set()

    async def _fetch_news(self) -> None:
        begun = 0.0
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            # What comes meanwhile is fetched with it.
            await asyncio.sleep(begun + _WINDOW_SECONDS - time.monotonic())
            begun = time.monotonic()
            news, doubtful = self._news, self._doubtful
            self._news, self._doubtful = set(), set()
            wanted = [run_id for run_id in news | doubtful if run_id in self._followed]
            if not wanted:
                continue
            try:
                changed = await self._fetch(wanted)
            except Unavailable:
                changed = set(wanted)  # they look by themselves
                await asyncio.sleep(_AGAIN_SECONDS)
            for run_id in changed.union(news):
                self._notifier.notify(run_id)

    async def _fetch(self, run_ids: list[str]) -> set[str]:
        """Fetches what is new of these runs, and returns those of which there was anything."""
        places = [self._followed[run_id].newest for run_id in run_ids]
        rows = await self._fetching.fetch(_NEWS, (run_ids, places, _BATCH))
        counts: Counter[str] = Counter()
        for run_id, seq, type, data, is_deleted in rows:
            followed = self._followed.get(run_id)
            if followed is None:
                continue
            if seq is not None and seq > followed.newest:
                followed.add(Entry(seq, type, data))
                counts[run_id] += 1
            elif is_deleted and followed.newest:  # deleted: readers are to ask the database
                del self._followed[run_id]
                counts[run_id] += 1
        self._look_at(doubtful=(run_id for run_id, count in counts.items() if count == _BATCH))
        return set(counts)

    async def _listen(self) -> None:
        while True:
            with suppress(*Unavailable):
                await self._hear()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _hear(self) -> None:
        connecting = psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, connect_timeout=CONNECT_SECONDS
        )
        async with await connecting as ears:
            await ears.execute(f"LISTEN {CHANNEL}".encode())
            self._last_news_at = time.monotonic()
            self._look_at(doubtful=self._followed)
            while self.is_listening:
                self._start_tick()
                async for note in ears.notifies(timeout=_TICK_SECONDS):
                    self._last_news_at = time.monotonic()
                    self._look_at(news=note.payload.split(","))
                self._drop_idle()
                self._look_at(doubtful=self._followed)
            self._ticking.cut()

    def _start_tick(self) -> None:
        if not self._side:
            task = asyncio.create_task(self._send_tick())
            self._side.add(task)
            task.add_done_callback(self._side.discard)

    async def _send_tick(self) -> None:
        with suppress(*Unavailable):
            await self._ticking.fetch("SELECT pg_notify(%s, %s)", (CHANNEL, TICK))

    def _drop_idle(self) -> None:
        for run_id, followed in list(self._followed.items()):
            if followed.readers:
                continue
            if followed.is_idle:
                del self._followed[run_id]
            followed.is_idle = True


_IN_PAYLOAD = 250


def payloads(run_ids: Iterable[str]) -> list[str]:
    """Payloads of notifications about these runs: one holds 8,000 bytes."""
    ids = list(run_ids)
    return [",".join(ids[start : start + _IN_PAYLOAD]) for start in range(0, len(ids), _IN_PAYLOAD)]
