"""Stream tickets: what an `EventSource`, which can't send a header, shows in an address.

A ticket is worth little to whoever finds it in a log: it starts one run, the very one that it was asked for, within a
minute; after that it reads that run, while the log-in or key that it was asked for with lasts.
"""

from datetime import UTC, datetime, timedelta

from ulid import ULID

from backend.accounts.credentials.secrets import hash_secret, is_secret, make_secret
from backend.accounts.principal import Principal
from backend.store.accounts.tickets import StreamTicket, TicketRepository
from workflows.errors import Forbidden, RateLimited

START_SECONDS = 60
_READ_HOURS = 24
_MOST = 50


class StreamTickets:
    """Use cases of stream tickets."""

    def __init__(self, repository: TicketRepository) -> None:
        self._repository = repository

    async def for_start(
        self, principal: Principal, format: str, request_hash: str
    ) -> tuple[StreamTicket, str]:
        """A ticket for one start of a run of this format from what has this hash, and its secret."""
        return await self._make(principal, format=format, request_hash=request_hash, run_id=None)

    async def for_run(self, principal: Principal, run_id: str) -> tuple[StreamTicket, str]:
        """A ticket to read a run, and its secret."""
        return await self._make(principal, format=None, request_hash=None, run_id=run_id)

    def for_nobody(self, principal: Principal) -> tuple[StreamTicket, str]:
        """What a page gets that asks for a ticket where none is needed: a service without accounts looks at none."""
        return _ticket(principal), make_secret("ticket")

    async def of_secret(self, secret: str) -> StreamTicket | None:
        """The ticket, until it expires."""
        if not is_secret("ticket", secret):
            return None
        return await self._repository.find_by_hash(hash_secret(secret))

    async def drop_expired(self) -> None:
        """Forgets those that work no more."""
        await self._repository.drop_expired()

    async def _make(
        self, principal: Principal, *, format: str | None, request_hash: str | None, run_id: str | None
    ) -> tuple[StreamTicket, str]:
        if principal.credential.kind == "ticket":
            raise Forbidden("A ticket makes no tickets.")
        ticket, secret = _ticket(principal, format, request_hash, run_id), make_secret("ticket")
        if not await self._repository.add(ticket, hash_secret(secret), _MOST):
            raise RateLimited(
                f"An account has at most {_MOST} tickets a minute; wait a while.", retry_after=START_SECONDS
            )
        return ticket, secret


def _ticket(
    principal: Principal,
    format: str | None = None,
    request_hash: str | None = None,
    run_id: str | None = None,
) -> StreamTicket:
    now = datetime.now(UTC)
    ends_at = now + timedelta(hours=_READ_HOURS)
    if principal.expires_at is not None:  # nobody reads on by it when the credential behind it has run out
        ends_at = min(ends_at, datetime.fromtimestamp(principal.expires_at, UTC))
    return StreamTicket(
        id=str(ULID()),
        owner=principal.owner,
        credential_kind=principal.credential.kind,
        credential_id=principal.credential.id,
        format=format,
        request_hash=request_hash,
        run_id=run_id,
        start_by=min(ends_at, now + timedelta(seconds=START_SECONDS)),
        expires_at=ends_at,
    )
