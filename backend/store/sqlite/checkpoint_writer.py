"""Writer of the file of checkpoints in SQLite: one thread.

What is put within a moment, or while it commits, shares the next commit. A commit outlives a kill; it is synced to the
disk within a second, with all the others of that time, or at once when somebody waits for that (`synced`).
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from backend.store.sql.patience import in_time
from backend.store.sqlite.blobs import Statement
from backend.store.sqlite.database import open_log, sync_log, truncate_log
from backend.store.sqlite.locks import let_log_grow
from backend.store.sqlite.log_emptying import LogEmptying

log = structlog.get_logger()

_RETRY_SECONDS = (0.05, 0.2, 1.0, 3.0)
_TRUNCATE_AGAIN_SECONDS = 1.0
_COMPANY_SECONDS = 0.02
"""How long a commit for which nobody waits, waits for company."""
_SYNC_SECONDS = 1.0
"""How long a sync for which nobody waits, waits for company: what a power cut may cost."""

TransactionWork = Callable[[sqlite3.Connection], None]
"""What is done with the connection within a transaction."""


@dataclass(slots=True)
class _Write:
    """Work that is committed in one transaction, and who waits for that."""

    work: Sequence[Statement | TransactionWork]
    erases: bool = False
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class CheckpointWriter:
    """The thread that writes, and the queue before it."""

    def __init__(self, file: Path, busy_seconds: float) -> None:
        self._file = file
        self._busy_seconds = busy_seconds
        self._connection = connect(file, busy_seconds)
        # Most commits are of steps whose results are in the next one too: they needn't be synced one by one.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        let_log_grow(self._connection.cursor())
        self._log: int | None = None  # the writing thread's, as the next two are
        self._is_synced = True
        self._sync_failure: OSError | None = None
        # What is deleted is overwritten with zeros.
        self._connection.execute("PRAGMA secure_delete=ON")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="storywire-checkpoints")
        self._queue: list[_Write] = []
        self._committing: asyncio.Task[None] | None = None
        self._newest: asyncio.Future[None] | None = None
        self._waiters = 0
        self._hurry = asyncio.Event()
        self._truncate_at: float | None = None
        self._emptying = LogEmptying(self._log_is_empty)
        self._sync_timer: asyncio.TimerHandle | None = None
        self._syncing: asyncio.Task[None] | None = None

    async def write(self, *work: Statement | TransactionWork, erases: bool = False) -> None:
        """Returns when the work is committed. Raises sqlite3.OperationalError when the file can't be written,
        also not after some seconds; sqlalchemy's TimeoutError where a request can't wait: then it is done later."""
        item = _Write(work, erases)
        self._queue.append(item)
        self._newest = item.done
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_queue(), name="checkpoints")
        await in_time(asyncio.shield(item.done))
        if erases:
            await self._emptying.wait()

    async def flushed(self) -> None:
        """Returns when what was to be written before this call is, or failed."""
        if self._newest is not None and not self._newest.done():
            with self.awaited():
                await in_time(asyncio.wait([self._newest]))

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Has everything committed at once, also what is queued while this is open."""
        self._waiters += 1
        self._hurry.set()
        try:
            yield
        finally:
            self._waiters -= 1
            if not self._waiters:
                self._hurry.clear()

    async def synced(self) -> None:
        """Returns when what was committed before this call is on the disk. Raises OSError where the disk fails."""
        if not self._is_synced:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._sync)

    def check_disk(self) -> None:
        """Raises OSError where the disk has failed a sync."""
        if self._sync_failure is not None:
            raise self._sync_failure

    async def close(self) -> None:
        """Waits for what is under way."""
        if self._committing is not None:
            with self.awaited():
                await asyncio.wait([self._committing])
        if self._sync_timer is not None:
            self._sync_timer.cancel()
        if self._syncing is not None:
            await asyncio.wait([self._syncing])
        await self._emptying.close()
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()
        if self._log is not None:
            os.close(self._log)
            self._log = None

    async def _commit_queue(self) -> None:
        try:
            while self._queue:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_COMPANY_SECONDS):
                        await self._hurry.wait()
                batch, self._queue = self._queue, []
                await self.commit(batch)
                if self._sync_timer is None:
                    self._sync_timer = asyncio.get_running_loop().call_later(_SYNC_SECONDS, self._sync_soon)
        finally:
            self._committing = None

    def _sync_soon(self) -> None:
        self._sync_timer = None
        self._syncing = asyncio.create_task(self._sync_in_background(), name="checkpoints synced")

    async def _sync_in_background(self) -> None:
        try:
            await self.synced()
        except OSError:
            log.exception("checkpoint_sync_failed")  # whoever writes or waits next has it

    async def commit(self, batch: list[_Write]) -> None:
        """In one transaction; if it isn't the file that is at fault, each write in a transaction of its own."""
        try:
            await self._try(batch)
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, sqlite3.OperationalError):
                for item in batch:
                    await self.commit([item])
                return
            for item in batch:
                if not item.done.done():
                    item.done.set_exception(error)
                    item.done.exception()  # also where nobody waits any more
        else:
            for item in batch:
                if not item.done.done():
                    item.done.set_result(None)

    async def _try(self, batch: list[_Write]) -> None:
        """As often as the log does: what a run's readers have been sent is worth as much as what it goes on from."""
        loop = asyncio.get_running_loop()
        for seconds in (*_RETRY_SECONDS, None):
            try:
                await loop.run_in_executor(self._thread, self._transact, batch)
            except sqlite3.OperationalError as error:
                log.warning("checkpoint_write_failed", error=str(error), again_in=seconds)
                if seconds is None:
                    raise
                await asyncio.sleep(seconds)
            else:
                return

    def _transact(self, batch: list[_Write]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for work in (work for item in batch for work in item.work):
                if callable(work):
                    work(self._connection)
                else:
                    self._connection.executemany(*work)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._is_synced = False
        if self._log is None:  # there since the first commit
            self._log = open_log(self._file)
        if any(item.erases for item in batch):
            self._sync()  # what is deleted stays so
            self._truncate()
        elif self._truncate_at is not None and time.monotonic() >= self._truncate_at:
            self._truncate()

    async def _log_is_empty(self) -> bool:
        """Whether nothing that was deleted stands in the write-ahead log; tries to empty it first."""
        if self._truncate_at is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._truncate)
        return self._truncate_at is None

    def _sync(self) -> None:
        if self._is_synced:  # by somebody else's sync
            return
        if self._sync_failure is not None:  # what the disk lost then, no later sync brings back
            raise self._sync_failure
        try:
            assert self._log is not None  # something was committed
            sync_log(self._log)
        except OSError as error:
            self._sync_failure = error
            raise
        self._is_synced = True

    def _truncate(self) -> None:
        """Empties the write-ahead log, where what was deleted stands still; soon again if somebody reads."""
        done = truncate_log(self._connection.cursor(), self._busy_seconds)
        self._truncate_at = None if done else time.monotonic() + _TRUNCATE_AGAIN_SECONDS


def connect(file: Path, busy_seconds: float) -> sqlite3.Connection:
    """A connection to the file, whose transactions are begun and ended by statements."""
    return sqlite3.connect(file, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
