"""API keys in SQL."""

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from ulid import ULID

from backend.store.accounts.allowances.allowance import Allowance
from backend.store.accounts.callers import current_caller, lock_for_caller
from backend.store.accounts.tables import HASH, accounts, api_keys
from backend.store.owner import Owner
from backend.store.schema.columns import Instant
from backend.store.sql.database import Database
from backend.store.sql.dialect import deletion_of


@dataclass(frozen=True, slots=True)
class ApiKey:
    """API key as stored. `hint` is how the key begins, so that its owner knows it again; `models` its allow-list of
    models, None: its account's. The limits are within its account's; None: no narrower one."""

    id: str
    owner: Owner
    name: str
    hint: str
    scopes: list[str]
    models: list[str] | None
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime
    runs_at_once: int | None
    runs_a_day: int | None
    runs_a_month: int | None
    usd_a_month: float | None


@dataclass(frozen=True, slots=True)
class ActiveKey:
    """A key that hasn't expired, of an account that isn't locked, with the account's role and allow-list of models."""

    key: ApiKey
    role: str
    models: list[str] | None


_KEY = [api_keys.c[each.name] for each in fields(ApiKey)]


class ApiKeyRepository:
    """Rows of `api_keys`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, owner: Owner, key_hash: bytes, most: int, **values: Any) -> ApiKey | None:
        """The new key; None if the owner has `most` keys. Raises Unauthenticated as `lock_for_caller`."""
        row: dict[str, Any] = {
            "id": str(ULID()),
            "owner": owner,
            "created_at": datetime.now(UTC),
            "used_at": None,
            "models": None,
            **asdict(Allowance()),
        }
        row.update(values)
        count = select(func.count()).select_from(api_keys).where(api_keys.c.owner == owner)
        caller = current_caller()

        def work(connection: Connection) -> bool:
            lock_for_caller(connection, owner, caller)
            if (connection.scalar(count) or 0) >= most:
                return False
            connection.execute(insert(api_keys).values(key_hash=key_hash, **row))
            return True

        return ApiKey(**row) if await self._db.write(work) else None

    async def update(self, owner: Owner, key_id: str, **values: Any) -> ApiKey | None:
        """The key with these columns set; None if the owner has no such key, or it has expired. In one transaction, for
        which those that charge a run to it wait."""
        mine = (api_keys.c.owner == owner) & (api_keys.c.id == key_id)
        caller = current_caller()

        def work(connection: Connection) -> ApiKey | None:
            lock_for_caller(connection, owner, caller)
            alive = update(api_keys).where(mine, api_keys.c.expires_at > datetime.now(UTC))
            if not connection.execute(alive.values(**values)).rowcount:
                return None
            return ApiKey(**connection.execute(select(*_KEY).where(mine)).one()._mapping)

        return await self._db.write(work)

    async def find_by_hash(self, key_hash: bytes) -> ActiveKey | None:
        """The key that this is the hash of."""
        return await self._active(_BY_HASH, key_hash=key_hash)

    async def find(self, owner: Owner, key_id: str) -> ActiveKey | None:
        """The key, if it is this owner's and hasn't expired."""
        return await self._active(_BY_ID, owner=owner, key_id=key_id)

    async def touch(self, owner: Owner, key_id: str) -> None:
        """Says that the key is used now."""
        mine = (api_keys.c.owner == owner) & (api_keys.c.id == key_id)
        query = update(api_keys).where(mine).values(used_at=datetime.now(UTC))
        await self._db.write(lambda connection: connection.execute(query))

    async def all(self, owner: Owner) -> list[ApiKey]:
        """The owner's keys, the newest first."""
        query = select(*_KEY).where(api_keys.c.owner == owner).order_by(api_keys.c.id.desc())
        return await self._db.read(
            lambda connection: [ApiKey(**row._mapping) for row in connection.execute(query)]
        )

    async def remove(self, owner: Owner, key_id: str) -> bool:
        """Whether there was one."""
        mine = (api_keys.c.owner == owner) & (api_keys.c.id == key_id)
        return await self._db.write(deletion_of(owner, delete(api_keys).where(mine)))

    async def remove_all(self, owner: Owner) -> None:
        """Removes the owner's keys."""
        query = delete(api_keys).where(api_keys.c.owner == owner)
        await self._db.write(deletion_of(owner, query))

    async def _active(self, query: Select[Any], **values: Any) -> ActiveKey | None:
        bound = {**values, "now": datetime.now(UTC)}
        row = await self._db.read(lambda connection: connection.execute(query, bound).one_or_none())
        return None if row is None else ActiveKey(ApiKey(*row[2:]), row[0], row[1])


def _active_by(condition: ColumnElement[bool]) -> Select[Any]:
    return (
        select(accounts.c.role, accounts.c.models, *_KEY)
        .join(accounts, accounts.c.id == api_keys.c.owner)
        .where(
            condition,
            api_keys.c.expires_at > bindparam("now", type_=Instant),
            accounts.c.status == "active",
        )
    )


# Every request asks one of these: built once, they cost half as much.
_BY_HASH = _active_by(api_keys.c.key_hash == bindparam("key_hash", type_=HASH))
_BY_ID = _active_by((api_keys.c.owner == bindparam("owner")) & (api_keys.c.id == bindparam("key_id")))
