"""Log writer of an attempt: numbers its messages and appends them to the log, merging text that comes fast."""

import asyncio
from types import TracebackType
from typing import Self

import structlog

from backend.log.base import RunLog
from backend.log.entry import Entry, LogUnavailable, StaleWriter
from backend.store.owned_runs import Lease
from backend.streaming.merge import merge_messages
from backend.telemetry.metrics import AttemptMetrics
from workflows.messages.messages import TERMINAL, Message, Slot, TextAppended, encode, make_encodable, slot_of
from workflows.messages.transcript import Transcript

log = structlog.get_logger()

_MAX_PENDING = 20_000
"""Messages that wait for the log at most: minutes of text. Past that the run ends, resumable."""
_RETRY_SECONDS = (0.05, 0.2, 1.0, 3.0)


class LogWriter:
    """Writer of a run's log (`async with`) while its epoch is the newest. Keeps the transcript of its messages."""

    def __init__(
        self,
        log: RunLog,
        lease: Lease,
        *,
        last_seq: int,
        transcript: Transcript,
        merge_seconds: float,
        metrics: AttemptMetrics,
    ) -> None:
        self._log = log
        self._run_id = lease.run_id
        self._epoch = lease.epoch
        self._seq = last_seq
        self._merge_seconds = merge_seconds
        self._metrics = metrics
        self._pending: list[Message] = []
        self._begun: set[Slot] = {*transcript.started, *transcript.pieces}
        self._wake = asyncio.Event()  # there is something to write
        self._hurry = asyncio.Event()  # and it shouldn't wait for more
        self._flushed = asyncio.Event()  # nothing waits for the log
        self._flushed.set()
        self._closing = False
        self._failure: BaseException | None = None
        self._task: asyncio.Task[None] | None = None
        self.transcript = transcript

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=f"log {self._run_id}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Waits until everything is in the log. Raises StaleWriter or LogUnavailable if it isn't."""
        self._closing = True
        self._wake.set()
        self._hurry.set()
        assert self._task is not None
        await asyncio.shield(self._task)
        if error is None:
            self._raise_failure()

    def put(self, message: Message) -> None:
        """Queues a message. Raises StaleWriter or LogUnavailable when the log refused an earlier one."""
        self._raise_failure()
        if len(self._pending) >= _MAX_PENDING:
            raise LogUnavailable("the log has not kept up")
        if not isinstance(message, TextAppended):  # which was cleaned as it came from the model
            message = make_encodable(message)
        self.transcript.apply(message)
        self._pending.append(message)
        self._flushed.clear()
        self._wake.set()
        if self._is_urgent(message):
            self._hurry.set()

    async def flush(self) -> None:
        """Returns when all queued messages are in the log. Raises as `put` does."""
        self._hurry.set()
        await self._flushed.wait()
        self._raise_failure()

    def _is_urgent(self, message: Message) -> bool:
        """Whether a message is never held back: the first words of a section, and the end."""
        if isinstance(message, TextAppended) and (slot := slot_of(message)) not in self._begun:
            self._begun.add(slot)
            return True
        return message.type in TERMINAL

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        written = 0.0
        try:
            while True:
                await self._wake.wait()
                wait = written + self._merge_seconds - loop.time()
                if not any(isinstance(message, TextAppended) for message in self._pending):
                    wait = self._merge_seconds  # nobody reads them word by word; most go with what follows
                if wait > 0 and not self._hurry.is_set():
                    await _wait_for(self._hurry, wait)
                self._wake.clear()
                self._hurry.clear()
                batch, self._pending = self._pending, []
                if batch:
                    written = loop.time()
                    await self._append(batch)
                if not self._pending:
                    self._flushed.set()
                    if self._closing:
                        return
        except Exception as failure:
            self._failure = failure
            self._flushed.set()

    async def _append(self, batch: list[Message]) -> None:
        entries, messages = [], list(merge_messages(batch))
        for message in messages:
            self._seq += 1
            entries.append(Entry(self._seq, message.type, encode(message)))
        for seconds in (*_RETRY_SECONDS, None):
            try:
                await self._log.append(self._run_id, self._epoch, entries)
            except (StaleWriter, LogUnavailable):
                raise
            except Exception as error:
                self._metrics.on_log_failure()
                log.warning(
                    "log_write_failed", run_id=self._run_id, error=type(error).__name__, again_in=seconds
                )
                if seconds is None:
                    raise LogUnavailable("the log can't be written") from error
                await asyncio.sleep(seconds)
            else:
                self._metrics.on_messages(messages)
                return

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
