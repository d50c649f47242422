"""Turns of the event loop that streams leave to others."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary

_FREE = 0.002
"""Seconds by which a loop may be late that is free."""
_MOST, _MOST_WHILE_CROWDED = 20, 100
_MOST_SECONDS = 1.0
_MEMORY_SECONDS = 1.0
_OUTLIER = 0.1
"""A single stand-still says little of how busy a process is."""
_Waiting = deque[tuple[int, float, Callable[[], object]]]


class StreamTurns:
    """Turns of the event loop that each stream of a process leaves to others before it takes what has come: none
    while the loop is on time.

    What a token costs is mostly what a batch costs: where streams of a busy process let others go first, each takes
    fewer, larger batches, and all have their turn sooner. It waits for nothing but others' work: where there is none,
    turns pass at once. While it `is_crowded` (runs wait to begin), several times as many turns are left.
    """

    def __init__(self) -> None:
        self.is_crowded = False
        self._late = 0.0
        self._since = -math.inf
        self._turn = 0
        # By loop: nobody passes the turns of one that is over, and whoever waited there waits for nothing more.
        self._waiting: WeakKeyDictionary[asyncio.AbstractEventLoop, _Waiting] = WeakKeyDictionary()

    @property
    def left_to_others(self) -> int:
        """The turns that a stream leaves at this moment."""
        if self.is_crowded:
            return _MOST_WHILE_CROWDED
        return round(_MOST * (1 - _FREE / self._late)) if self._late > _FREE else 0

    def observe(self, late: float) -> None:
        """Takes in that a stream had its turn so many seconds after its news had come."""
        now = asyncio.get_running_loop().time()
        weight = 1 - math.exp((self._since - now) / _MEMORY_SECONDS)
        self._since = now
        self._late += weight * (min(late, _OUTLIER) - self._late)

    def after(self, turns: int, call: Callable[[], object]) -> None:
        """Calls `call` when so many turns have passed, or a second; who came first is called first."""
        loop = asyncio.get_running_loop()
        waiting = self._waiting.setdefault(loop, deque())
        if not waiting:
            loop.call_soon(self._pass, loop, waiting)
        waiting.append((self._turn + turns, loop.time() + _MOST_SECONDS, call))

    def _pass(self, loop: asyncio.AbstractEventLoop, waiting: _Waiting) -> None:
        self._turn += 1
        now = loop.time()
        while waiting and (waiting[0][0] <= self._turn or waiting[0][1] <= now):
            waiting.popleft()[2]()
        if waiting:
            loop.call_soon(self._pass, loop, waiting)
