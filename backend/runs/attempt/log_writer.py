"""Log writer of an attempt: numbers its messages and appends them to the log, merging text that comes fast."""

import asyncio
from types import TracebackType
from typing import Self

import structlog

from backend.log.base import RunLog
from backend.log.entry import Entry, LogUnavailable, StaleWriter
from backend.store.runs.owned_runs import Lease
from backend.streaming.merge import merge_messages
from backend.telemetry.metrics import AttemptMetrics
from workflows.messages.encodable import make_encodable
from workflows.messages.messages import (
    TERMINAL,
    Message,
    TextAppended,
    TextRetracted,
    encode,
    slot_of,
)
from workflows.messages.transcript import Transcript

log = structlog.get_logger()

_MAX_PENDING = 20_000
"""Messages that wait for the log at most: minutes of text. Past that the run ends, resumable."""
_RETRY_SECONDS = (0.05, 0.2, 1.0, 3.0)
_PATIENCE = 16
"""What leaves the text as it is waits so many times as long as text for company: mostly a section's first words come,
and take it along."""


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
        self._pending_since = self._written_at = 0.0
        self._has_text = False  # what is pending
        self._hurries = False  # it shouldn't wait for more
        self._wake = asyncio.Event()  # when to write has changed
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
        self._closing = self._hurries = True
        self._wake.set()
        assert self._task is not None
        await asyncio.shield(self._task)
        if error is None:
            self._raise_failure()

    def put(self, message: Message) -> Message:
        """Queues a message; returns it as the log has it. Raises StaleWriter or LogUnavailable when the log refused an
        earlier one."""
        self._raise_failure()
        if len(self._pending) >= _MAX_PENDING:
            raise LogUnavailable("the log has not kept up")
        if not isinstance(message, TextAppended):  # which was cleaned as it came from the model
            message = make_encodable(message)
        is_urgent = self._is_urgent(message)
        self.transcript.apply(message)
        if not self._pending:
            self._pending_since = asyncio.get_running_loop().time()
            self._flushed.clear()
            self._wake.set()
        self._pending.append(message)
        if not self._has_text and _changes_text(message):
            self._has_text = True
            self._wake.set()
        if is_urgent:
            self._hurry()
        return message

    async def flush(self) -> None:
        """Returns when all queued messages are in the log. Raises as `put` does."""
        self._hurry()
        await self._flushed.wait()
        self._raise_failure()

    def _hurry(self) -> None:
        self._hurries = True
        self._wake.set()

    def _is_urgent(self, message: Message) -> bool:
        """Whether a message is never held back: the first words of a section or piece, and the end."""
        if isinstance(message, TextAppended):
            return not self.transcript.has_begun(slot_of(message))
        return message.type in TERMINAL

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while (wait := self._due() - loop.time()) > 0 and not self._hurries:
                    await _wait_for(self._wake, wait)
                    self._wake.clear()
                batch, self._pending = self._pending, []
                self._has_text = self._hurries = False
                if batch:
                    self._written_at = loop.time()
                    await self._append(batch)
                if not self._pending:
                    self._flushed.set()
                    if self._closing:
                        return
        except Exception as failure:
            self._failure = failure
            self._flushed.set()

    def _due(self) -> float:
        """When what is pending is written, if nothing hurries it."""
        if self._has_text:
            return self._written_at + self._merge_seconds
        return self._pending_since + _PATIENCE * self._merge_seconds

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


def _changes_text(message: Message) -> bool:
    return isinstance(message, TextRetracted) or (isinstance(message, TextAppended) and bool(message.chunk))


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
