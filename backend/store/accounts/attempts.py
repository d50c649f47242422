"""Attempts, counted over a while: kept in the database, so that every process and every restart counts alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select, type_coerce
from ulid import ULID

from backend.store.accounts.tables import attempts
from backend.store.schema.columns import Instant
from backend.store.sql.database import Database
from backend.store.sql.dialect import lock
from backend.store.sql.shared_writes import SharedWrites

_SKEW = timedelta(minutes=1)
"""By which the clocks of several processes may differ."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt that is to be counted: in which buckets, each with its most, and within what time."""

    buckets: Sequence[tuple[bytes, int]]
    within: timedelta


class AttemptRepository:
    """Rows of `attempts`."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._commits: SharedWrites[_Attempt, datetime | None] = SharedWrites(database, _reserve_all)

    async def reserve(self, buckets: Sequence[tuple[bytes, int]], within: timedelta) -> datetime | None:
        """Counts one attempt in every bucket, unless one of them has its `most` within that time already: then
        nothing is counted, and the moment is returned at which there is room again. In one transaction, so that of
        many at once no more get through; those that come at once share it."""
        return await self._commits.write(_Attempt(buckets, within))

    async def clear(self, bucket: bytes) -> None:
        """Forgets a bucket: the attempt was a good one."""
        await self._db.write(lambda connection: clear_attempts(connection, bucket))

    async def drop(self, older_than: timedelta) -> None:
        """Forgets what counts no more."""
        query = delete(attempts).where(attempts.c.at <= datetime.now(UTC) - older_than)
        await self._db.write(lambda connection: connection.execute(query))


def _reserve_all(connection: Connection, attempts_: Sequence[_Attempt]) -> list[datetime | None]:
    lock(connection, *(f"attempts {bucket.hex()}" for each in attempts_ for bucket, _ in each.buckets))
    return [_reserve(connection, each) for each in attempts_]


def _reserve(connection: Connection, attempt: _Attempt) -> datetime | None:
    now = datetime.now(UTC)
    buckets = [bucket for bucket, _ in attempt.buckets]
    values = {"buckets": buckets, "since": now - attempt.within, "until": now + _SKEW}
    found = {row.bucket: row for row in connection.execute(_RECENT, values)}
    for bucket, most in attempt.buckets:
        if bucket in found and found[bucket].made >= most:
            oldest: datetime = found[bucket].oldest
            return oldest + attempt.within
    connection.execute(
        _ADD, [{"id": str(ULID()), "bucket": bucket, "at": now} for bucket, _ in attempt.buckets]
    )
    return None


def clear_attempts(connection: Connection, bucket: bytes) -> None:
    """Forgets a bucket, in the transaction of what the attempt was made for."""
    connection.execute(_CLEAR, {"bucket_is": bucket})


# Every log-in asks these: built once, they cost half as much.
_RECENT = (
    select(
        attempts.c.bucket,
        func.count().label("made"),
        type_coerce(func.min(attempts.c.at), Instant).label("oldest"),
    )
    .where(
        attempts.c.bucket.in_(bindparam("buckets", expanding=True)),
        attempts.c.at > bindparam("since"),
        # Those of a future from which the clock was set back would lock people out until it comes.
        attempts.c.at <= bindparam("until"),
    )
    .group_by(attempts.c.bucket)
)
_ADD = insert(attempts)
_CLEAR = delete(attempts).where(attempts.c.bucket == bindparam("bucket_is"))
