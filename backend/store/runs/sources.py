"""Source of a run's text: another run of the same request, finished or still active."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, literal, select, union_all

from backend.store.owner import Owner
from backend.store.schema.tables import cached_results, runs
from backend.store.schema.transitions import CACHEABLE, EXECUTING
from backend.store.sql.dialect import upsert

SKEW = timedelta(minutes=1)
"""By which the clocks of several processes may differ."""


def find_source(
    connection: Connection, owner: Owner, cache_key: str | None, kept_since: datetime | None, run_id: str
) -> str | None:
    """The id of the run whose text the run `run_id` copies: one cached since then, else one that is active. None
    if there is none, or (`kept_since` is None) none is wanted. Part of a transaction."""
    if cache_key is None or kept_since is None:
        return None
    kept = (
        select(runs.c.id, literal(0).label("rank"))
        .join(cached_results, cached_results.c.run_id == runs.c.id)
        .where(
            cached_results.c.owner == owner,
            cached_results.c.key == cache_key,
            cached_results.c.created_at > kept_since,
            # One of a future from which the clock was set back would answer until it comes.
            cached_results.c.created_at <= datetime.now(UTC) + SKEW,
            runs.c.owner == owner,
            runs.c.status.in_(CACHEABLE),
            runs.c.result.is_not(None),
        )
    )
    writing = (
        select(runs.c.id, literal(1).label("rank"))
        .where(
            runs.c.owner == owner,
            runs.c.cache_key == cache_key,
            runs.c.status.in_(EXECUTING),
            runs.c.source_run_id.is_(None),
            runs.c.id != run_id,
        )
        .order_by(runs.c.id)
        .limit(1)
    )
    # One statement: between two, the run that is being written may be completed, and neither would find it.
    found: str | None = connection.scalar(
        union_all(kept, select(writing.subquery())).order_by("rank").limit(1)
    )
    return found


def keep_result(connection: Connection, owner: Owner, cache_key: str, run_id: str) -> None:
    """Caches this run's result, in place of an older one. Part of the transaction that stores the run as complete:
    a request in between would find neither and buy it again."""
    row = {"owner": owner, "key": cache_key, "run_id": run_id, "created_at": datetime.now(UTC)}
    newer = {name: row[name] for name in ("run_id", "created_at")}
    connection.execute(upsert(connection, cached_results, row, newer))
