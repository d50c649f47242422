"""Chapters that outlast the story session whose series they were."""

from sqlalchemy import ColumnElement, Connection, select, update

from backend.store.owner import Owner
from backend.store.schema.tables import runs


def leave_series(connection: Connection, owner: Owner, chapters: ColumnElement[bool]) -> list[str]:
    """Makes runs of their own of these chapters of the owner's. Returns their ids.

    Rows are held in the order of ids, as whoever holds several does: nobody waits in a ring.
    """
    in_order = select(runs.c.id).where(runs.c.owner == owner, chapters).order_by(runs.c.id).with_for_update()
    left = list(connection.scalars(in_order))
    connection.execute(update(runs).where(runs.c.owner == owner, chapters).values(series=None, part=None))
    return left
