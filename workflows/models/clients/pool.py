"""The clients that are kept open: as many as are used, and some more for the next run."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from weakref import WeakSet

KEPT = 16
_log = logging.getLogger(__name__)


class Closable(Protocol):
    """Something with connections."""

    @property
    def close(self) -> Callable[[], Awaitable[None]]:
        """Closes them."""


ClientT = TypeVar("ClientT", bound=Closable)


class Lease:
    """Held by whoever uses a client. When nobody holds one any more, the client may be closed."""

    __slots__ = ("__weakref__",)


@dataclass(slots=True)
class _Kept(Generic[ClientT]):
    client: ClientT
    leases: "WeakSet[Lease]" = field(default_factory=WeakSet)


class ClientPool(Generic[ClientT]):
    """Clients by what they were made for. Of those that nobody uses, the least recently used ones are closed.

    A run may name any model that is allowed, so without a bound each name would keep its connections for ever.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._limit = kept
        self._kept: OrderedDict[Hashable, _Kept[ClientT]] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._kept)

    def lend(self, key: Hashable, build: Callable[[], ClientT]) -> tuple[ClientT, Lease]:
        """The client for `key`, made when there is none, and the lease that keeps it open."""
        if key not in self._kept:
            self._kept[key] = _Kept(build())
        self._kept.move_to_end(key)
        kept = self._kept[key]
        lease = Lease()
        kept.leases.add(lease)
        self._trim()
        return kept.client, lease

    async def close(self) -> None:
        """Closes every client."""
        for kept in self._kept.values():
            self._start_closing(kept.client)
        self._kept.clear()
        # One that can't be closed keeps none of the others open.
        for outcome in await asyncio.gather(*self._closing, return_exceptions=True):
            if isinstance(outcome, Exception):
                _log.warning("client_not_closed", exc_info=outcome)

    def _trim(self) -> None:
        unused = [key for key, kept in self._kept.items() if not kept.leases]
        for key in unused[: max(0, len(self._kept) - self._limit)]:
            self._start_closing(self._kept.pop(key).client)

    def _start_closing(self, client: ClientT) -> None:
        task = asyncio.ensure_future(_close(client))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _close(client: Closable) -> None:
    await client.close()
