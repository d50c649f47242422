"""Who reads. Only runs with `on_disconnect: cancel` care."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Readership:
    """Counts the readers of runs; says so when a watched run has had none for `grace` seconds.

    The grace is what tells a reader who left from an `EventSource` that reconnects.
    """

    def __init__(self, grace: float, nobody_reads: Callable[[str], None]) -> None:
        self._grace = grace
        self._nobody_reads = nobody_reads
        self._readers: dict[str, int] = {}
        self._watched: dict[str, asyncio.TimerHandle | None] = {}

    def watch(self, run_id: str) -> None:
        """From now on until `forget`. The first reader has the grace time to come."""
        self._watched[run_id] = None
        self._set_timer(run_id)

    def forget(self, run_id: str) -> None:
        """The run is over."""
        if (timer := self._watched.pop(run_id, None)) is not None:
            timer.cancel()

    @contextmanager
    def reading(self, run_id: str) -> Iterator[None]:
        """Somebody reads."""
        self._readers[run_id] = self._readers.get(run_id, 0) + 1
        if (timer := self._watched.get(run_id)) is not None:
            timer.cancel()
        try:
            yield
        finally:
            self._readers[run_id] -= 1
            if not self._readers[run_id]:
                del self._readers[run_id]
                self._set_timer(run_id)

    @property
    def count(self) -> int:
        """Readers connected to this process now."""
        return sum(self._readers.values())

    def _set_timer(self, run_id: str) -> None:
        if run_id in self._watched and run_id not in self._readers:
            loop = asyncio.get_running_loop()
            self._watched[run_id] = loop.call_later(self._grace, self._nobody_reads, run_id)
