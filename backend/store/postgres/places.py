"""Places of runs in the queue, stated as progress in the logs of those that wait for their first worker.

So a reader of any process has them, under the ids and guarantees of every other message. They are written past the
log's writer, since there is none yet: whoever takes the run waits for them, and goes on after them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text

from backend.store.schema.tables import log_entries, log_heads, runs
from backend.store.schema.transitions import EXECUTING
from backend.store.sql.json_sql import among
from workflows.messages.messages import ProgressReported, encode

_TURN = 7_310_003
"""Of all processes one at a time states places."""
_PATIENCE_SECONDS = 1.5
"""A run that is taken sooner than that has no place stated."""
_PLACES = """
SELECT job.run_id, job.place, last.seq, last.data
FROM (
    SELECT id, lock AS run_id, row_number() OVER (ORDER BY priority DESC, id) AS place
    FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = 'runs'
) AS job
JOIN runs ON runs.id = job.run_id AND runs.status = ANY (:executing) AND runs.process IS NULL
    AND runs.answer IS NULL AND runs.superseded_error_seq IS NULL
LEFT JOIN LATERAL (
    SELECT seq, data FROM log_entries WHERE run_id = job.run_id ORDER BY seq DESC LIMIT 1
) AS last ON true
WHERE NOT EXISTS (SELECT 1 FROM log_entries WHERE run_id = job.run_id AND type <> 'progress')
AND (SELECT min(at) FROM procrastinate_events WHERE job_id = job.id) < now() - make_interval(secs => :patience)
ORDER BY job.run_id
"""
_NEW_HEADS = """
INSERT INTO log_heads (run_id, epoch) SELECT id, 0 FROM runs WHERE id = ANY (:ids) ORDER BY id
ON CONFLICT DO NOTHING
"""


def state_places(connection: Connection) -> list[str]:
    """Appends to the log of each run that waits for its first worker at which place it is, where that has changed.
    Returns these runs; none while another process does the same. Part of a transaction of its own."""
    if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _TURN}):
        return []
    found = connection.execute(
        text(_PLACES), {"patience": _PATIENCE_SECONDS, "executing": sorted(EXECUTING)}
    ).all()
    news = {row["run_id"]: row for row in _changed(found)}
    if not news:
        return []
    connection.execute(text(_NEW_HEADS), {"ids": list(news)})
    # As every writer: the heads of the logs first, and then who executes the run. Whoever takes it meanwhile waits.
    heads = select(log_heads.c.run_id).where(log_heads.c.run_id.in_(among(news))).order_by(log_heads.c.run_id)
    held = set(connection.scalars(heads.with_for_update()))
    waiting = select(runs.c.id).where(
        runs.c.id.in_(among(held)), runs.c.process.is_(None), runs.c.status.in_(EXECUTING)
    )
    rows = [news[run_id] for run_id in connection.scalars(waiting)]
    if rows:
        connection.execute(insert(log_entries), rows)
    return [row["run_id"] for row in rows]


def _changed(found: Sequence[Row[Any]]) -> Iterator[Mapping[str, Any]]:
    """Entries for those whose place isn't the last message of their log."""
    for row in found:
        run_id, place, seq, data = tuple(row)
        entry = encode(
            ProgressReported(percent=0, words=0, target_words=0, message=describe_place(int(place)))
        )
        if data is None or bytes(data) != entry:
            yield {"run_id": run_id, "seq": (seq or 0) + 1, "type": "progress", "data": entry}


def describe_place(place: int) -> str:
    """A place in words; those further behind are rounded up, since each is a message."""
    step = 1 if place <= 10 else 10 if place <= 100 else 100
    about = "" if step == 1 else "about "
    return f"Waiting for a worker: {about}{-(-place // step) * step} in the queue"
