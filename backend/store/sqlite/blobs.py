"""Blobs of channels in SQLite: a channel's value is stored once for each of its versions, beside LangGraph's tables.

A row of `checkpoints` has only what is small. One of an earlier release has all its values, and is read as it is.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from langgraph.checkpoint.base import Checkpoint, CheckpointTuple
from langgraph.checkpoint.serde.base import SerializerProtocol

from backend.store.checkpoints.channel_deltas import ChannelValues, Typed, dump, is_delta, is_inline

Statement = tuple[str, list[tuple[Any, ...]]]
"""SQL, and the rows that it is executed with."""

CREATE_BLOBS = """
CREATE TABLE IF NOT EXISTS checkpoint_blobs (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL DEFAULT '',
    channel TEXT NOT NULL,
    version TEXT NOT NULL,
    type TEXT NOT NULL,
    blob BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, channel, version)
)
"""
_PUT = (
    "INSERT OR REPLACE INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_REWRITE = (
    "UPDATE checkpoint_blobs SET type = ?, blob = ?"
    " WHERE thread_id = ? AND checkpoint_ns = ? AND channel = ? AND version = ?"
)
_DROP = (
    "DELETE FROM checkpoint_blobs WHERE thread_id = ? AND checkpoint_ns = ? AND channel = ? AND version = ?"
)
_HEADS = (
    "SELECT checkpoint_ns, max(checkpoint_id) FROM checkpoints WHERE thread_id = ? GROUP BY checkpoint_ns"
)
_HEAD = (
    "SELECT type, checkpoint FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?"
)
_DROP_OLDER = "DELETE FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id <> ?"
_DROP_WRITES = "DELETE FROM writes WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id <> ?"


def put_blobs(
    place: tuple[str, str], versions: Mapping[str, Any], values: Mapping[str, Any], serde: SerializerProtocol
) -> Statement:
    """The statement that stores these values, or deltas, of channels of a thread and namespace."""
    return _PUT, [
        (*place, channel, str(versions[channel]), *dump(serde, value)) for channel, value in values.items()
    ]


def without_blobs(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with the values that stand in its row."""
    values = {
        name: value for name, value in checkpoint["channel_values"].items() if is_inline(checkpoint, name)
    }
    return {**checkpoint, "channel_values": values}


def with_values(
    connection: sqlite3.Connection, serde: SerializerProtocol, found: Iterable[CheckpointTuple]
) -> list[CheckpointTuple]:
    """The checkpoints with all their values."""
    threads: dict[tuple[str, str], ChannelValues] = {}
    whole = []
    for each in found:
        place = each.config["configurable"]
        key = str(place["thread_id"]), str(place.get("checkpoint_ns", ""))
        if key not in threads:
            threads[key] = ChannelValues(_find_blobs(connection, *key), serde)
        checkpoint: Checkpoint = {**each.checkpoint, "channel_values": threads[key].of(each.checkpoint)}
        whole.append(each._replace(checkpoint=checkpoint))
    return whole


def keep_newest(connection: sqlite3.Connection, thread_id: str, serde: SerializerProtocol) -> None:
    """Deletes all but the thread's newest checkpoint, whose values are stored whole then. Part of a transaction."""
    for space, checkpoint_id in connection.execute(_HEADS, (thread_id,)).fetchall():
        head = connection.execute(_HEAD, (thread_id, space, checkpoint_id)).fetchone()
        blobs = _find_blobs(connection, thread_id, space)
        values = ChannelValues(blobs, serde)
        versions = serde.loads_typed(head)["channel_versions"]
        kept = {(name, str(version)) for name, version in versions.items()} & blobs.keys()
        rewritten = [
            (*dump(serde, values.value(*key)), thread_id, space, *key)
            for key in kept
            if is_delta(blobs[key][0])
        ]
        connection.executemany(_REWRITE, rewritten)
        connection.executemany(_DROP, [(thread_id, space, *key) for key in blobs.keys() - kept])
        connection.execute(_DROP_OLDER, (thread_id, space, checkpoint_id))
        connection.execute(_DROP_WRITES, (thread_id, space, checkpoint_id))


def _find_blobs(
    connection: sqlite3.Connection, thread_id: str, checkpoint_ns: str
) -> dict[tuple[str, str], Typed]:
    rows = connection.execute(
        "SELECT channel, version, type, blob FROM checkpoint_blobs WHERE thread_id = ? AND checkpoint_ns = ?",
        (thread_id, checkpoint_ns),
    )
    return {(channel, version): (kind, blob) for channel, version, kind, blob in rows}
