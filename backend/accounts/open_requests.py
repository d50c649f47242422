"""Open requests: streams and waits that last, and that end when what let them in does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.accounts.principal import Credential, Principal

CHECK_EVERY_SECONDS = 1.0


@dataclass(eq=False, slots=True)
class OpenRequest:
    """A request under way. `ended` is set when its credential ends."""

    principal: Principal
    is_stream: bool
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class OpenRequests:
    """The requests of this process. Each process looks after its own, so it doesn't matter where somebody logs out."""

    def __init__(self, is_valid: Callable[[Principal], Awaitable[bool]]) -> None:
        self._is_valid = is_valid
        self._open: set[OpenRequest] = set()

    @contextmanager
    def opened(self, principal: Principal, *, is_stream: bool) -> Iterator[OpenRequest]:
        """While the request is under way."""
        request = OpenRequest(principal, is_stream)
        self._open.add(request)
        try:
            yield request
        finally:
            self._open.discard(request)

    def streams(self, owner: str) -> int:
        """How many streams the owner reads now."""
        return sum(each.is_stream and each.principal.owner == owner for each in self._open)

    async def check(self) -> None:
        """Ends the requests of credentials that have ended since the last look."""
        by_credential: dict[tuple[Credential, float | None], list[OpenRequest]] = {}
        for request in self._open:
            principal = request.principal
            by_credential.setdefault((principal.credential, principal.expires_at), []).append(request)
        for requests in by_credential.values():
            if not await self._is_valid(requests[0].principal):
                for request in requests:
                    request.ended.set()
