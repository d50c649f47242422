"""Attempts, counted over a while: kept in the database, so that every process and every restart counts alike."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select, type_coerce
from ulid import ULID

from backend.store.accounts.tables import attempts
from backend.store.columns import Instant
from backend.store.database import Database
from backend.store.dialect import lock


class AttemptRepository:
    """Rows of `attempts`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def reserve(self, buckets: Sequence[tuple[bytes, int]], within: timedelta) -> datetime | None:
        """Counts one attempt in every bucket, unless one of them has its `most` within that time already: then
        nothing is counted, and the moment is returned at which there is room again. In one transaction, so that of
        many at once no more get through."""
        now = datetime.now(UTC)
        rows = [{"id": str(ULID()), "bucket": bucket, "at": now} for bucket, _ in buckets]
        values = {"buckets": [bucket for bucket, _ in buckets], "since": now - within}

        def work(connection: Connection) -> datetime | None:
            lock(connection, *(f"attempts {bucket.hex()}" for bucket, _ in buckets))
            found = {row.bucket: row for row in connection.execute(_RECENT, values)}
            for bucket, most in buckets:
                if bucket in found and found[bucket].made >= most:
                    oldest: datetime = found[bucket].oldest
                    return oldest + within
            connection.execute(_ADD, rows)
            return None

        return await self._db.write(work)

    async def clear(self, bucket: bytes) -> None:
        """Forgets a bucket: the attempt was a good one."""
        await self._db.write(lambda connection: connection.execute(_CLEAR, {"bucket_is": bucket}))

    async def drop(self, older_than: timedelta) -> None:
        """Forgets what counts no more."""
        query = delete(attempts).where(attempts.c.at <= datetime.now(UTC) - older_than)
        await self._db.write(lambda connection: connection.execute(query))


# Every log-in asks these: built once, they cost half as much.
_RECENT = (
    select(
        attempts.c.bucket,
        func.count().label("made"),
        type_coerce(func.min(attempts.c.at), Instant).label("oldest"),
    )
    .where(attempts.c.bucket.in_(bindparam("buckets", expanding=True)), attempts.c.at > bindparam("since"))
    .group_by(attempts.c.bucket)
)
_ADD = insert(attempts)
_CLEAR = delete(attempts).where(attempts.c.bucket == bindparam("bucket_is"))
