"""Fair queue of documents: bounded, with owners taking turns."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.store.owner import Owner
from workflows.errors import Overloaded

_RETRY_AFTER = 10


class FairQueue:
    """Slots for a limited number of concurrent jobs.

    An owner has some of the slots, so that one is left for somebody else, and owners who wait take turns. What would
    wait behind too much is refused at once.
    """

    def __init__(self, slots: int, slots_of_owner: int, waiting: int, waiting_of_owner: int) -> None:
        """Limits: jobs at once, and jobs waiting, in all and of one owner."""
        self._slots = slots
        self._slots_of_owner = slots_of_owner
        self._waiting_limit = waiting
        self._waiting_of_owner = waiting_of_owner
        self._busy: Counter[Owner] = Counter()
        self._waiting: dict[Owner, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def slot(self, owner: Owner) -> AsyncIterator[None]:
        """A slot, held while the block is open. Raises Overloaded."""
        await self._enter(owner)
        try:
            yield
        finally:
            self._leave(owner)

    async def _enter(self, owner: Owner) -> None:
        if not self._waiting and self._has_room(owner):
            self._busy[owner] += 1
            return
        mine = self._waiting.get(owner, ())
        if (
            len(mine) >= self._waiting_of_owner
            or sum(map(len, self._waiting.values())) >= self._waiting_limit
        ):
            raise Overloaded("Too many documents are being read. Try again in a little while.", _RETRY_AFTER)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        self._call_next()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was called in the same moment
                self._leave(owner)
            else:
                self._forget(owner, turn)
            raise

    def _leave(self, owner: Owner) -> None:
        self._busy[owner] -= 1
        if not self._busy[owner]:
            del self._busy[owner]
        self._call_next()

    def _has_room(self, owner: Owner) -> bool:
        return self._busy.total() < self._slots and self._busy[owner] < self._slots_of_owner

    def _call_next(self) -> None:
        """Gives free slots to those waiting, an owner at a time; an owner served goes to the end of the queue."""
        while owner := next((name for name in self._waiting if self._has_room(name)), None):
            turns = self._waiting.pop(owner)
            turn = turns.popleft()
            if turns:
                self._waiting[owner] = turns
            if not turn.done():  # else whoever waited gave up
                self._busy[owner] += 1
                turn.set_result(None)

    def _forget(self, owner: Owner, turn: asyncio.Future[None]) -> None:
        turns = self._waiting.get(owner)
        if turns is not None and turn in turns:
            turns.remove(turn)
            if not turns:
                del self._waiting[owner]
