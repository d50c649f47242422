"""Run logs in memory: for tests, and for programs that run a graph without a disk."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from sqlalchemy import Connection

from backend.log import archive
from backend.log.entry import DuplicateSeq, Entry, StaleWriter
from backend.notifier import Notifier

_seq = attrgetter("seq")


@dataclass
class MemoryStorage:
    """Storage shared by several logs of one event loop, as several processes share a database."""

    epochs: dict[str, int] = field(default_factory=dict)
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    archives: dict[str, bytes] = field(default_factory=dict)
    being_written: set[str] = field(default_factory=set)
    notifier: Notifier = field(default_factory=Notifier)


class MemoryLog:
    """A `RunLog` whose entries last as long as the process. Its operations never fail.

    A run is over for `pack` when its writer let it go.
    """

    def __init__(self, storage: MemoryStorage | None = None) -> None:
        self._storage = storage or MemoryStorage()
        self._live: set[str] = set()

    async def take_over(self, run_id: str) -> int:
        """See `RunLog`."""
        storage = self._storage
        storage.epochs[run_id] = storage.epochs.get(run_id, 0) + 1
        storage.entries[run_id] = self._entries(run_id)
        storage.archives.pop(run_id, None)
        storage.being_written.add(run_id)
        self._live.add(run_id)
        storage.notifier.notify(run_id)
        return storage.epochs[run_id]

    def opening(self, run_id: str, entries: Sequence[Entry]) -> "MemoryOpening":
        """See `RunLog`. There is no database: it is stored when it is published."""
        return MemoryOpening(self, run_id, entries)

    def begin(self, run_id: str, entries: Sequence[Entry]) -> None:
        """Begins the log of a new run."""
        self._storage.epochs[run_id] = 1
        self._storage.entries[run_id] = list(entries)
        self._storage.being_written.add(run_id)
        self._live.add(run_id)
        self._storage.notifier.notify(run_id)

    async def append(self, run_id: str, epoch: int, entries: Sequence[Entry]) -> None:
        """See `RunLog`."""
        if self._storage.epochs.get(run_id) != epoch:
            raise StaleWriter(run_id)
        written = self._storage.entries[run_id]
        if any(_has(written, entry.seq) for entry in entries):
            raise DuplicateSeq(run_id)
        for entry in entries:
            insort(written, entry, key=_seq)
        self._storage.notifier.notify(run_id)

    async def read(self, run_id: str, after: int = 0, limit: int = 1000) -> list[Entry]:
        """See `RunLog`."""
        entries = self._entries(run_id)
        first = bisect_right(entries, after, key=_seq)
        return entries[first : first + limit]

    async def last(self, run_id: str, at_least: int = 0) -> Entry | None:
        """See `RunLog`."""
        del at_least
        entries = self._entries(run_id)
        return entries[-1] if entries else None

    async def wait(self, run_id: str, after: int, seconds: float) -> None:
        """See `RunLog`."""
        entries = self._entries(run_id)
        if not entries or entries[-1].seq <= after:
            await self._storage.notifier.wait(run_id, seconds)

    def is_live(self, run_id: str) -> bool:
        """See `RunLog`."""
        return run_id in self._live

    def let_go(self, run_id: str) -> None:
        """See `RunLog`."""
        self._live.discard(run_id)
        self._storage.being_written.discard(run_id)
        self._storage.notifier.notify(run_id)

    async def pack(self, run_id: str) -> None:
        """See `RunLog`."""
        entries = self._storage.entries.get(run_id)
        if entries and run_id not in self._storage.being_written:
            self._storage.archives[run_id] = archive.pack(entries)
            del self._storage.entries[run_id]

    async def close(self) -> None:
        """See `RunLog`."""

    def _entries(self, run_id: str) -> list[Entry]:
        packed = self._storage.archives.get(run_id)
        return archive.unpack(packed) if packed else self._storage.entries.get(run_id, [])


@dataclass(frozen=True, slots=True)
class MemoryOpening:
    """A `LogOpening` of a `MemoryLog`."""

    log: MemoryLog
    run_id: str
    entries: Sequence[Entry]
    epoch: int = 1

    def store(self, connection: Connection) -> None:
        """See `LogOpening`."""

    def publish(self) -> None:
        """See `LogOpening`."""
        self.log.begin(self.run_id, self.entries)


def _has(entries: list[Entry], seq: int) -> bool:
    place = bisect_left(entries, seq, key=_seq)
    return place < len(entries) and entries[place].seq == seq
