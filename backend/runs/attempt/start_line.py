"""Line of runs that have no words yet."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from workflows.models.budget.ledger import Ledger
from workflows.models.wire.bodies.stream_turns import StreamTurns

_SLOTS = 8
_SLOT_SECONDS = 0.3
"""How long a start has a slot in all: one that takes longer waits for something else, and holds up nobody."""


class StartLine:
    """Line of this process's runs that have no words yet.

    A start is many small steps, and each waits for a turn of the event loop. Where many runs take them at the same
    time, none has its first words before nearly all have. So a few of them work at a time, in the order in which they
    came, and while others wait, streams under way leave more turns to them.
    """

    def __init__(self, turns: StreamTurns) -> None:
        """`turns`: those that this process's streams leave to others."""
        self._turns = turns
        self._waiting: deque[Start] = deque()
        self._working: set[Start] = set()

    @asynccontextmanager
    async def join(self, ledger: Ledger) -> AsyncGenerator["Start"]:
        """A start whose turn has come. `ledger`: the run's, which is told when its models are asked."""
        start = Start(self, ledger)
        self._waiting.append(start)
        self._let_in()
        try:
            await start.turn
            yield start
        finally:
            start.end()

    def take_slot(self, start: "Start") -> None:
        """Counts a start among those that work, also where they are more than slots: it was let in before."""
        self._working.add(start)

    def leave(self, start: "Start") -> None:
        """Counts a start no more, and lets others in."""
        self._working.discard(start)
        with suppress(ValueError):
            self._waiting.remove(start)
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and len(self._working) < _SLOTS:
            self._waiting.popleft().begin()
        self._turns.is_crowded = bool(self._waiting)


class Start:
    """A run on its way to its first words. It has a slot while it works, and none while its model does."""

    def __init__(self, line: StartLine, ledger: Ledger) -> None:
        self._line = line
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._seconds_left = _SLOT_SECONDS
        self._slot_ends: asyncio.TimerHandle | None = None
        self._is_over = False
        self.turn: asyncio.Future[None] = self._loop.create_future()

    def begin(self) -> None:
        """Its turn has come."""
        if not self.turn.done():
            self.turn.set_result(None)
        self._ledger.watch(self._on_calls)
        self._work()

    def end(self) -> None:
        """It has its first words, or will have none, or had a slot for long enough."""
        if not self._is_over:
            self._is_over = True
            self._ledger.watch(None)
            self._rest()

    def _on_calls(self, are_open: bool) -> None:
        if are_open:
            self._rest()
        else:
            self._work()

    def _work(self) -> None:
        self._line.take_slot(self)
        self._slot_ends = self._loop.call_later(self._seconds_left, self.end)

    def _rest(self) -> None:
        if self._slot_ends is not None:
            self._seconds_left = max(0.0, self._slot_ends.when() - self._loop.time())
            self._slot_ends.cancel()
        self._line.leave(self)
