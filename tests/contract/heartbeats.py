"""Heartbeats of processes in PostgreSQL, as tests see and age them."""

from sqlalchemy import text

from backend.store.sql.database import Database

LEASE = 10.0
"""Seconds for which a process may be silent."""


async def age_heartbeat(database: Database, process: str, seconds: float) -> None:
    """That process wasn't heard of for so long."""
    query = text(
        "UPDATE procrastinate_workers SET last_heartbeat = now() - make_interval(secs => :s) WHERE id = :id"
    )
    await database.write(lambda connection: connection.execute(query, {"s": seconds, "id": int(process)}))
