"""Accounts in SQL, and the identities by which another issuer knows them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from ulid import ULID

from backend.store.accounts.callers import check_admin, current_caller, lock_for_caller
from backend.store.accounts.events import ISSUER, add_event
from backend.store.accounts.login_rows import (
    LoginSession,
    SessionReplacement,
    add_replacement,
    delete_sessions,
    find_session,
)
from backend.store.accounts.one_time_tokens import take_token
from backend.store.accounts.tables import (
    accounts,
    api_keys,
    identities,
    login_sessions,
    one_time_tokens,
    stream_tickets,
)
from backend.store.owner import Owner
from backend.store.sql.database import Database
from backend.store.sql.dialect import insert_unless_there, lock, lock_owner
from backend.store.sql.json_sql import among

Role = Literal["user", "admin"]
AccountStatus = Literal["active", "locked", "deleting"]


@dataclass(frozen=True, slots=True)
class Account:
    """Account as stored. `runs_at_once`, `runs_a_day`, `runs_a_month` and `usd_a_month` are its own limits; None: the
    settings'. `models` is its allow-list of models; None: every model that the service allows."""

    id: Owner
    email: str | None
    password_hash: str | None
    role: Role
    status: AccountStatus
    email_verified_at: datetime | None
    runs_at_once: int | None
    runs_a_day: int | None
    usd_a_month: float | None
    models: list[str] | None
    created_at: datetime
    runs_a_month: int | None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that is to be stored, as active."""

    email: str | None
    password_hash: str | None = None
    role: Role = "user"
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Identity of an account's owner at another issuer."""

    issuer: str
    subject: str


class AccountRepository:
    """Rows of `accounts`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, new: NewAccount) -> Account | None:
        """The new account; None if the address has one."""
        row = _row(new)
        try:
            await self._db.write(lambda connection: connection.execute(insert(accounts).values(row)))
        except IntegrityError:
            return None
        return Account(**row)

    async def register(self, new: NewAccount, invitation: bytes | None = None) -> Account | None:
        """As `add`, with an event in the same transaction, also for an address that has an account: neither the time
        that it takes nor the `invitation`, which is used up either way, tells which it was. Raises SpentToken."""
        row = _row(new)

        def work(connection: Connection) -> bool:
            if invitation is not None:
                take_token(connection, "invite", invitation)
            connection.execute(insert_unless_there(connection, accounts, row))
            owner = connection.scalar(select(accounts.c.id).where(accounts.c.email == new.email))
            is_new: bool = owner == row["id"]
            if invitation is not None:
                add_event(connection, "invitation_used", owner)
            add_event(connection, "account_created" if is_new else "registered_again", owner)
            return is_new

        return Account(**row) if await self._db.write(work) else None

    async def find(self, owner: Owner) -> Account | None:
        """The account with this id."""
        return await self._one(_BY_ID, id_is=owner)

    async def find_by_email(self, email: str) -> Account | None:
        """The account of this address, which is normalised already."""
        return await self._one(_BY_EMAIL, email_is=email)

    async def find_or_add_identity(self, issuer: str, subject: str, role: Role) -> Account:
        """The account that this issuer's subject has, made the first time. Its role is as the issuer says now."""
        same = (identities.c.issuer == issuer) & (identities.c.subject == subject)
        query = select(accounts).join(identities, identities.c.owner == accounts.c.id).where(same)

        def work(connection: Connection) -> Account:
            lock(connection, f"identity {issuer} {subject}")
            if (row := connection.execute(query).one_or_none()) is not None:
                account = _account(row)
                if account.role != role:
                    connection.execute(update(accounts).where(accounts.c.id == account.id).values(role=role))
                    kind = "account_promoted" if role == "admin" else "account_demoted"
                    add_event(connection, kind, account.id, actor=ISSUER)
                    return _account(connection.execute(query).one())
                return account
            new = _row(NewAccount(None, role=role))
            connection.execute(insert(accounts).values(new))
            connection.execute(insert(identities).values(issuer=issuer, subject=subject, owner=new["id"]))
            add_event(connection, "account_created", new["id"], actor=ISSUER)
            return Account(**new)

        found = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        if found is not None and found.role == role:
            return _account(found)
        return await self._db.write(work)

    async def page(self, *, after: str | None = None, limit: int) -> list[Account]:
        """All accounts, the oldest first, for admins."""
        query = select(accounts).order_by(accounts.c.id).limit(limit)
        if after is not None:
            query = query.where(accounts.c.id > after)
        return await self._db.read(lambda connection: [_account(row) for row in connection.execute(query)])

    async def find_addresses(self, ids: Collection[str]) -> dict[str, str]:
        """The addresses of those of these ids that are accounts with one, for admins."""
        query = select(accounts.c.id, accounts.c.email).where(
            accounts.c.id.in_(among(ids)), accounts.c.email.is_not(None)
        )
        return await self._db.read(
            lambda connection: {row.id: row.email for row in connection.execute(query)}
        )

    async def find_identities(self, owners: Collection[Owner]) -> dict[Owner, Identity]:
        """By account: who it is to the issuer that vouches for it."""
        query = select(identities.c.owner, identities.c.issuer, identities.c.subject)
        query = query.where(identities.c.owner.in_(among(owners))).order_by(identities.c.issuer.desc())
        rows = await self._db.read(lambda connection: connection.execute(query).all())
        return {Owner(row.owner): Identity(row.issuer, row.subject) for row in rows}

    async def of_status(self, status: AccountStatus) -> list[Account]:
        """Every account in this state."""
        query = select(accounts).where(accounts.c.status == status)
        return await self._db.read(lambda connection: [_account(row) for row in connection.execute(query)])

    async def update(self, owner: Owner, **values: Any) -> bool:
        """Sets columns; False if there is no such account, or it is being deleted and would be brought back.

        The log-ins, tickets and links of one that isn't active end for good, and with its password or its address the
        links that were sent before. In one transaction, for which those that make a log-in or a run wait. Raises
        Unauthenticated as `lock_for_caller`, Forbidden as `check_admin`.
        """
        caller = current_caller()

        def work(connection: Connection) -> bool:
            lock_for_caller(connection, owner, caller)
            check_admin(connection, owner, caller)
            return _set(connection, owner, values)

        return await self._db.write(work)

    async def begin_deletion(self, owner: Owner, by: str) -> bool:
        """As `update` to an account that is being deleted, with the event that says who asked for it, in the same
        transaction: whoever goes on with it after a crash knows."""
        caller = current_caller()

        def work(connection: Connection) -> bool:
            lock_for_caller(connection, owner, caller)
            check_admin(connection, owner, caller)
            is_there = _set(connection, owner, {"status": "deleting"})
            if is_there:
                add_event(connection, "account_deletion_asked", owner, actor=by)
            return is_there

        return await self._db.write(work)

    async def reset_password(self, token_hash: bytes, password_hash: str) -> Owner:
        """Sets the password by a one-time token, and returns whose it is. Every log-in ends, every link that was sent
        before, and every key; the address is confirmed. In one transaction. Raises SpentToken."""

        def work(connection: Connection) -> Owner:
            owner = take_token(connection, "reset", token_hash) or Owner("")
            values = {"password_hash": password_hash, "email_verified_at": datetime.now(UTC)}
            _set_password(connection, owner, values, revoke_keys=True)
            return owner

        return await self._db.write(work)

    async def verify_email(self, token_hash: bytes) -> Owner:
        """Confirms an address by a one-time token, and returns whose it is. Raises SpentToken."""

        def work(connection: Connection) -> Owner:
            owner = take_token(connection, "verify", token_hash) or Owner("")
            _set(connection, owner, {"email_verified_at": datetime.now(UTC)})
            return owner

        return await self._db.write(work)

    async def change_password(
        self,
        owner: Owner,
        password_hash: str,
        replacement: SessionReplacement,
        *,
        instead_of: str | None,
        revoke_keys: bool = False,
    ) -> LoginSession | None:
        """Sets the password, and ends every log-in, every link that was sent before, and the keys if that is requested,
        with a new session for the one that the change is made in. None, and nothing is changed, where that one has
        ended, or the hash isn't `instead_of` any more."""

        def work(connection: Connection) -> LoginSession | None:
            lock_owner(connection, owner)
            old = find_session(connection, owner, replacement.session_id)
            if old is None or connection.scalar(_HASH, {"id_is": owner}) != instead_of:
                return None
            _set_password(connection, owner, {"password_hash": password_hash}, revoke_keys)
            return add_replacement(connection, old, replacement)

        return await self._db.write(work)

    async def replace_hash(self, owner: Owner, old: str, new: str) -> None:
        """Keeps the same password as another hash, unless it was changed meanwhile."""
        same = (accounts.c.id == owner) & (accounts.c.password_hash == old)
        query = update(accounts).where(same).values(password_hash=new)
        await self._db.write(lambda connection: connection.execute(query))

    async def _one(self, query: Select[Any], **values: str) -> Account | None:
        row = await self._db.read(lambda connection: connection.execute(query, values).one_or_none())
        return None if row is None else _account(row)


# Built once, they cost half as much.
_BY_ID = select(accounts).where(accounts.c.id == bindparam("id_is"))
_HASH = select(accounts.c.password_hash).where(accounts.c.id == bindparam("id_is"))
_BY_EMAIL = select(accounts).where(accounts.c.email == bindparam("email_is"))


def _set(connection: Connection, owner: Owner, values: Mapping[str, Any]) -> bool:
    statement = update(accounts).where(accounts.c.id == owner)
    if values.get("status", "deleting") != "deleting":  # nothing brings back an account that is being deleted
        statement = statement.where(accounts.c.status != "deleting")
    changed = connection.execute(statement.values(**values))
    if not changed.rowcount:
        return False
    for table in _ended_by(values):
        connection.execute(delete(table).where(table.c.owner == owner))
    return True


def _set_password(connection: Connection, owner: Owner, values: Mapping[str, Any], revoke_keys: bool) -> None:
    delete_sessions(connection, owner)
    _set(connection, owner, values)
    if revoke_keys:
        connection.execute(delete(api_keys).where(api_keys.c.owner == owner))


def _ended_by(values: Mapping[str, Any]) -> tuple[Table, ...]:
    """The tables whose rows of an account end with a change of these columns."""
    if values.get("status", "active") != "active":
        return login_sessions, stream_tickets, one_time_tokens
    return (one_time_tokens,) if {"password_hash", "email"} & values.keys() else ()


def _row(new: NewAccount) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": Owner(str(ULID())),
        "email": new.email,
        "password_hash": new.password_hash,
        "role": new.role,
        "status": "active",
        "email_verified_at": now if new.verified else None,
        "runs_at_once": None,
        "runs_a_day": None,
        "usd_a_month": None,
        "models": None,
        "created_at": now,
        "runs_a_month": None,
    }


def _account(row: Row[Any]) -> Account:
    return Account(**row._mapping)
