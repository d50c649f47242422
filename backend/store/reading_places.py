"""Repository of reading places: where in a text its owner stopped reading."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, exists, select

from backend.store.owner import Owner
from backend.store.schema.tables import reading_places, runs
from backend.store.sql.database import Database
from backend.store.sql.dialect import lock_owner, upsert


@dataclass(frozen=True, slots=True)
class ReadingPlace:
    """A row of the table `reading_places`, at most one per run. `section` is the index that the run's messages have;
    `paragraph` counts from 0 in it."""

    run_id: str
    owner: Owner
    section: int
    paragraph: int
    updated_at: datetime


class ReadingPlaceRepository:
    """Reading places in SQL."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def put(self, owner: Owner, run_id: str, section: int, paragraph: int) -> ReadingPlace | None:
        """Stores the place, which replaces the older one; None for a run that the owner hasn't."""
        place = ReadingPlace(run_id, owner, section, paragraph, datetime.now(UTC))
        is_there = select(exists().where(runs.c.owner == owner, runs.c.id == run_id))

        def work(connection: Connection) -> ReadingPlace | None:
            lock_owner(connection, owner)  # the run isn't deleted meanwhile
            if not connection.scalar(is_there):
                return None
            row = asdict(place)
            connection.execute(upsert(connection, reading_places, row, row))
            return place

        return await self._db.write(work)

    async def find(self, owner: Owner, run_id: str) -> ReadingPlace | None:
        """The place; None where none is kept."""
        query = select(reading_places).where(
            reading_places.c.owner == owner, reading_places.c.run_id == run_id
        )
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else ReadingPlace(**row._mapping)
