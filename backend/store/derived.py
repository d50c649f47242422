"""Runs by what they were made of: versions of a run's text, and runs whose input refers to something.

Both may hold what is being deleted: a version in its `origin`, both in their checkpoints. A recording has replies and
no prompts, so what is in it is the run's own.
"""

from sqlalchemy import ColumnElement, Connection, Text, cast, select, update

from backend.store.database import Database
from backend.store.erasing import delete_runs
from backend.store.owner import Owner
from backend.store.tables import runs
from backend.store.transitions import FINISHED, WAITING

_AT_REST = (*FINISHED, WAITING)


class DerivedRunRepository:
    """Runs by what they were made of: those that nobody executes at that moment."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def versions(self, owner: Owner, run_id: str) -> list[str]:
        """The ids of the versions that were made of this run's text."""
        return await self._ids(owner, runs.c.parent_run_id == run_id)

    async def referring(self, owner: Owner, id: str) -> list[str]:
        """The ids of the runs whose input has this id as a value, whichever field of whichever format it is in."""
        value = cast(runs.c.input, Text).contains(f'"{id}"', autoescape=True)
        return await self._ids(owner, value)

    async def has_lost_seed(self, owner: Owner, run_id: str) -> bool:
        """Whether a version has no text any more that it is made of, since that was deleted."""
        query = select(runs.c.origin).where(runs.c.owner == owner, runs.c.id == run_id)
        origin = await self._db.read(lambda connection: connection.scalar(query))
        return origin is not None and origin.has_lost_seed

    async def _ids(self, owner: Owner, condition: ColumnElement[bool]) -> list[str]:
        query = select(runs.c.id).where(runs.c.owner == owner, condition, runs.c.status.in_(_AT_REST))
        return await self._db.read(lambda connection: list(connection.scalars(query)))


def delete_run(connection: Connection, owner: Owner, run_id: str) -> None:
    """Deletes a run as `delete_runs` does, and takes from its versions the text that they were made of."""
    delete_runs(connection, runs.c.owner == owner, runs.c.id == run_id)
    made_of = (runs.c.owner == owner) & (runs.c.parent_run_id == run_id) & runs.c.origin.is_not(None)
    found = connection.execute(select(runs.c.id, runs.c.origin).where(made_of).with_for_update())
    for version_id, origin in found.all():
        left = (
            None if origin is None else origin.model_copy(update={"seed": None})
        )  # None: not readable any more
        mine = (runs.c.owner == owner) & (runs.c.id == version_id)
        connection.execute(update(runs).where(mine).values(origin=left))
