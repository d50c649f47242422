"""Repository of threads: how many runs were started in each, those included that are deleted."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select, update

from backend.store.owner import Owner
from backend.store.schema.tables import runs, threads
from backend.store.schema.transitions import EXECUTING
from backend.store.sql.database import Database
from backend.store.sql.dialect import announce_stop, upsert

KEY_PREFIX = "thread:"
"""Beginning of the idempotency keys of threads' runs; the thread's name follows."""

NAME_LENGTH = 32
"""Characters of a thread's name."""


@dataclass(frozen=True, slots=True)
class ThreadPlace:
    """The place of a new run in its thread, counted from 1. `replaces` is the run under way that is stopped for it."""

    thread: str
    ordinal: int
    replaces: str | None = None


class ThreadRepository:
    """Threads in SQL."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def last_ordinal(self, owner: Owner, thread: str) -> int:
        """The place of the last run that was started; 0 before the first."""
        return await self._db.read(lambda connection: _last_ordinal(connection, owner, thread))


def take_place(connection: Connection, owner: Owner, place: ThreadPlace) -> bool:
    """Takes a place for a new run, and requests the stop of the run that it replaces. False: it is taken, also by a
    run that is deleted. Part of a transaction that holds the owner's lock."""
    if _last_ordinal(connection, owner, place.thread) >= place.ordinal:
        return False
    changed = {"last_ordinal": place.ordinal}
    connection.execute(
        upsert(connection, threads, {"owner": owner, "name": place.thread, **changed}, changed)
    )
    if place.replaces is not None:
        replaced = (runs.c.owner == owner, runs.c.id == place.replaces, runs.c.status.in_(EXECUTING))
        if connection.execute(update(runs).where(*replaced).values(stop_requested=True)).rowcount:
            announce_stop(connection, place.replaces)
    return True


def _last_ordinal(connection: Connection, owner: Owner, thread: str) -> int:
    mine: tuple[ColumnElement[bool], ...] = (threads.c.owner == owner, threads.c.name == thread)
    return connection.scalar(select(threads.c.last_ordinal).where(*mine)) or 0
