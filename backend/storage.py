"""Durable storage of a process: a SQLite file beside its checkpoints, or a PostgreSQL database that many share."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from backend.log.base import RunLog
from backend.log.sqlite import SqliteLog
from backend.runs.engine.liveness import PROCESSES, find_alive
from backend.runs.results.cache import ResultCache
from backend.settings import Settings, SettingsError
from backend.store.checkpoints.durable_saver import DurableSaver
from backend.store.documents import DocumentRepository
from backend.store.limits import cap_of
from backend.store.postgres.jobs import JobRepository
from backend.store.runs.cache import CacheRepository
from backend.store.runs.charges import ChargeRepository
from backend.store.runs.owned_runs import OwnedRunRepository
from backend.store.runs.runs import RunRepository
from backend.store.setup.copying import Copied, check_empty, check_source, copy_tables
from backend.store.setup.folders import CHECKPOINTS, open_folders
from backend.store.sql.beside_runs import delete_all_checkpoints
from backend.store.sql.database import Database
from backend.store.sqlite.checkpoints import open_checkpoints
from backend.store.sqlite.database import SqliteDatabase
from backend.store.usage import UsageRepository
from backend.telemetry.metrics import Metrics

WORKER_CONNECTIONS = 17
"""Connections of a worker at most: 4 for transactions, 4 for checkpoints, 5 for logs and news, 4 for the queue."""
_WORKER_RETRY_SECONDS, _RETRY_SECONDS = 60.0, 3.0
"""How long a transaction is tried when the database is away: a run that is written waits, a caller hardly."""


@dataclass(frozen=True, slots=True)
class Store:
    """Durable storage: database, repositories, log, checkpoints. `jobs` where runs wait in a queue."""

    database: Database
    runs: RunRepository
    owned_runs: OwnedRunRepository
    charges: ChargeRepository
    usage: UsageRepository
    documents: DocumentRepository
    log: RunLog
    checkpoints: DurableSaver
    cache: ResultCache
    jobs: JobRepository | None


async def open_store(
    stack: AsyncExitStack, settings: Settings, metrics: Metrics, *, is_worker: bool = False
) -> Store:
    """Opens the storage that the settings name. Raises SettingsError for one that can't be used."""
    open_folders(settings)
    if settings.has_queue:
        return await _open_postgres(stack, settings, metrics, is_worker=is_worker)
    database = SqliteDatabase(settings.sql_url)
    stack.push_async_callback(database.close)
    await database.migrate()
    run_log = SqliteLog(database, metrics.on_append)
    stack.push_async_callback(run_log.close)
    checkpoints = await stack.enter_async_context(open_checkpoints(settings.state_dir))
    return _store(settings, database, RunRepository(database), run_log, checkpoints)


def open_database(settings: Settings, connections: int = 4) -> Database:
    """The database that the settings name, as it is."""
    open_folders(settings)
    if not settings.has_queue:
        return SqliteDatabase(settings.sql_url)
    from backend.store.postgres.database import PostgresDatabase  # an extra, which may not be installed

    return PostgresDatabase(settings.sql_url, connections=connections)


def open_watch(stack: AsyncExitStack, settings: Settings, database: Database) -> Database:
    """The database for looks that wait behind nothing: on PostgreSQL over a connection of its own, since statements
    that hang on locks may have all those of `database`. It is made by the first look."""
    if not settings.has_queue:
        return database  # SQLite's reads wait for nobody
    watch = open_database(settings, connections=1)
    stack.push_async_callback(watch.close)
    return watch


async def check_database(settings: Settings) -> None:
    """Raises SettingsError where the service can't start on the database; a SQLite one is migrated."""
    _check_recovery(settings)
    database = open_database(settings)
    try:
        await (database.check_schema() if settings.has_queue else database.migrate())
    finally:
        await database.close()


async def check_workers(settings: Settings, processes: int) -> None:
    """Raises SettingsError where the database's server lets so many workers not have their connections, or several
    couldn't work with the database: each of them would say so, and be started again."""
    _check_recovery(settings)
    from backend.store.postgres.database import PostgresDatabase  # an extra, which may not be installed

    database = PostgresDatabase(settings.sql_url, connections=1)
    try:
        most = await database.count_connections()
        if processes * WORKER_CONNECTIONS > most:
            raise SettingsError(
                f"--processes {processes}: each has up to {WORKER_CONNECTIONS} connections to the database, "
                f"{processes * WORKER_CONNECTIONS} in all, and its server allows {most}: raise max_connections there, "
                "or start fewer"
            )
        if processes > 1:
            await database.check_schema()
    finally:
        await database.close()


def _check_recovery(settings: Settings) -> None:
    if settings.has_queue and not settings.resume_on_start:
        raise SettingsError(
            "STORYWIRE_RESUME_ON_START=false doesn't go with STORYWIRE_DATABASE_URL, which names PostgreSQL: workers "
            "always go on with the runs of those that are gone. Leave it out, or name another database"
        )


async def copy_database(source: Path, settings: Settings) -> Copied:
    """Copies a SQLite database, with the checkpoints beside it, into the empty one that the settings name. Raises
    SettingsError or CopyError; then the target is as it was."""
    # An extra, which may not be installed.
    from backend.store.postgres.checkpoints import copy_checkpoints, open_postgres_checkpoints
    from backend.store.postgres.database import PostgresDatabase

    def is_in_use() -> bool:
        return bool(find_alive(source.parent / PROCESSES))

    check_source(source)
    database = PostgresDatabase(settings.sql_url)
    try:
        await database.migrate()
        await database.read(check_empty)
        async with open_postgres_checkpoints(database.dsn) as target:
            try:
                if (source.parent / CHECKPOINTS).exists():
                    async with open_checkpoints(source.parent) as checkpoints:
                        await copy_checkpoints(checkpoints, target)
                return await database.load(partial(copy_tables, source, is_in_use=is_in_use))
            except BaseException:
                await database.erase(delete_all_checkpoints)
                raise
    finally:
        await database.close()


async def _open_postgres(
    stack: AsyncExitStack, settings: Settings, metrics: Metrics, *, is_worker: bool
) -> Store:
    # An extra, which may not be installed.
    from backend.log.postgres import PostgresLog
    from backend.runs.engine.queue import RunQueue
    from backend.store.postgres.checkpoints import open_postgres_checkpoints
    from backend.store.postgres.database import PostgresDatabase

    retry_seconds = _WORKER_RETRY_SECONDS if is_worker else _RETRY_SECONDS
    database = PostgresDatabase(settings.sql_url, retry_seconds=retry_seconds)
    stack.push_async_callback(database.close)
    await database.check_schema()
    run_log = PostgresLog(database, metrics.on_append)
    metrics.track_news(lambda: run_log.tick_age)
    stack.push_async_callback(run_log.close)
    checkpoints = await stack.enter_async_context(open_postgres_checkpoints(database.dsn))
    queue = RunQueue(database.dsn, settings.max_queued)
    runs = RunRepository(database, queue.enqueue)
    jobs = JobRepository(database, queue.enqueue_again, settings.lease_seconds, run_log.announce)
    return _store(settings, database, runs, run_log, checkpoints, jobs)


def _store(
    settings: Settings,
    database: Database,
    runs: RunRepository,
    run_log: RunLog,
    checkpoints: DurableSaver,
    jobs: JobRepository | None = None,
) -> Store:
    return Store(
        database=database,
        runs=runs,
        owned_runs=OwnedRunRepository(database),
        charges=ChargeRepository(database),
        usage=UsageRepository(database),
        documents=DocumentRepository(
            database, cap_of(settings, "documents"), cap_of(settings, "document_bytes")
        ),
        log=run_log,
        checkpoints=checkpoints,
        cache=ResultCache(CacheRepository(database), runs, settings.cache_ttl),
        jobs=jobs,
    )
