"""Reader: a cursor in a run's log. It never blocks the writer, and buffers little."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal

from backend.log.base import RunLog
from backend.log.entry import Entry
from backend.runs.readers.replay import report_unreadable
from backend.streaming.merge import merge_entries
from backend.streaming.options import PLAIN, StreamOptions, shorten
from backend.streaming.views import View
from backend.streaming.wires.wire import UNNUMBERED, WireView
from workflows.errors import InvalidInput
from workflows.messages.messages import TERMINAL

IsWaiting = Callable[[], Awaitable[bool]]
"""Whether the run waits for a person now."""
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
        view: View | WireView | None,
        superseded_error_seq: int | None,
        options: StreamOptions,
        is_waiting: IsWaiting,
    ) -> None:
        self.style = view.style if isinstance(view, WireView) else None
        """Habits of the wire that is read; None for our own."""
        self.first_id = options.first_id
        """What is added to the numbers of what is read, so that their ids tell the view that they are of."""
        self._is_brief = options.complete == "brief"
        self._is_waiting = is_waiting
        self._endings = self.style.endings if self.style else TERMINAL
        self._joins = isinstance(view, WireView) and cursor == 0
        self._held: list[Entry] = []  # what was made while all that there is was read
        self._log = log
        self._run_id = run_id
        self._superseded_error_seq = superseded_error_seq
        self._view = view
        self._skip = cursor if view else 0  # messages of the view that the reader has already
        self._seq = 0 if view else cursor  # where in the log we are
        self._found = False  # whether the log was ever there
        self._is_level = False  # whether what was read last was all that there was, and says no end
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
            self._is_level = len(entries) < _BATCH and entries[-1].type not in self._endings
            if self._is_last(entries[-1]):
                newest = await self._log.last(self._run_id, self._seq)
                if newest is not None and newest.seq == self._seq and await self._counts(newest):
                    self.state = "ended"
            if shown := self._show(entries):
                return shown
        if self._held and isinstance(self._view, WireView):
            return self._release(self._view)
        if self.state == "following" and (question := await self._look_at_the_end()) is not None:
            return self._show([question])
        if self.state == "ended":
            self._check_cursor()
        return [] if self.state == "following" else None

    @property
    def keeps_up(self) -> bool:
        """Whether there is nothing to look at after a poll until `wait` is woken."""
        is_level = self._is_level and not self._held and self.state == "following"
        return is_level and self._log.is_live(self._run_id)

    async def wait(self) -> None:
        """Returns when there may be unread entries."""
        seconds = _IDLE_SECONDS if self._log.is_live(self._run_id) else self._patience
        self._patience = min(_LOOK_SELDOM_SECONDS, self._patience * 1.5)
        await self._log.wait(self._run_id, self._seq, seconds)

    async def _look_at_the_end(self) -> Entry | None:
        """Checks a cursor that nothing follows: nothing has come yet, the last message was read before, or the log
        is gone. A question by which the stream ends after all, since it wasn't known yet that the run waits."""
        newest = await self._log.last(self._run_id, self._seq)
        if newest is None and self._found:
            self.state = "gone"
            return None
        self._found = newest is not None
        last_seq = newest.seq if newest else 0
        if last_seq > self._seq:
            return None  # it came at this moment
        if last_seq < self._seq:
            raise _unknown_cursor(self._seq)
        self._check_cursor()
        if newest is None or not self._is_last(newest) or not await self._counts(newest):
            return None
        self.state = "ended"
        return None if newest.type in TERMINAL else newest

    def _is_last(self, entry: Entry) -> bool:
        # When a resume was accepted, and the log doesn't say so yet, its error is superseded already.
        return entry.type in self._endings and entry.seq != self._superseded_error_seq

    async def _counts(self, ending: Entry) -> bool:
        """Whether the ending counts: a question doesn't that was answered, though the log doesn't say so yet."""
        return ending.type in TERMINAL or await self._is_waiting()

    def _show(self, entries: list[Entry]) -> list[Entry]:
        # An error that something follows was superseded by a resume: nobody is sent it any more.
        ending = entries[-1] if self.state == "ended" else None
        if isinstance(self._view, WireView):
            return self._show_wire(self._view, entries, ending)
        shown = entries if self._view is None else self._viewed(self._view, entries)
        sent = [entry for entry in shown if entry.type != "error"]
        if ending is not None and ending.type == "error":
            sent += shown[-1:]  # nothing where the reader has it
        brief = [shorten(entry) for entry in sent] if self._is_brief else sent
        return merge_entries(brief, partial(report_unreadable, self._run_id))

    def _viewed(self, view: View, entries: list[Entry]) -> list[Entry]:
        return [item for entry in entries for item in view.feed(entry) if item.seq > self._skip]

    def _show_wire(self, view: WireView, entries: list[Entry], ending: Entry | None) -> list[Entry]:
        # Nothing is merged: clients of other wires count what they get, or pass over ids that they have seen.
        sent = [
            entry for entry in entries if entry is not ending and not view.is_superseded_later(entry.type)
        ]
        self._held += self._feed(view, sent)
        if self._joins and ending is None and len(entries) == _BATCH:
            return []  # who joins is sent the state after all that there is
        shown = self._release(view)
        if ending is not None and not view.is_broken:
            shown += [item for item in view.feed(ending) if item.seq > self._skip or item.seq == UNNUMBERED]
        return shown

    def _feed(self, view: WireView, entries: list[Entry]) -> list[Entry]:
        shown: list[Entry] = []
        for entry in entries:
            shown += [item for item in view.feed(entry) if item.seq > self._skip]
            if view.is_broken and not self._joins:
                self.state = "ended"
                break
        return shown

    def _release(self, view: WireView) -> list[Entry]:
        shown, self._held = self._held, []
        if self._joins and shown:
            self._joins = False
            shown = view.join() or shown
        return shown

    def _check_cursor(self) -> None:
        if self._view is not None and self._skip > self._view.count:
            raise _unknown_cursor(self._skip)


async def _never() -> bool:
    return False


def open_reader(
    log: RunLog,
    run_id: str,
    cursor: int,
    *,
    superseded_error_seq: int | None = None,
    options: StreamOptions = PLAIN,
    language: str | None = None,
    is_waiting: IsWaiting = _never,
) -> Reader:
    """A reader from after `cursor`, the number of a message in this very view.

    `superseded_error_seq` is the number of an error that a resume superseded: the log doesn't end with it.
    `language` is the text's, for its sentences. `is_waiting` is asked where a question ends the stream.
    """
    view = options.make_view(run_id, language)
    return Reader(log, run_id, cursor, view, superseded_error_seq, options, is_waiting)


def _unknown_cursor(cursor: int) -> InvalidInput:
    message = f"the run has no message {cursor} yet; send the id of the last message you received, unchanged"
    return InvalidInput.of("last_event_id", message)
