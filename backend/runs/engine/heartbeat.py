"""Liveness of processes on many machines: heartbeats in the database, by its clock."""

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

BEAT_SECONDS = 2.0
"""Between two heartbeats."""


class Heartbeats(Protocol):
    """Store of heartbeats."""

    async def beat(self, workers: Collection[int]) -> None:
        """Declares that these are alive."""

    async def is_alive(self, process: str) -> bool:
        """Whether this process was heard of within the lease."""

    async def unregister(self, process: str) -> None:
        """Declares that this process executes no more runs."""


class HeartbeatLiveness:
    """Liveness of processes by the heartbeats that each stores. `workers`: others that this process is, as the queue
    knows it, which beat with it."""

    def __init__(self, process: str, store: Heartbeats) -> None:
        self.id = process
        self.workers: Callable[[], Iterable[int]] = tuple
        self._store = store

    async def is_alive(self, process: str) -> bool:
        """Whether the process with this id is alive."""
        return process == self.id or await self._store.is_alive(process)

    async def beat(self) -> None:
        """Declares that this process is alive."""
        await self._store.beat({int(self.id), *self.workers()})

    async def leave(self) -> None:
        """Declares that this process executes no more runs."""
        await self._store.unregister(self.id)
