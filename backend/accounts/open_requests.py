"""Open requests: streams and waits that last, and that end when what let them in does."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from backend.accounts.principal import Credential, Principal
from backend.store.accounts.streams import StreamRepository
from backend.store.owner import Owner
from backend.tasks import Background
from workflows.errors import RateLimited

CHECK_EVERY_SECONDS = 1.0
_BEAT_SECONDS = 3.0


@dataclass(eq=False, slots=True)
class OpenRequest:
    """A request under way. `ended` is set when its credential ends; `task` is what answers it, and may be cancelled
    then: a reply that reads only, or that has begun (`may_be_cut`)."""

    principal: Principal
    stream_id: str | None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[object] | None" = None
    may_be_cut: bool = False
    is_cut: bool = False

    def end(self) -> None:
        """Ends the request: gently, and when it goes on all the same the next time, by cancelling it."""
        if not self.ended.is_set():
            self.ended.set()
        elif self.task is not None and self.may_be_cut and not self.is_cut:
            self.is_cut = True
            self.task.cancel()


class OpenRequests:
    """The requests of this process. Each process looks after its own, so it doesn't matter where somebody logs out.
    Streams are counted over all processes."""

    def __init__(
        self,
        is_valid: Callable[[Principal], Awaitable[bool]],
        streams: StreamRepository,
        most_streams: int,
        background: Background,
    ) -> None:
        """`most_streams`: of an account at once, in all processes."""
        self._is_valid = is_valid
        self._streams = streams
        self._most_streams = most_streams
        self._background = background
        self._open: set[OpenRequest] = set()
        self._beat_at = time.monotonic() + _BEAT_SECONDS

    @asynccontextmanager
    async def opened(self, principal: Principal, *, is_stream: bool) -> AsyncIterator[OpenRequest]:
        """While the request is under way. Raises RateLimited for a stream too many."""
        stream_id = await self._open_stream(principal.owner) if is_stream else None
        request = OpenRequest(principal, stream_id)
        self._open.add(request)
        try:
            yield request
        finally:
            self._open.discard(request)
            if stream_id is not None:
                self._background.do(
                    lambda: self._streams.close(principal.owner, stream_id), name="stream_closing"
                )

    async def _open_stream(self, owner: Owner) -> str:
        stream_id = await self._streams.open(owner, self._most_streams)
        if stream_id is None:
            raise RateLimited(
                f"An account reads at most {self._most_streams} streams at once.", retry_after=5
            )
        return stream_id

    async def check(self) -> None:
        """Ends the requests of credentials that have ended since the last look; says which streams are read."""
        await self._beat()
        by_credential: dict[tuple[Credential, float | None], list[OpenRequest]] = {}
        for request in self._open:
            principal = request.principal
            by_credential.setdefault((principal.credential, principal.expires_at), []).append(request)
        for requests in by_credential.values():
            if not await self._is_valid(requests[0].principal):
                for request in requests:
                    request.end()

    async def _beat(self) -> None:
        if time.monotonic() < self._beat_at:
            return
        self._beat_at = time.monotonic() + _BEAT_SECONDS
        if ids := [each.stream_id for each in self._open if each.stream_id is not None]:
            await self._streams.beat(ids)
