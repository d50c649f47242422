"""The queue's tables beside ours: who of its workers is alive, what waits, and which runs nobody executes any more.

The clock is the database's alone: hosts may disagree about the time.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from backend.store.postgres.places import state_places
from backend.store.runs.runs import Enqueue
from backend.store.schema.transitions import COMPLETED, EXECUTING
from backend.store.sql.database import Database
from backend.store.sql.dialect import lock

QUEUE = "runs"
_ALIVE = "worker.last_heartbeat > now() - make_interval(secs => :lease)"
_STALLED = f"""
SELECT job.id, job.lock FROM procrastinate_jobs AS job
LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
WHERE job.status = 'doing' AND job.queue_name = '{QUEUE}' AND ({_ALIVE}) IS NOT TRUE
ORDER BY job.id LIMIT 500 FOR UPDATE OF job SKIP LOCKED
"""
_LOST = f"""
SELECT run.id FROM runs AS run WHERE run.status = ANY (:executing)
AND NOT EXISTS (
    SELECT 1 FROM procrastinate_jobs AS job WHERE job.lock = run.id AND job.status IN ('todo', 'doing')
) AND NOT EXISTS (
    SELECT 1 FROM procrastinate_workers AS worker WHERE worker.id::text = run.process AND {_ALIVE}
)
ORDER BY run.id LIMIT 500
"""
GIVE_BACK = """
WITH unneeded AS (
    DELETE FROM procrastinate_jobs AS job WHERE job.status = 'doing' AND job.id = ANY ({ids}) AND EXISTS (
        SELECT 1 FROM procrastinate_jobs AS other
        WHERE other.queueing_lock = job.queueing_lock AND other.status = 'todo'
    )
    RETURNING job.id
)
UPDATE procrastinate_jobs SET status = 'todo'
WHERE status = 'doing' AND id = ANY ({ids}) AND id NOT IN (SELECT id FROM unneeded)
"""
"""Puts jobs back, but for those whose run was queued anew meanwhile: one job is enough."""
_EXECUTING = {"executing": sorted(EXECUTING)}
_REGISTER = "INSERT INTO service_processes (id, slots, lease_seconds) VALUES (:id, :slots, :lease)"
_LEASE_IN_USE = """
SELECT process.lease_seconds FROM service_processes AS process JOIN procrastinate_workers AS worker USING (id)
WHERE worker.last_heartbeat > now() - make_interval(secs => process.lease_seconds) ORDER BY id LIMIT 1
"""
_BEGINNING = 1_767_225_600
"""The time from which priorities count their seconds: the first second of 2026."""
_RECENT_RUNS, _USUAL_WORDS, _WORDS_A_SECOND = 500, 1000, 20
_TURN = 7_310_002
"""Of all processes one at a time looks for runs that nobody executes."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """Runs that wait, how long the first of them has waited, and the worker processes that are alive, with their
    slots. `lease_age`: seconds since the heartbeat of the one among them that was silent longest."""

    queued: int
    oldest_seconds: float
    workers: int
    slots: int
    lease_age: float


class JobRepository:
    """The queue's jobs and workers. A process has the id of a worker of its own, under which it executes runs."""

    def __init__(
        self,
        database: Database,
        enqueue: Enqueue,
        lease_seconds: float,
        announce: Callable[[Sequence[str]], None] = lambda _: None,
    ) -> None:
        """A process is taken for dead that was silent for `lease_seconds`, or as long as those go by that are there
        already (`register`). `announce` wakes the readers of runs."""
        self._announce = announce
        self._db = database
        self._enqueue = enqueue
        self._lease = {"lease": lease_seconds}

    @property
    def lease_seconds(self) -> float:
        """Seconds of silence after which a process is taken for dead: since it was registered, those of all."""
        return self._lease["lease"]

    async def register(self, slots: int | None = None) -> str:
        """The id of a new process: a worker with so many slots, or one that executes no runs.

        Where other processes are alive, their lease holds for this one too: nobody may take another for dead that
        beats in its own time.
        """

        def work(connection: Connection) -> tuple[str, float]:
            lock(connection, "processes")
            lease = connection.scalar(text(_LEASE_IN_USE)) or self.lease_seconds
            process = connection.scalar(text("SELECT worker_id FROM procrastinate_register_worker_v1()"))
            connection.execute(text(_REGISTER), {"id": process, "slots": slots, "lease": lease})
            return str(process), float(lease)

        process, self._lease["lease"] = await self._db.write(work)
        return process

    async def unregister(self, process: str) -> None:
        """Declares that this process executes no more runs."""
        query = text("SELECT procrastinate_unregister_worker_v1(:id)")
        await self._db.write(lambda connection: connection.execute(query, {"id": int(process)}))

    async def beat(self, workers: Collection[int]) -> None:
        """Declares that these are alive."""
        query = text("UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = ANY (:ids)")
        await self._db.write(lambda connection: connection.execute(query, {"ids": sorted(workers)}))

    async def is_alive(self, process: str) -> bool:
        """Whether this process was heard of within the lease."""
        query = text(f"SELECT 1 FROM procrastinate_workers AS worker WHERE id::text = :id AND {_ALIVE}")
        values = {"id": process, **self._lease}
        return await self._db.read(lambda connection: connection.scalar(query, values) is not None)

    async def redeliver(self) -> list[str]:
        """Puts runs whose worker is dead into the queue again, and returns them; none while another process looks.

        The dead worker's job is deleted, and a new one made: who comes back has nothing left to finish.
        """

        def work(connection: Connection) -> list[str]:
            if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _TURN}):
                return []
            found: list[str] = []
            for job_id, run_id in connection.execute(text(_STALLED), self._lease).all():
                finish = text("SELECT procrastinate_finish_job_v1(:id, 'aborted', true)")
                connection.execute(finish, {"id": job_id})
                found.append(run_id)
            # Among them those of the jobs just closed.
            found += connection.scalars(text(_LOST), {**self._lease, **_EXECUTING})
            for run_id in dict.fromkeys(found):
                self._enqueue(connection, run_id)
            return list(dict.fromkeys(found))

        return await self._db.write(work)

    async def own_jobs(self, workers: Collection[int]) -> dict[str, int]:
        """The job of each run that these workers have been given."""
        query = text(
            "SELECT lock, id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = ANY (:ids)"
        )
        rows = await self._db.read(
            lambda connection: connection.execute(query, {"ids": sorted(workers)}).all()
        )
        return {run_id: job_id for run_id, job_id in rows if run_id is not None}

    async def give_back(self, job_ids: Sequence[int]) -> None:
        """Puts jobs back that were given to a worker which never heard of it."""
        query = text(GIVE_BACK.format(ids=":ids"))
        await self._db.write(lambda connection: connection.execute(query, {"ids": list(job_ids)}))

    async def state_places(self) -> list[str]:
        """States in the logs of waiting runs where they are in the queue; returns the runs that have news."""
        run_ids = await self._db.write(state_places)
        self._announce(run_ids)
        return run_ids

    async def state(self) -> QueueState:
        """What waits, and who is there."""
        waiting = text(f"""
            SELECT count(*), coalesce(extract(epoch FROM now() - min(deferred.at)), 0)
            FROM procrastinate_jobs AS job JOIN LATERAL (
                SELECT min(event.at) AS at FROM procrastinate_events AS event WHERE event.job_id = job.id
            ) AS deferred ON true WHERE job.status = 'todo' AND job.queue_name = '{QUEUE}'
        """)
        alive = text(f"""
            SELECT count(*), coalesce(sum(slots), 0), coalesce(extract(epoch FROM now() - min(last_heartbeat)), 0)
            FROM procrastinate_workers AS worker JOIN service_processes AS process USING (id)
            WHERE slots IS NOT NULL AND {_ALIVE}
        """)

        def work(connection: Connection) -> QueueState:
            queued, oldest = connection.execute(waiting).one()
            workers, slots, age = connection.execute(alive, self._lease).one()
            return QueueState(int(queued), float(oldest), int(workers), int(slots), float(age))

        return await self._db.read(work)


def due_in(seconds: float, now: float) -> int:
    """The priority of a run that is due in so many seconds. `now` is in seconds since 1970."""
    return _BEGINNING - int(now + seconds)


def find_place(connection: Connection, run_id: str, seconds: float) -> tuple[int, int]:
    """Number of runs that wait, and the priority of one that is about to be queued, which takes about so many seconds.
    Part of a transaction.

    Whose time is up first comes first: a run has as much time as it takes itself, for each run of its owner's that
    waits and once more. So a short run isn't stuck behind long ones, nobody's many runs hold up another's one, and
    none waits for ever. A run that was begun before is the next one.
    """
    query = text(f"""
        SELECT (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = '{QUEUE}'),
            extract(epoch FROM now()) - {_BEGINNING} + :seconds * (1 + count(job.id)),
            bool_or(run.answer IS NOT NULL OR run.superseded_error_seq IS NOT NULL)
        FROM runs AS run LEFT JOIN runs AS other ON other.owner = run.owner AND other.status = ANY (:executing)
        LEFT JOIN procrastinate_jobs AS job
            ON job.lock = other.id AND job.status = 'todo' AND job.queue_name = '{QUEUE}'
        WHERE run.id = :id
    """)
    values = {"id": run_id, "seconds": seconds, **_EXECUTING}
    queued, due, is_begun = connection.execute(query, values).one()
    return int(queued), 1 if is_begun else -int(due)


def estimate_seconds(connection: Connection, run_id: str) -> float:
    """About how long a run takes, by what was written last in its format. Part of a transaction."""
    query = text("""
        SELECT avg(recent.words) FROM (SELECT format, status, words FROM runs ORDER BY id DESC LIMIT :most) AS recent
        JOIN runs AS run USING (format) WHERE run.id = :id AND recent.status = :whole
    """)
    words = connection.scalar(query, {"id": run_id, "most": _RECENT_RUNS, "whole": COMPLETED})
    return float(words or _USUAL_WORDS) / _WORDS_A_SECOND
