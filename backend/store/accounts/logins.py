"""Log-ins: sessions of browsers and of apps, and the refresh tokens of apps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from backend.store.accounts.accounts import Account
from backend.store.accounts.attempts import clear_attempts
from backend.store.accounts.events import add_event
from backend.store.accounts.login_rows import (
    SESSION_COLUMNS,
    LoginSession,
    insert_refresh_token,
    new_session,
    session_values,
    to_session,
)
from backend.store.accounts.tables import HASH, accounts, login_sessions, refresh_tokens
from backend.store.owner import Owner
from backend.store.schema.columns import Instant
from backend.store.sql.database import Database
from backend.store.sql.dialect import deletion_of, lock_owner


@dataclass(frozen=True, slots=True)
class ActiveLogin:
    """A session that hasn't ended, of an account that isn't locked, with the account's role and allow-list of
    models."""

    session: LoginSession
    role: str
    models: list[str] | None


@dataclass(frozen=True, slots=True)
class PasswordProof:
    """Proof of a password: the account as it was then, and the bucket of attempts, which a log-in clears."""

    account: Account
    bucket: bytes


class RefreshTokenReused(Exception):
    """The refresh token was used before: two have it, so its session was ended."""

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self.owner = owner


class LoginRepository:
    """Rows of `login_sessions` and `refresh_tokens`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add_browser(
        self, proof: PasswordProof, token_hash: bytes, client: str, expires_at: datetime
    ) -> LoginSession | None:
        """A new session, whose token is a cookie, and the event of the log-in; None where the account was locked, or
        its password changed, since it was proved."""
        session = new_session(proof.account.id, "browser", client, expires_at)

        def work(connection: Connection) -> bool:
            return _add(connection, proof, session_values(session, token_hash))

        return session if await self._db.write(work) else None

    async def add_app(
        self, proof: PasswordProof, refresh_hash: bytes, client: str, expires_at: datetime
    ) -> LoginSession | None:
        """As `add_browser`, with the session's first refresh token."""
        owner = proof.account.id
        session = new_session(owner, "app", client, expires_at)

        def work(connection: Connection) -> bool:
            is_added = _add(connection, proof, session_values(session, refresh_hash))
            if is_added:
                connection.execute(insert_refresh_token(session.id, owner, refresh_hash))
            return is_added

        return session if await self._db.write(work) else None

    async def find_by_token(self, token_hash: bytes, idle_since: datetime) -> ActiveLogin | None:
        """The browser's session that was used since then."""
        return await self._active(_BY_TOKEN, {"token_hash": token_hash}, idle_since)

    async def find(self, owner: Owner, session_id: str, idle_since: datetime) -> ActiveLogin | None:
        """The session, if it is this owner's and hasn't ended."""
        return await self._active(_BY_ID, {"owner": owner, "session_id": session_id}, idle_since)

    async def refresh(self, old_hash: bytes, new_hash: bytes, idle_since: datetime) -> ActiveLogin | None:
        """The session that goes on with the new token in place of the old one. None for an unknown token or one of
        a session that has ended. Raises RefreshTokenReused. Of two who send it at once, the second is found out."""
        now = datetime.now(UTC)
        token = select(refresh_tokens).where(refresh_tokens.c.token_hash == old_hash)

        def work(connection: Connection) -> ActiveLogin | Owner | None:
            owner = connection.scalar(token.with_only_columns(refresh_tokens.c.owner))
            if owner is None:
                return None
            lock_owner(connection, Owner(owner))  # what was read before may be out of date
            found = connection.execute(token).one_or_none()
            if found is None:
                return None
            mine = (login_sessions.c.owner == found.owner) & (login_sessions.c.id == found.session_id)
            if found.used_at is not None:
                connection.execute(delete(login_sessions).where(mine))
                return Owner(found.owner)
            same_session = {"owner": found.owner, "session_id": found.session_id}
            active = _one_active(connection, _BY_ID, same_session, idle_since)
            # The session before its tokens: in the order in which a session takes them along when it ends.
            used = update(login_sessions).where(mine).values(used_at=now)
            if active is None or not connection.execute(used).rowcount:
                return None
            same = (refresh_tokens.c.owner == found.owner) & (refresh_tokens.c.token_hash == old_hash)
            connection.execute(update(refresh_tokens).where(same).values(used_at=now))
            connection.execute(insert_refresh_token(found.session_id, found.owner, new_hash))
            return active

        result = await self._db.write(work)
        if isinstance(result, str):
            raise RefreshTokenReused(result)
        return result

    async def touch(self, owner: Owner, session_id: str) -> None:
        """Says that the session is used now."""
        mine = (login_sessions.c.owner == owner) & (login_sessions.c.id == session_id)
        query = update(login_sessions).where(mine).values(used_at=datetime.now(UTC))
        await self._db.write(lambda connection: connection.execute(query))

    async def all(self, owner: Owner, idle_since: datetime) -> list[LoginSession]:
        """The owner's sessions that haven't ended, the newest first."""
        query = (
            select(*SESSION_COLUMNS)
            .where(login_sessions.c.owner == owner, *_not_ended(idle_since))
            .order_by(login_sessions.c.id.desc())
        )
        return await self._db.read(lambda connection: [to_session(row) for row in connection.execute(query)])

    async def end(self, owner: Owner, session_id: str) -> bool:
        """Whether there was one."""
        mine = (login_sessions.c.owner == owner) & (login_sessions.c.id == session_id)
        return await self._db.write(deletion_of(owner, delete(login_sessions).where(mine)))

    async def end_all(self, owner: Owner, but: str | None = None) -> None:
        """Ends the owner's sessions, `but` one."""
        query = delete(login_sessions).where(login_sessions.c.owner == owner)
        if but is not None:
            query = query.where(login_sessions.c.id != but)
        await self._db.write(deletion_of(owner, query))

    async def drop_ended(self, idle_since: datetime) -> None:
        """Forgets the sessions that have ended by themselves, whoever's they are."""
        ended = or_(login_sessions.c.expires_at <= datetime.now(UTC), login_sessions.c.used_at <= idle_since)
        # Whoever holds one of them ends it, or goes on with it. This waits for none, so nobody waits in a ring.
        free = select(login_sessions.c.id).where(ended).with_for_update(skip_locked=True)
        query = delete(login_sessions).where(login_sessions.c.id.in_(free))
        await self._db.write(lambda connection: connection.execute(query))

    async def _active(
        self, query: Select[Any], values: dict[str, Any], idle_since: datetime
    ) -> ActiveLogin | None:
        return await self._db.read(lambda connection: _one_active(connection, query, values, idle_since))


def _one_active(
    connection: Connection, query: Select[Any], values: dict[str, Any], idle_since: datetime
) -> ActiveLogin | None:
    bound = {**values, "now": datetime.now(UTC), "idle_since": idle_since}
    row = connection.execute(query, bound).one_or_none()
    return None if row is None else ActiveLogin(LoginSession(*row[2:]), row[0], row[1])


def _active_by(condition: ColumnElement[bool]) -> Select[Any]:
    return (
        select(accounts.c.role, accounts.c.models, *SESSION_COLUMNS)
        .join(accounts, accounts.c.id == login_sessions.c.owner)
        .where(
            condition,
            login_sessions.c.expires_at > bindparam("now", type_=Instant),
            login_sessions.c.used_at > bindparam("idle_since", type_=Instant),
            accounts.c.status == "active",
        )
    )


# Every request asks one of these: built once, they cost half as much.
_BY_TOKEN = _active_by(login_sessions.c.token_hash == bindparam("token_hash", type_=HASH))
_BY_ID = _active_by(
    (login_sessions.c.owner == bindparam("owner")) & (login_sessions.c.id == bindparam("session_id"))
)


# One statement: nobody locks the account between two.
_ADD = (
    insert(login_sessions)
    .from_select(
        [column.name for column in login_sessions.c],
        select(*(bindparam(f"new_{column.name}", type_=column.type) for column in login_sessions.c)).where(
            exists().where(
                accounts.c.id == bindparam("account_is"),
                accounts.c.status == "active",
                accounts.c.password_hash.is_not_distinct_from(bindparam("hash_is")),
            )
        ),
    )
    .returning(login_sessions.c.id)
)


def _add(connection: Connection, proof: PasswordProof, row: Mapping[str, Any]) -> bool:
    account = proof.account
    lock_owner(connection, account.id)
    given = {f"new_{name}": value for name, value in row.items()}
    condition = {"account_is": account.id, "hash_is": account.password_hash}
    is_added = connection.scalar(_ADD, {**given, **condition}) is not None
    if is_added:
        add_event(connection, "login", account.id, row["id"])
        clear_attempts(connection, proof.bucket)
    return is_added


def _not_ended(idle_since: datetime) -> tuple[ColumnElement[bool], ...]:
    return login_sessions.c.expires_at > datetime.now(UTC), login_sessions.c.used_at > idle_since
