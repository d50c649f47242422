"""Attempts, counted over a while: kept in the database, so that every process and every restart counts alike."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select
from ulid import ULID

from backend.store.accounts.tables import attempts
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
        since = now - within

        def work(connection: Connection) -> datetime | None:
            lock(connection, *(f"attempts {bucket.hex()}" for bucket, _ in buckets))
            for bucket, most in buckets:
                recent = (attempts.c.bucket == bucket) & (attempts.c.at > since)
                query = select(func.count(), func.min(attempts.c.at)).where(recent)
                count, oldest = connection.execute(query).one()
                if count >= most:
                    return datetime.fromtimestamp(oldest.timestamp(), UTC) + within
            rows = [{"id": str(ULID()), "bucket": bucket, "at": now} for bucket, _ in buckets]
            connection.execute(insert(attempts), rows)
            return None

        return await self._db.write(work)

    async def clear(self, bucket: bytes) -> None:
        """Forgets a bucket: the attempt was a good one."""
        query = delete(attempts).where(attempts.c.bucket == bucket)
        await self._db.write(lambda connection: connection.execute(query))

    async def drop(self, older_than: timedelta) -> None:
        """Forgets what counts no more."""
        query = delete(attempts).where(attempts.c.at <= datetime.now(UTC) - older_than)
        await self._db.write(lambda connection: connection.execute(query))
