"""A reader: a cursor in a run's log. It never holds up the writer, and holds little itself."""

from backend.log.base import RunLog
from backend.log.entry import Entry
from backend.streaming.merge import merge_entries
from backend.streaming.views import Granularity, Order, View, first_id
from workflows.errors import FieldError, InvalidInput
from workflows.messages.messages import TERMINAL

_BATCH = 1000
_LOOK_AGAIN_SECONDS = 0.25
_LOOK_SELDOM_SECONDS = 2.0
"""A run that another process writes rings no bell here: its readers look again, less and less often."""
_IDLE_SECONDS = 30.0


class Reader:
    """Reads one run from after a cursor to its last message. Make it with `open_reader`."""

    def __init__(
        self,
        log: RunLog,
        run_id: str,
        cursor: int,
        view: View | None,
        lifted_seq: int | None,
        first_id: int = 0,
    ) -> None:
        self.first_id = first_id
        """What is added to the numbers of what is read, so that their ids tell the view that they are of."""
        self._log = log
        self._run_id = run_id
        self._lifted_seq = lifted_seq
        self._view = view
        self._skip = cursor if view else 0  # messages of the view that the reader has already
        self._seq = 0 if view else cursor  # where in the log we are
        self._ended = False
        self._found = False  # whether the log was ever there
        self._patience = _LOOK_AGAIN_SECONDS

    async def poll(self) -> list[Entry] | None:
        """What there is and hasn't been read; empty if nothing yet.

        None when the run's last message was read, or the run was deleted meanwhile.

        Raises InvalidInput for a cursor that was never handed out.
        """
        while entries := await self._log.read(self._run_id, self._seq, _BATCH):
            self._patience = _LOOK_AGAIN_SECONDS
            self._found = True
            self._seq = entries[-1].seq
            self._ended = self._may_end(entries[-1]) and await self._is_newest(entries[-1])
            if shown := self._show(entries):
                return merge_entries(shown)
        return await self._at_the_end()

    async def wait(self) -> None:
        """Returns when it is worth polling again."""
        seconds = _IDLE_SECONDS if self._log.is_live(self._run_id) else self._patience
        self._patience = min(_LOOK_SELDOM_SECONDS, self._patience * 1.5)
        await self._log.wait(self._run_id, self._seq, seconds)

    async def _at_the_end(self) -> list[Entry] | None:
        if self._ended:
            self._check_cursor()
            return None
        newest = await self._log.last(self._run_id, self._seq)
        if newest is None and self._found:
            return None
        self._found = newest is not None
        last_seq = newest.seq if newest else 0
        if last_seq > self._seq:
            return []
        if last_seq < self._seq:
            raise _unknown_cursor(self._seq)
        self._check_cursor()
        self._ended = newest is not None and self._may_end(newest)
        return None if self._ended else []

    def _may_end(self, entry: Entry) -> bool:
        # A resume was accepted, and the log doesn't say so yet: the error is lifted already.
        return entry.type in TERMINAL and entry.seq != self._lifted_seq

    async def _is_newest(self, entry: Entry) -> bool:
        newest = await self._log.last(self._run_id, entry.seq)
        return newest is not None and newest.seq == entry.seq

    def _show(self, entries: list[Entry]) -> list[Entry]:
        # An error that something follows was lifted by a resume: nobody is told any more.
        ending = entries[-1] if self._ended else None
        if self._view is None:
            return [entry for entry in entries if entry.type != "error" or entry is ending]
        shown: list[Entry] = []
        for entry in entries:
            lifted = entry.type == "error" and entry is not ending
            outcome = [item for item in self._view.feed(entry) if item.seq > self._skip]
            shown.extend(item for item in outcome if not (lifted and item.type == "error"))
        return shown

    def _check_cursor(self) -> None:
        if self._view is not None and self._skip > self._view.count:
            raise _unknown_cursor(self._skip)


def open_reader(
    log: RunLog,
    run_id: str,
    cursor: int,
    *,
    lifted_seq: int | None = None,
    order: Order = "live",
    granularity: Granularity = "token",
) -> Reader:
    """A reader that goes on after `cursor`, the number of a message in this very view.

    `lifted_seq` is the number of an error that a resume lifted: the log doesn't end with it.
    """
    plain = order == "live" and granularity == "token"
    view = None if plain else View(order, granularity)
    return Reader(log, run_id, cursor, view, lifted_seq, first_id(order, granularity))


def _unknown_cursor(cursor: int) -> InvalidInput:
    message = f"the run has no message {cursor} yet; send the id of the last message you received, unchanged"
    return InvalidInput(f"last_event_id: {message}", (FieldError("last_event_id", message),))
