"""Open requests: streams and waits that last, and that end when what let them in does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from backend.accounts.principal import Principal
from backend.store.accounts.streams import StreamRepository
from backend.store.owner import Owner
from backend.tasks import Background
from workflows.errors import RateLimited

CHECK_EVERY_SECONDS = 1.0
BEAT_SECONDS = 3.0


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
        find_ended: Callable[[Collection[Principal]], Awaitable[Collection[Principal]]],
        streams: StreamRepository,
        most_streams: int,
        background: Background,
    ) -> None:
        """`most_streams`: of an account at once, in all processes."""
        self._find_ended = find_ended
        self._streams = streams
        self._most_streams = most_streams
        self._background = background
        self._open: set[OpenRequest] = set()

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
        """Ends the requests of credentials that have ended since the last look. It takes one read, however many are
        open, and waits for no writer: so it comes round in a second also where the machine has much to do."""
        looked_at = list(self._open)
        if not looked_at:
            return
        ended = await self._find_ended({request.principal for request in looked_at})
        for request in looked_at:
            if request.principal in ended:
                request.end()

    async def beat(self) -> None:
        """Says which streams are being read."""
        if ids := [each.stream_id for each in self._open if each.stream_id is not None]:
            await self._streams.beat(ids)
