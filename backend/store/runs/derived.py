"""Runs by what they were made of: versions of a run's text, and runs whose input refers to something.

Both may hold what is being deleted: a version in its `origin`, both in their checkpoints. A recording has replies and
no prompts, so what is in it is the run's own.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, cast, select, update

from backend.store.erasing import delete_runs
from backend.store.owner import Owner
from backend.store.runs.run_records import Run
from backend.store.schema.tables import runs
from backend.store.schema.transitions import FINISHED, WAITING
from backend.store.sql.beside_runs import delete_checkpoints
from backend.store.sql.database import Database
from backend.store.sql.json_sql import among

_AT_REST = (*FINISHED, WAITING)
ChangeInput = Callable[[Mapping[str, Any]], dict[str, Any] | None]
"""Makes another input of a stored one; None: it stays."""


class DerivedRunRepository:
    """Runs by what they were made of. Lists of ids have those that nobody executes at that moment."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def versions(self, owner: Owner, run_id: str) -> list[str]:
        """The ids of the versions that were made of this run's text."""
        return await self._ids(owner, runs.c.parent_run_id == run_id)

    async def referring(self, owner: Owner, id: str) -> list[str]:
        """The ids of the runs whose input has this id as a value, whichever field of whichever format it is in."""
        return await self._ids(owner, _refers_to(id))

    async def has_lost_material(self, run: Run) -> bool:
        """Whether something was deleted that the run, as it was read, is made of: a version's text, or a recap of an
        earlier part in its input."""
        query = select(runs.c.origin, runs.c.input).where(runs.c.owner == run.owner, runs.c.id == run.id)
        row = await self._db.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            return False
        return row.input != run.input or (row.origin is not None and row.origin.has_lost_seed)

    async def inputs(self, owner: Owner, id: str) -> dict[str, dict[str, Any]]:
        """By run: the inputs that have this id as a value."""
        query = select(runs.c.id, runs.c.input).where(runs.c.owner == owner, _refers_to(id))
        rows = await self._db.read(lambda connection: connection.execute(query).all())
        return {row.id: row.input for row in rows}

    async def change_inputs(self, owner: Owner, id: str, change: ChangeInput) -> list[str]:
        """Changes the inputs that have this id as a value, and returns whose runs' they are. What they are now is read
        in the same transaction: of two that take something away at once, neither brings back what the other took."""
        if all(change(stored) is None for stored in (await self.inputs(owner, id)).values()):
            return []
        query = select(runs.c.id, runs.c.input).where(runs.c.owner == owner, _refers_to(id))
        in_order = query.order_by(runs.c.id).with_for_update()  # of ids: nobody waits in a ring

        def work(connection: Connection) -> list[str]:
            stored = {row.id: change(row.input) for row in connection.execute(in_order).all()}
            changed = {run_id: left for run_id, left in stored.items() if left is not None}
            for run_id, left in changed.items():
                mine = (runs.c.owner == owner) & (runs.c.id == run_id)
                connection.execute(update(runs).where(mine).values(input=left))
            return list(changed)

        return await self._db.erase(work)

    async def at_rest(self, owner: Owner, run_ids: Iterable[str]) -> list[str]:
        """Those of these runs that nobody executes."""
        return await self._ids(owner, runs.c.id.in_(among(run_ids)))

    async def delete_checkpoints(self, run_ids: Collection[str]) -> None:
        """Deletes the checkpoints of these runs, where they are in this database."""
        await self._db.write(lambda connection: delete_checkpoints(connection, list(run_ids)))

    async def _ids(self, owner: Owner, condition: ColumnElement[bool]) -> list[str]:
        query = select(runs.c.id).where(runs.c.owner == owner, condition, runs.c.status.in_(_AT_REST))
        return await self._db.read(lambda connection: list(connection.scalars(query)))


def _refers_to(id: str) -> ColumnElement[bool]:
    return cast(runs.c.input, Text).contains(f'"{id}"', autoescape=True)


def delete_run(connection: Connection, owner: Owner, run_id: str) -> None:
    """Deletes a run as `delete_runs` does, and takes from its versions the text that they were made of."""
    delete_runs(connection, runs.c.owner == owner, runs.c.id == run_id)
    made_of = (runs.c.owner == owner) & (runs.c.parent_run_id == run_id) & runs.c.origin.is_not(None)
    found = connection.execute(select(runs.c.id, runs.c.origin).where(made_of).with_for_update())
    for version_id, origin in found.all():
        # None: one that this release can't read.
        left = None if origin is None else origin.model_copy(update={"seed": None})
        mine = (runs.c.owner == owner) & (runs.c.id == version_id)
        connection.execute(update(runs).where(mine).values(origin=left))
