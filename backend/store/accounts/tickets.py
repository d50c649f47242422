"""Stream tickets in SQL."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, insert, select

from backend.store.accounts.callers import current_caller, lock_for_caller
from backend.store.accounts.tables import stream_tickets
from backend.store.owner import Owner
from backend.store.sql.database import Database


@dataclass(frozen=True, slots=True)
class StreamTicket:
    """Ticket as stored: for a run (`run_id`), or for one start of `format` with what has this `request_hash`.

    It starts until `start_by`, and ends with the credential that it was asked for with, at the latest at
    `expires_at`.
    """

    id: str
    owner: Owner
    credential_kind: str
    credential_id: str
    format: str | None
    request_hash: str | None
    run_id: str | None
    start_by: datetime
    expires_at: datetime

    @property
    def start_key(self) -> str:
        """The idempotency key of the one run that it may start."""
        return f"ticket:{self.id}"


_TICKET = [column for column in stream_tickets.c if column.name != "token_hash"]


class TicketRepository:
    """Rows of `stream_tickets`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, ticket: StreamTicket, token_hash: bytes, most: int) -> bool:
        """Stores it; False if the owner has `most` that could start now. Raises Unauthenticated as
        `lock_for_caller`."""
        caller = current_caller()
        query = insert(stream_tickets).values(token_hash=token_hash, **asdict(ticket))
        usable = (
            select(func.count())
            .select_from(stream_tickets)
            .where(stream_tickets.c.owner == ticket.owner, stream_tickets.c.start_by > datetime.now(UTC))
        )

        def work(connection: Connection) -> bool:
            lock_for_caller(connection, ticket.owner, caller)
            if (connection.scalar(usable) or 0) >= most:
                return False
            connection.execute(query)
            return True

        return await self._db.write(work)

    async def find_by_hash(self, token_hash: bytes) -> StreamTicket | None:
        """The ticket that this is the hash of, until it expires."""
        query = select(*_TICKET).where(
            stream_tickets.c.token_hash == token_hash, stream_tickets.c.expires_at > datetime.now(UTC)
        )
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else StreamTicket(**row._mapping)

    async def drop_expired(self) -> None:
        """Forgets those that work no more, whoever's they are."""
        query = delete(stream_tickets).where(stream_tickets.c.expires_at <= datetime.now(UTC))
        await self._db.write(lambda connection: connection.execute(query))
