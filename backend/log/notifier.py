"""Wake-ups within one process: those who wait for a run are woken by its next notification."""

import asyncio


class _Signal:
    """A notification, and the number of those waiting for it."""

    __slots__ = ("notified", "waiting")

    def __init__(self) -> None:
        self.notified: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting = 0


class Notifier:
    """Signals by key, kept only while somebody waits for them."""

    def __init__(self) -> None:
        self._signals: dict[str, _Signal] = {}

    async def wait(self, key: str, seconds: float) -> None:
        """Returns at the next `notify` of this key, at the latest after `seconds`."""
        signal = self._signals.setdefault(key, _Signal())
        signal.waiting += 1
        try:
            await asyncio.wait([signal.notified], timeout=seconds)
        finally:
            signal.waiting -= 1
            if not signal.waiting and self._signals.get(key) is signal:
                del self._signals[key]

    def notify(self, key: str) -> None:
        """Wakes all who wait for this key now."""
        if (signal := self._signals.pop(key, None)) is not None:
            signal.notified.set_result(None)
