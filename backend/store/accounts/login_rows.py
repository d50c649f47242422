"""Rows of log-ins, and the statements that make them, for transactions of several repositories."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Insert, Row, delete, insert, select
from ulid import ULID

from backend.store.accounts.tables import login_sessions, refresh_tokens
from backend.store.owner import Owner

LoginKind = Literal["browser", "app"]


@dataclass(frozen=True, slots=True)
class LoginSession:
    """Session as stored. `client` is what the browser or app says that it is."""

    id: str
    owner: Owner
    kind: LoginKind
    client: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionReplacement:
    """A new session in place of `session_id`: `secret_hash` is of the browser's cookie or the app's first refresh
    token."""

    session_id: str
    secret_hash: bytes
    expires_at: datetime


SESSION_COLUMNS = [login_sessions.c[each.name] for each in fields(LoginSession)]


def to_session(row: Row[Any]) -> LoginSession:
    """The session of a row of `SESSION_COLUMNS`."""
    return LoginSession(**row._mapping)


def new_session(owner: Owner, kind: LoginKind, client: str, expires_at: datetime) -> LoginSession:
    """A session with an id of its own, used now."""
    now = datetime.now(UTC)
    return LoginSession(str(ULID()), owner, kind, client[:200], now, now, expires_at)


def session_values(session: LoginSession, secret_hash: bytes) -> Mapping[str, Any]:
    """The session's columns. A browser's secret is its cookie; an app's is a row of `refresh_tokens`."""
    return {"token_hash": secret_hash if session.kind == "browser" else None, **asdict(session)}


def insert_refresh_token(session_id: str, owner: Owner, token_hash: bytes) -> Insert:
    """The statement that stores a refresh token that hasn't been used."""
    return insert(refresh_tokens).values(
        token_hash=token_hash, session_id=session_id, owner=owner, used_at=None
    )


def find_session(connection: Connection, owner: Owner, session_id: str) -> LoginSession | None:
    """The owner's session, if there is one."""
    mine = (login_sessions.c.owner == owner) & (login_sessions.c.id == session_id)
    row = connection.execute(select(*SESSION_COLUMNS).where(mine)).one_or_none()
    return None if row is None else to_session(row)


def delete_sessions(connection: Connection, owner: Owner) -> None:
    """Ends every session of the owner, with its refresh tokens. Part of a transaction that holds the owner's lock."""
    connection.execute(delete(login_sessions).where(login_sessions.c.owner == owner))


def add_replacement(connection: Connection, old: LoginSession, new: SessionReplacement) -> LoginSession:
    """Stores a session of the old one's owner, kind and client, with nothing else of it."""
    session = new_session(old.owner, old.kind, old.client, new.expires_at)
    connection.execute(insert(login_sessions).values(session_values(session, new.secret_hash)))
    if session.kind == "app":
        connection.execute(insert_refresh_token(session.id, session.owner, new.secret_hash))
    return session
