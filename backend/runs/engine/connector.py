"""Connector of procrastinate to the queue's database: it outlives the loss of it, and fetches several jobs at once."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import psycopg
import structlog
from procrastinate import PsycopgConnector, exceptions, sql

from backend.store.postgres.database import CONNECT_SECONDS
from backend.store.postgres.jobs import GIVE_BACK
from backend.store.sql.dialect import STOPS

log = structlog.get_logger()

_LOOK_SECONDS = 1.0
_POOL_SECONDS = 300.0
_CONNECTIONS = 3
_MOST_AT_ONCE = 8
"""Jobs of one fetch. More would be quicker still, and fill one process while another one is idle."""
# The function is called anew for each row, since its argument is of that row.
_FETCH = """
SELECT job.id, job.status, job.task_name, job.priority, job.lock, job.queueing_lock, job.args, job.scheduled_at,
    job.queue_name, job.attempts, job.worker_id
FROM generate_series(1, %(most)s::int) AS turn
CROSS JOIN LATERAL procrastinate_fetch_job_v2(%(queues)s::varchar[], %(worker_id)s::bigint + 0 * turn) AS job
WHERE job.id IS NOT NULL
"""
_GIVE_BACK = GIVE_BACK.format(ids="%(ids)s::bigint[]")
_NO_JOB = {"id": None}


class Connector(PsycopgConnector):
    """procrastinate's connector, which waits for a database that is away: by itself a worker would stop, and take
    no runs until those that it has are done.

    And it fetches as many jobs at once as there are free slots, up to a few. procrastinate asks for one after the
    other; each of these round trips waits for its turns in an event loop that the runs already taken keep busy.

    `registered`: the workers that this process has been; procrastinate makes a new one when it begins anew. `held`:
    the jobs that it was given, and that aren't finished.
    """

    def __init__(self, dsn: str, slots: int, on_stop: Callable[[str], None] = lambda _: None) -> None:
        """`slots`: jobs at once. `on_stop` is called with the id of a run that was asked to stop, whoever has it."""
        super().__init__(
            conninfo=dsn,
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_POOL_SECONDS,
            reconnect_timeout=_LOOK_SECONDS * 2,
            configure=_commit_each,
            kwargs={"connect_timeout": CONNECT_SECONDS},
        )
        self.registered: set[int] = set()
        self.held: set[int] = set()
        self._slots = slots
        self._on_stop = on_stop
        self._fetched: deque[dict[str, Any]] = deque()
        self._is_fetching = True

    def start_fetching(self) -> None:
        """Fetches jobs for all free slots from now on."""
        self._is_fetching = True

    async def stop_fetching(self) -> None:
        """Gives back the jobs that were fetched and haven't begun, and fetches no more of them in advance."""
        self._is_fetching = False
        unbegun, self._fetched = list(self._fetched), deque()
        # If it can't be done now, the guard finds jobs that nobody holds.
        with contextlib.suppress(TimeoutError, exceptions.ConnectorException):
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._give_back(unbegun)

    async def listen_notify(self, on_notification: Any, channels: Iterable[str]) -> None:
        """As procrastinate's, again and again; and it hears of stop requests over the same connection."""

        async def hear(*, channel: str, payload: str) -> None:
            if channel == STOPS:
                self._on_stop(payload)
            else:
                await on_notification(channel=channel, payload=payload)

        heard = [*channels, STOPS]
        while True:
            with contextlib.suppress(exceptions.ConnectorException, psycopg.Error, OSError):
                await super().listen_notify(hear, heard)
            await asyncio.sleep(_LOOK_SECONDS)

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        """As procrastinate's."""
        execute = super().execute_query_async
        is_end = query in (sql.queries["finish_job"], sql.queries["retry_job"])
        try:
            await self._persist(lambda: execute(query, **arguments))
        except exceptions.UniqueViolation:
            if query != sql.queries["retry_job"]:
                raise
            # The run was queued anew meanwhile, by a resume or an answer: one job is enough.
            finish = {"job_id": arguments["job_id"], "status": "aborted", "delete_job": True}
            await self.execute_query_async(sql.queries["finish_job"], **finish)
        except exceptions.ConnectorException as error:
            if not is_end or not isinstance(error.__cause__, psycopg.errors.RaiseException):
                raise
            log.info("job_is_gone", job_id=arguments.get("job_id"))  # this process was taken for dead
        finally:
            if is_end:
                self.held.discard(arguments["job_id"])

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        """As procrastinate's."""
        if query == sql.queries["fetch_job"]:
            return await self._fetch(**arguments)
        execute = super().execute_query_one_async
        row: dict[str, Any] = await self._persist(lambda: execute(query, **arguments))
        if query == sql.queries["register_worker"]:
            self.registered.add(row["worker_id"])
        return row

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        """As procrastinate's."""
        execute = super().execute_query_all_async
        rows: list[dict[str, Any]] = await self._persist(lambda: execute(query, **arguments))
        return rows

    async def _fetch(self, **arguments: Any) -> dict[str, Any]:
        """The next job of those that were fetched, or of those that wait."""
        if not self._fetched:
            free = min(_MOST_AT_ONCE, self._slots - len(self.held))
            most = max(1, free) if self._is_fetching else 1
            found = await self.execute_query_all_async(_FETCH, most=most, **arguments)
            self.held.update(row["id"] for row in found)
            self._fetched.extend(found)
            if not self._is_fetching:  # it was stopped meanwhile
                await self._give_back([self._fetched.pop() for _ in found[1:]])
        return self._fetched.popleft() if self._fetched else _NO_JOB

    async def _give_back(self, jobs: Sequence[dict[str, Any]]) -> None:
        ids = [job["id"] for job in jobs]
        self.held.difference_update(ids)
        if ids:
            await self.execute_query_async(_GIVE_BACK, ids=ids)

    async def _persist(self, work: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                return await work()
            except exceptions.ConnectorException as error:
                cause = error.__cause__
                if isinstance(cause, psycopg.errors.ReadOnlySqlTransaction):
                    await self.pool.drain()  # new connections may find the server that is written
                elif not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
                    raise
            await asyncio.sleep(_LOOK_SECONDS)


async def _commit_each(connection: "psycopg.AsyncConnection[Any]") -> None:
    """Configures a connection whose statements are transactions of their own: a round trip each, and not three."""
    await connection.set_autocommit(True)
