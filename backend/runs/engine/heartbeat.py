"""Liveness of processes on many machines: heartbeats in the database, by its clock."""

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

LEASE_SECONDS = 10.0
"""A process that wasn't heard of for so long is taken for dead, and others go on with its runs."""
_BEATS = 5
"""Heartbeats within a lease: so many may be late, or fail, before it matters."""


class Heartbeats(Protocol):
    """Store of heartbeats."""

    async def beat(self, workers: Collection[int]) -> None:
        """Declares that these are alive."""

    async def is_alive(self, process: str) -> bool:
        """Whether this process was heard of within the lease."""

    async def unregister(self, process: str) -> None:
        """Declares that this process executes no more runs."""


class HeartbeatLiveness:
    """Liveness of processes by the heartbeats that each stores, every `beat_seconds`. `workers`: others that this
    process is, as the queue knows it, which beat with it."""

    def __init__(self, process: str, store: Heartbeats, lease_seconds: float = LEASE_SECONDS) -> None:
        self.id = process
        self.lease_seconds = lease_seconds
        self.beat_seconds = lease_seconds / _BEATS
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
