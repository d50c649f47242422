"""Wake-ups within one process: those who wait for a key are woken by its next notification."""

import asyncio


class Notifier:
    """Waiters by key; it holds only those that wait now."""

    def __init__(self) -> None:
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}

    async def wait(self, key: str, seconds: float) -> None:
        """Returns at the next `notify` of this key, at the latest after `seconds`."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        waiters = self._waiters.setdefault(key, set())
        waiters.add(waiter)
        timer = loop.call_later(seconds, _wake, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            waiters.discard(waiter)
            if not waiters and self._waiters.get(key) is waiters:
                del self._waiters[key]

    def notify(self, key: str) -> None:
        """Wakes everybody who waits for this key now."""
        for waiter in self._waiters.pop(key, ()):
            _wake(waiter)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
