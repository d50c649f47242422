"""Durable reader: a run as a stream of JSON values that is read again and again from where one left off.

It differs from `reader.py` in its places: they are those of the log, also in the words of a wire. So an error that a
resume supersedes has a place, which nothing else ever has, and readers who were found it go on after it.
"""

from collections.abc import Iterator

from backend.log.base import RunLog
from backend.log.entry import Entry
from backend.streaming.wires.durable import JSON
from backend.streaming.wires.wire import WireView
from workflows.errors import InvalidInput
from workflows.messages.lenient import decode_stored
from workflows.messages.messages import RunFailed

_BATCH = 1000
OF_AN_ENTRY = 10**6
"""Places for what a wire makes of one entry."""


class DurableReader:
    """Reader of a run after an offset; `view` makes a wire's messages of its entries."""

    content_type = JSON

    def __init__(
        self,
        log: RunLog,
        run_id: str,
        after: int,
        *,
        view: WireView | None = None,
        superseded_error_seq: int | None = None,
    ) -> None:
        self._log = log
        self._run_id = run_id
        self._view = view
        self._superseded_error_seq = superseded_error_seq
        self._after = after
        self._is_found = False
        self._seq = 0 if view else after
        self.next_offset = after
        """The offset after what was read."""
        self.is_closed = False
        """Whether nothing will ever follow: the run is complete, or failed so that it can't be resumed."""
        self.is_gone = False
        """Whether the run was deleted."""

    async def read(self) -> list[Entry]:
        """What there is after what was read, numbered by its offsets. Raises InvalidInput for an offset that was never
        handed out."""
        found: list[Entry] = []
        newest = await self._log.last(self._run_id, self._seq)
        while entries := await self._log.read(self._run_id, self._seq, _BATCH):
            self._seq = entries[-1].seq
            newest = await self._log.last(self._run_id, self._seq)
            for entry in entries:
                found += self._convert(entry, is_last=newest is not None and newest.seq == entry.seq)
        self._check_end(newest)
        if found:
            self.next_offset = max(self.next_offset, found[-1].seq)
        return [entry for entry in found if entry.seq > self._after]

    async def wait(self, seconds: float) -> None:
        """Returns when there may be more, at the latest after `seconds`."""
        await self._log.wait(
            self._run_id, self._seq, seconds if self._log.is_live(self._run_id) else min(seconds, 0.25)
        )

    def _check_end(self, newest: Entry | None) -> None:
        if newest is None and self._is_found:
            self.is_gone = True
            return
        self._is_found = newest is not None
        if self._after > self._tail(newest):
            raise InvalidInput.of(
                "offset", "the stream has no such offset; send a Stream-Next-Offset as it came"
            )
        self.is_closed = newest is not None and newest.seq == self._seq and _closes(newest)

    def _tail(self, newest: Entry | None) -> int:
        """The greatest offset that may have been handed out."""
        if newest is None:
            return 0
        return newest.seq if self._view is None else (newest.seq + 1) * OF_AN_ENTRY - 1

    def _convert(self, entry: Entry, *, is_last: bool) -> Iterator[Entry]:
        is_error = entry.type == RunFailed.type
        if is_error and (not is_last or entry.seq == self._superseded_error_seq):
            return
        if self._view is None:
            yield entry
        elif is_last or not self._view.is_superseded_later(entry.type):
            for number, item in enumerate(self._view.feed(entry), 1):
                yield Entry(entry.seq * OF_AN_ENTRY + number, item.type, item.data)


def _closes(entry: Entry) -> bool:
    if entry.type != RunFailed.type:
        return entry.type == "complete"
    message = decode_stored(entry.data)
    return isinstance(message, RunFailed) and not message.resumable
