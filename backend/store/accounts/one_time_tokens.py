"""Tokens that work once: to verify an address, to set a new password, to register by invitation."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, delete, insert

from backend.store.accounts.callers import current_caller, lock_for_caller
from backend.store.accounts.tables import one_time_tokens
from backend.store.database import Database
from backend.store.owner import Owner

Purpose = Literal["verify", "reset", "invite"]


@dataclass(frozen=True, slots=True)
class OneTimeToken:
    """Purpose of a token that was valid, and the account that it is about; None for an invitation."""

    purpose: Purpose
    owner: Owner | None


class OneTimeTokenRepository:
    """Rows of `one_time_tokens`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def put(
        self, purpose: Purpose, owner: Owner | None, token_hash: bytes, expires_at: datetime
    ) -> None:
        """Keeps a new token; an older one of the account for the same purpose no longer works. Raises Unauthenticated
        as `lock_for_caller`."""
        caller = current_caller()
        row = {"token_hash": token_hash, "purpose": purpose, "owner": owner, "expires_at": expires_at}

        def work(connection: Connection) -> None:
            if whose := owner or (caller and caller.owner):
                lock_for_caller(connection, whose, caller)
            if owner is not None:
                connection.execute(
                    delete(one_time_tokens).where(
                        one_time_tokens.c.owner == owner, one_time_tokens.c.purpose == purpose
                    )
                )
            connection.execute(insert(one_time_tokens).values(row))

        await self._db.write(work)

    async def take(self, purpose: Purpose, token_hash: bytes) -> OneTimeToken | None:
        """The token, which works no more; None for one that is unknown, used, too old or for something else."""
        same = (one_time_tokens.c.token_hash == token_hash) & (one_time_tokens.c.purpose == purpose)
        query = (
            delete(one_time_tokens)
            .where(same, one_time_tokens.c.expires_at > datetime.now(UTC))
            .returning(one_time_tokens.c.purpose, one_time_tokens.c.owner)
        )

        def work(connection: Connection) -> OneTimeToken | None:
            row = connection.execute(query).one_or_none()
            return None if row is None else OneTimeToken(row.purpose, row.owner)

        return await self._db.write(work)

    async def drop_expired(self) -> None:
        """Forgets those that are too old, whoever's they are."""
        query = delete(one_time_tokens).where(one_time_tokens.c.expires_at <= datetime.now(UTC))
        await self._db.write(lambda connection: connection.execute(query))
