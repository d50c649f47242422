"""Blobs of channels in LangGraph's tables in PostgreSQL, also those that are deltas."""

from collections.abc import Sequence
from typing import Any

import psycopg
from langgraph.checkpoint.postgres.base import SELECT_SQL
from langgraph.checkpoint.serde.base import SerializerProtocol
from psycopg.rows import DictRow

from backend.store.checkpoints.channel_deltas import ChannelValues, Typed, dump, is_delta

_CURRENT = """
        select array_agg(array[bl.channel::bytea, bl.type::bytea, bl.blob])
        from jsonb_each_text(checkpoint -> 'channel_versions')
        inner join checkpoint_blobs bl
            on bl.thread_id = checkpoints.thread_id
            and bl.checkpoint_ns = checkpoints.checkpoint_ns
            and bl.channel = jsonb_each_text.key
            and bl.version = jsonb_each_text.value
"""
# Each step looks one row up by the primary key (`lateral … limit 1`): a join would be planned by estimates.
_WITH_CHAINS = """
        with recursive chain as (
            select bl.channel, bl.version, bl.type, bl.blob
            from jsonb_each_text(checkpoint -> 'channel_versions')
            inner join checkpoint_blobs bl
                on bl.thread_id = checkpoints.thread_id
                and bl.checkpoint_ns = checkpoints.checkpoint_ns
                and bl.channel = jsonb_each_text.key
                and bl.version = jsonb_each_text.value
            union all
            select base.channel, base.version, base.type, base.blob
            from chain cross join lateral (
                select channel, version, type, blob from checkpoint_blobs
                where thread_id = checkpoints.thread_id
                and checkpoint_ns = checkpoints.checkpoint_ns
                and channel = chain.channel
                and version = split_part(chain.type, ':', 3)
                limit 1
            ) as base
            where starts_with(chain.type, 'delta:')
        )
        select array_agg(array[channel::bytea, type::bytea, blob, version::bytea]) from chain
"""
SELECT_WITH_CHAINS = SELECT_SQL.replace(_CURRENT, _WITH_CHAINS)
"""LangGraph's query for checkpoints, with what the deltas among their values are based on."""
assert SELECT_WITH_CHAINS != SELECT_SQL, "LangGraph reads its checkpoints by another query"

_HEADS = """
SELECT DISTINCT ON (checkpoint_ns) checkpoint_ns, checkpoint_id FROM checkpoints
WHERE thread_id = %s ORDER BY checkpoint_ns, checkpoint_id DESC
"""
_REWRITE = """
UPDATE checkpoint_blobs SET type = %s, blob = %s
WHERE thread_id = %s AND checkpoint_ns = %s AND channel = %s AND version = %s
"""
_DROP_OLDER = (
    "DELETE FROM checkpoint_writes WHERE thread_id = %s AND checkpoint_ns = %s AND checkpoint_id <> %s",
    "DELETE FROM checkpoints WHERE thread_id = %s AND checkpoint_ns = %s AND checkpoint_id <> %s",
)
_DROP_BLOBS = """
DELETE FROM checkpoint_blobs WHERE thread_id = %s AND checkpoint_ns = %s AND version IS DISTINCT FROM (
    SELECT checkpoint -> 'channel_versions' ->> channel FROM checkpoints
    WHERE thread_id = checkpoint_blobs.thread_id AND checkpoint_ns = checkpoint_blobs.checkpoint_ns
    AND checkpoint_id = %s
)
"""


def split_blobs(rows: Sequence[Sequence[bytes]] | None) -> tuple[dict[tuple[str, str], Typed], list[Any]]:
    """Blobs by channel and version, and what LangGraph itself has added to them."""
    blobs = {
        (row[0].decode(), row[3].decode()): (row[1].decode(), row[2])
        for row in rows or ()
        if len(row) == 4 and row[1] != b"empty"
    }
    return blobs, [row for row in rows or () if len(row) != 4]


async def keep_newest(
    cursor: "psycopg.AsyncCursor[DictRow]", thread_id: str, serde: SerializerProtocol
) -> None:
    """Deletes all but the thread's newest checkpoint, whose values are stored whole then. Part of a transaction."""
    await cursor.execute(_HEADS, (thread_id,))
    for head in await cursor.fetchall():
        key = thread_id, head["checkpoint_ns"], head["checkpoint_id"]
        where = "WHERE thread_id = %s AND checkpoint_ns = %s AND checkpoint_id = %s"
        await cursor.execute(SELECT_WITH_CHAINS + where, key)
        row = await cursor.fetchone()
        if row is None:
            continue
        blobs, _ = split_blobs(row["channel_values"])
        values = ChannelValues(blobs, serde)
        current = {(name, str(version)) for name, version in row["checkpoint"]["channel_versions"].items()}
        rewritten = [
            (*dump(serde, values.value(*each)), *key[:2], *each)
            for each in current & blobs.keys()
            if is_delta(blobs[each][0])
        ]
        if rewritten:
            await cursor.executemany(_REWRITE, rewritten)
        for statement in _DROP_OLDER:
            await cursor.execute(statement, key)
        await cursor.execute(_DROP_BLOBS, key)
