"""Tokens that work once: to verify an address, to set a new password, to register by invitation."""

from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select

from backend.store.accounts.callers import check_admin, current_caller, lock_for_caller
from backend.store.accounts.tables import accounts, one_time_tokens
from backend.store.owner import Owner
from backend.store.sql.database import Database
from backend.store.sql.dialect import lock_owner

Purpose = Literal["verify", "reset", "invite"]


class OneTimeTokenRepository:
    """Rows of `one_time_tokens`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def put(
        self, purpose: Purpose, owner: Owner | None, token_hash: bytes, expires_at: datetime
    ) -> bool:
        """Keeps a new token; an older one of the account for the same purpose no longer works. False for an
        account that is gone, or is being deleted. Raises Unauthenticated as `lock_for_caller`, Forbidden as
        `check_admin`."""
        caller = current_caller()
        row = {"token_hash": token_hash, "purpose": purpose, "owner": owner, "expires_at": expires_at}

        def work(connection: Connection) -> bool:
            if whose := owner or (caller and caller.owner):
                lock_for_caller(connection, whose, caller)
                check_admin(connection, owner, caller)
            if owner is not None:
                if connection.scalar(_STATUS, {"id_is": owner}) in (None, "deleting"):
                    return False
                connection.execute(
                    delete(one_time_tokens).where(
                        one_time_tokens.c.owner == owner, one_time_tokens.c.purpose == purpose
                    )
                )
            connection.execute(insert(one_time_tokens).values(row))
            return True

        return await self._db.write(work)

    async def is_good(self, purpose: Purpose, token_hash: bytes) -> bool:
        """Whether the token works at this moment."""
        query = select(one_time_tokens.c.purpose).where(*_is_good(purpose, token_hash))
        return await self._db.read(lambda connection: connection.scalar(query) is not None)

    async def drop_expired(self) -> None:
        """Forgets those that are too old, whoever's they are."""
        query = delete(one_time_tokens).where(one_time_tokens.c.expires_at <= datetime.now(UTC))
        await self._db.write(lambda connection: connection.execute(query))


_STATUS = select(accounts.c.status).where(accounts.c.id == bindparam("id_is"))


class SpentToken(Exception):
    """Error of a token that is unknown, used, too old or for something else."""


def take_token(connection: Connection, purpose: Purpose, token_hash: bytes) -> Owner | None:
    """The account that a token is about, None of an invitation; it works no more. Part of the transaction of what it is
    good for, so that it isn't spent for nothing. Raises SpentToken."""
    same = _is_good(purpose, token_hash)
    owner = connection.scalar(select(one_time_tokens.c.owner).where(*same))
    if owner is not None:
        lock_owner(connection, owner)  # before any row, as everybody does who ends links
    if not connection.execute(delete(one_time_tokens).where(*same)).rowcount:
        raise SpentToken
    return owner


def _is_good(purpose: Purpose, token_hash: bytes) -> tuple[ColumnElement[bool], ...]:
    return (
        one_time_tokens.c.token_hash == token_hash,
        one_time_tokens.c.purpose == purpose,
        one_time_tokens.c.expires_at > datetime.now(UTC),
    )
