"""Repository of personas: viewers and speakers. Every query filters by the owner."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from ulid import ULID

from backend.scripts.store.tables import personas
from backend.store.limits import Cap, check_cap
from backend.store.owner import Owner
from backend.store.sql.database import Database
from backend.store.sql.dialect import deletion_of


@dataclass(frozen=True, slots=True)
class StoredPersona:
    """A row of the table `personas`; `data` is the persona itself, with its kind and name."""

    id: str
    owner: Owner
    kind: str
    name: str
    data: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class PersonaRepository:
    """Personas in SQL."""

    def __init__(self, database: Database, cap: Cap | None = None) -> None:
        self._db = database
        self._cap = cap

    async def add(self, owner: Owner, data: Mapping[str, Any]) -> StoredPersona:
        """Stores a new persona. Raises Conflict for one too many."""
        now = datetime.now(UTC)
        values = {**_columns(data), "id": str(ULID()), "owner": owner, "created_at": now, "updated_at": now}

        def work(connection: Connection) -> None:
            check_cap(connection, personas, owner, self._cap)
            connection.execute(insert(personas).values(values))

        await self._db.write(work)
        return StoredPersona(**values)

    async def find(self, owner: Owner, persona_id: str) -> StoredPersona | None:
        """The persona, if it is this owner's."""
        query = select(personas).where(personas.c.owner == owner, personas.c.id == persona_id)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _persona(row)

    async def look_up(self, owner: Owner, persona_id: str) -> Mapping[str, Any] | None:
        """The persona as a lookup returns it: its own fields."""
        found = await self.find(owner, persona_id)
        return None if found is None else found.data

    async def all(self, owner: Owner, kind: str | None = None) -> list[StoredPersona]:
        """The owner's personas, newest first."""
        query = select(personas).where(personas.c.owner == owner).order_by(personas.c.id.desc())
        if kind is not None:
            query = query.where(personas.c.kind == kind)
        return await self._db.read(lambda connection: [_persona(row) for row in connection.execute(query)])

    async def replace(self, owner: Owner, persona_id: str, data: Mapping[str, Any]) -> StoredPersona | None:
        """Replaces a persona and returns it; None if this owner has none with that id."""
        mine = (personas.c.owner == owner) & (personas.c.id == persona_id)

        def work(connection: Connection) -> StoredPersona | None:
            changed = {**_columns(data), "updated_at": datetime.now(UTC)}
            connection.execute(update(personas).where(mine).values(changed))
            row = connection.execute(select(personas).where(mine)).one_or_none()
            return None if row is None else _persona(row)

        return await self._db.write(work)

    async def remove(self, owner: Owner, persona_id: str) -> bool:
        """Deletes the persona; False if there was none."""
        query = delete(personas).where(personas.c.owner == owner, personas.c.id == persona_id)
        return await self._db.erase(deletion_of(owner, query))


def _columns(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": data["kind"], "name": data["name"], "data": dict(data)}


def _persona(row: Row[Any]) -> StoredPersona:
    return StoredPersona(**row._mapping)
