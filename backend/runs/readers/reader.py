"""Reader: a cursor in a run's log. It never blocks the writer, and buffers little."""

from typing import Literal

from backend.log.base import RunLog
from backend.log.entry import Entry
from backend.streaming.ai_sdk import UNNUMBERED, AiSdkView
from backend.streaming.merge import merge_entries
from backend.streaming.views import Granularity, Order, View, Wire, first_id
from workflows.errors import InvalidInput
from workflows.messages.messages import TERMINAL

_BATCH = 1000
_LOOK_AGAIN_SECONDS = 0.25
_LOOK_SELDOM_SECONDS = 2.0
"""A run that another process writes wakes nobody here: its readers look again, less and less often."""
_IDLE_SECONDS = 30.0


class Reader:
    """Reader of a run from after a cursor to its last message. Made by `open_reader`.

    `following` while more may come, `ended` after the run's last message, `gone` when the run was deleted.
    """

    def __init__(
        self,
        log: RunLog,
        run_id: str,
        cursor: int,
        view: View | AiSdkView | None,
        superseded_error_seq: int | None,
        first_id: int = 0,
        wire: Wire = "story_chunk",
    ) -> None:
        self.wire = wire
        """The format of what is read."""
        self.first_id = first_id
        """What is added to the numbers of what is read, so that their ids tell the view that they are of."""
        self._log = log
        self._run_id = run_id
        self._superseded_error_seq = superseded_error_seq
        self._view = view
        self._skip = cursor if view else 0  # messages of the view that the reader has already
        self._seq = 0 if view else cursor  # where in the log we are
        self._found = False  # whether the log was ever there
        self._patience = _LOOK_AGAIN_SECONDS
        self.state: Literal["following", "ended", "gone"] = "following"

    async def poll(self) -> list[Entry] | None:
        """The unread entries; empty if there are none yet, None after the last.

        None when the run's last message was read, or the run was deleted meanwhile.

        Raises InvalidInput for a cursor that was never handed out.
        """
        while self.state == "following" and (
            entries := await self._log.read(self._run_id, self._seq, _BATCH)
        ):
            self._patience = _LOOK_AGAIN_SECONDS
            self._found = True
            self._seq = entries[-1].seq
            if self._is_last(entries[-1]):
                newest = await self._log.last(self._run_id, self._seq)
                if newest is not None and newest.seq == self._seq:
                    self.state = "ended"
            if shown := self._show(entries):
                return merge_entries(shown)
        if self.state == "following":
            await self._look_at_the_end()
        if self.state == "ended":
            self._check_cursor()
        return [] if self.state == "following" else None

    async def wait(self) -> None:
        """Returns when there may be unread entries."""
        seconds = _IDLE_SECONDS if self._log.is_live(self._run_id) else self._patience
        self._patience = min(_LOOK_SELDOM_SECONDS, self._patience * 1.5)
        await self._log.wait(self._run_id, self._seq, seconds)

    async def _look_at_the_end(self) -> None:
        """Checks a cursor that nothing follows: nothing has come yet, the last message was read before, or the log
        is gone."""
        newest = await self._log.last(self._run_id, self._seq)
        if newest is None and self._found:
            self.state = "gone"
            return
        self._found = newest is not None
        last_seq = newest.seq if newest else 0
        if last_seq > self._seq:
            return  # it came at this moment
        if last_seq < self._seq:
            raise _unknown_cursor(self._seq)
        self._check_cursor()
        if newest is not None and self._is_last(newest):
            self.state = "ended"

    def _is_last(self, entry: Entry) -> bool:
        # When a resume was accepted, and the log doesn't say so yet, its error is superseded already.
        return entry.type in TERMINAL and entry.seq != self._superseded_error_seq

    def _show(self, entries: list[Entry]) -> list[Entry]:
        # An error that something follows was superseded by a resume: nobody is sent it any more.
        ending = entries[-1] if self.state == "ended" else None
        if self._view is None:
            return [entry for entry in entries if entry.type != "error" or entry is ending]
        shown: list[Entry] = []
        for entry in entries:
            superseded = entry.type == "error" and entry is not ending
            if superseded and self.wire != "story_chunk":
                continue
            outcome = [
                item for item in self._view.feed(entry) if item.seq > self._skip or item.seq == UNNUMBERED
            ]
            shown.extend(item for item in outcome if not (superseded and item.type == "error"))
        return shown

    def _check_cursor(self) -> None:
        if self._view is not None and self._skip > self._view.count:
            raise _unknown_cursor(self._skip)


def open_reader(
    log: RunLog,
    run_id: str,
    cursor: int,
    *,
    superseded_error_seq: int | None = None,
    order: Order = "live",
    granularity: Granularity = "token",
    wire: Wire = "story_chunk",
    language: str | None = None,
) -> Reader:
    """A reader from after `cursor`, the number of a message in this very view.

    `superseded_error_seq` is the number of an error that a resume superseded: the log doesn't end with it.
    `language` is the text's, for its sentences.
    """
    view: View | AiSdkView | None = None
    if wire == "ai-sdk":
        view = AiSdkView(run_id)
    elif (order, granularity) != ("live", "token"):
        view = View(order, granularity, language)
    return Reader(log, run_id, cursor, view, superseded_error_seq, first_id(order, granularity, wire), wire)


def _unknown_cursor(cursor: int) -> InvalidInput:
    message = f"the run has no message {cursor} yet; send the id of the last message you received, unchanged"
    return InvalidInput.of("last_event_id", message)
