"""PostgreSQL when it goes away, doesn't answer, or isn't what is needed: nothing lost, nothing twice, and words."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import psycopg
import pytest
import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint
from procrastinate import App
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import OperationalError

from backend.log import follower
from backend.log.entry import Entry, LogUnavailable, StaleWriter
from backend.log.postgres import PostgresLog
from backend.runs.engine.connector import Connector
from backend.store.postgres import database as postgres
from backend.store.postgres.checkpoints import open_postgres_checkpoints
from backend.store.postgres.database import PostgresDatabase
from backend.store.runs.runs import RunRepository
from backend.store.schema.tables import runs
from backend.store.setup.migrating import SchemaError
from tests.databases import close_database, open_database, open_log
from tests.postgres import PostgresServer, postgres_server
from tests.tcp_proxy import TcpProxy, tcp_proxy
from tests.unit.stored_runs import add_run, new_run

pytestmark = pytest.mark.engine("postgresql")
PATIENCE = 30.0
FULL = """
CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$
"""
NOWHERE = "postgresql://postgres@127.0.0.1:9/none"


@pytest.fixture
async def server() -> PostgresServer:
    return postgres_server()


@pytest.fixture
async def proxy(server: PostgresServer) -> AsyncIterator[TcpProxy]:
    async with tcp_proxy(server.port) as opened:
        yield opened


@pytest.fixture
def far_url(proxy: TcpProxy, server: PostgresServer, database_url: str) -> str:
    """The database over the proxy."""
    return database_url.replace(str(server.port), str(proxy.port))


@pytest.fixture
async def far(far_url: str) -> AsyncIterator[PostgresDatabase]:
    opened = PostgresDatabase(far_url, connections=2, retry_seconds=0.0, patience_seconds=3.0)
    yield opened
    await close_database(opened)


@pytest.fixture
def logged() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def add(connection: Connection) -> None:
    connection.execute(insert(runs).values(**new_run().row()))


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(runs)).scalar_one()


def entries(first: int, last: int) -> list[Entry]:
    return [Entry(seq, "content", b'{"seq":%d}' % seq) for seq in range(first, last + 1)]


async def kill_connections(url: str, but: str = "") -> int:
    """Ends all connections to this database, as a failover does, but for those that do something of that name."""
    query = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND (%s = '' OR query ILIKE %s)"
    )
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        [ended] = await (await connection.execute(query, (but, f"%{but}%"))).fetchone() or [0]
    return int(ended)


async def test_transactions_after_a_failover_find_new_connections(
    database: PostgresDatabase, database_url: str
) -> None:
    await asyncio.gather(*(database.write(add) for _ in range(4)))
    assert await kill_connections(database_url) >= 1
    await asyncio.gather(*(database.write(add) for _ in range(4)))
    assert await database.read(count) == 8


async def test_transaction_whose_connection_breaks_in_the_middle_is_done_again_and_counts_once(
    database: PostgresDatabase,
) -> None:
    tries: list[int] = []

    def work(connection: Connection) -> None:
        add(connection)
        tries.append(count(connection))
        if len(tries) == 1:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    await database.write(work)
    assert tries == [1, 1] and await database.read(count) == 1


async def test_transactions_wait_for_a_server_that_is_started_again(
    database: PostgresDatabase, server: PostgresServer
) -> None:
    await database.write(add)
    server.stop()
    write = asyncio.create_task(database.write(add))
    await asyncio.sleep(0.3)
    server.start()
    await write
    assert await database.read(count) == 2


async def test_transaction_that_gets_no_answer_ends_in_time_and_the_next_one_is_made(
    far: PostgresDatabase, proxy: TcpProxy
) -> None:
    await far.write(add)
    proxy.freeze()
    began = time.monotonic()
    with pytest.raises(OperationalError):
        await far.write(add)
    assert time.monotonic() - began < 11  # psycopg alone takes 13
    proxy.thaw()
    async with asyncio.timeout(PATIENCE):
        await far.write(add)


async def test_database_that_is_not_there_is_refused_in_words() -> None:
    database = PostgresDatabase(NOWHERE, retry_seconds=0.0)
    with pytest.raises(SchemaError, match=r"^STORYWIRE_DATABASE_URL: the database can't be used \(.*refused"):
        await database.check_schema()
    await database.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://x:secret@127.0.0.1:port/x", "postgresql://user:password@host:port/name is expected"),
        ("postgresql://x:secret@[::1/x", "postgresql://user:password@host:port/name is expected"),
        ("postgresql://x:secret@127.0.0.1:9/x?no=1", "the database can't be used (invalid connection option"),
        ("postgresql://x:secret@127.0.0.1:9/x?sslmode=no", "the database can't be used (connection is bad"),
    ],
)
async def test_url_that_names_no_database_is_refused_in_words(url: str, reason: str) -> None:
    with pytest.raises(SchemaError) as refused:
        await PostgresDatabase(url, retry_seconds=0.0).check_schema()
    assert str(refused.value).startswith(f"STORYWIRE_DATABASE_URL: {reason}")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("wrong", ["a name", "a user", "rights"])
async def test_database_that_may_not_be_used_is_refused_in_words(
    database_url: str, server: PostgresServer, wrong: str
) -> None:
    if wrong == "rights":
        server.execute("DROP ROLE IF EXISTS stranger")
        server.execute("CREATE ROLE stranger LOGIN")
    names = {
        "a name": (database_url.replace("/test_", "/nowhere_"), r"database .* does not exist"),
        "a user": (database_url.replace("postgres@", "nobody@"), r"role .* does not exist"),
        "rights": (database_url.replace("postgres@", "stranger@"), r"permission denied"),
    }
    url, reason = names[wrong]
    database = PostgresDatabase(url, retry_seconds=0.0)
    with pytest.raises(
        SchemaError, match=rf"^STORYWIRE_DATABASE_URL: the database can't be used \(.*{reason}"
    ):
        await database.check_schema()
    await database.close()
    if wrong == "rights":
        server.execute("DROP ROLE stranger")


async def test_database_that_is_read_only_is_refused_in_words(
    database_url: str, server: PostgresServer
) -> None:
    server.execute(f"ALTER DATABASE {database_url.rpartition('/')[2]} SET default_transaction_read_only = on")
    database = open_database(database_url)
    with pytest.raises(SchemaError, match=r"^STORYWIRE_DATABASE_URL: the database is read-only"):
        await database.check_schema()
    await database.close()


async def test_database_that_is_full_is_refused_in_words(database_url: str) -> None:
    set_full(database_url, is_full=True)
    database = PostgresDatabase(database_url, retry_seconds=0.0)
    with pytest.raises(
        SchemaError, match=r"^STORYWIRE_DATABASE_URL: the database can't be used \(no space left"
    ):
        await database.check_schema()
    await database.close()
    set_full(database_url, is_full=False)


@pytest.mark.parametrize(
    ("revision", "reason"),
    [
        ("1001", "the schema 1001 of another major version of Storywire"),
        ("0003", "the schema 0003, which is too old: run `storywire migrate` once"),
    ],
)
async def test_database_with_a_schema_of_another_release_is_refused_in_words(
    database: PostgresDatabase, revision: str, reason: str
) -> None:
    def set_revision(connection: Connection, number: str) -> str:
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
        connection.execute(text("UPDATE alembic_version SET version_num = :number"), {"number": number})
        return str(found)

    before = await database.write(lambda connection: set_revision(connection, revision))
    with pytest.raises(SchemaError, match=f"^STORYWIRE_DATABASE_URL: the database has {reason}"):
        await database.check_schema()
    await database.write(lambda connection: set_revision(connection, before))


async def test_server_that_is_too_old_is_refused_in_words(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_OLDEST_SERVER", 990000)
    with pytest.raises(SchemaError, match=r"the server is PostgreSQL \d+; 99 or newer is needed"):
        await database.check_schema()


def set_read_only(server: PostgresServer, url: str, *, is_read_only: bool) -> None:
    """As a server is whose disk is nearly full, for whoever connects from now on."""
    what = "SET default_transaction_read_only = on" if is_read_only else "RESET default_transaction_read_only"
    server.execute(f"ALTER DATABASE {url.rpartition('/')[2]} {what}")


def set_full(url: str, *, is_full: bool) -> None:
    """As a server is that has no room for another page."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in ("runs", "log_entries", "checkpoints", "procrastinate_workers"):
            if is_full:
                connection.execute(FULL)
                connection.execute(
                    f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION full_disk()"
                )
            else:
                connection.execute(f"DROP TRIGGER full_disk ON {table}")
        if not is_full:
            connection.execute("DROP FUNCTION full_disk")


@pytest.mark.parametrize("state", ["read-only", "full"])
async def test_what_is_written_waits_while_the_database_is_read_only_or_full_and_is_stored_once(
    database: PostgresDatabase,
    repository: RunRepository,
    server: PostgresServer,
    database_url: str,
    logged: list[object],
    state: str,
) -> None:
    run, log = await add_run(repository), open_log(database)
    epoch = await log.take_over(run.id)
    await log.append(run.id, epoch, entries(1, 2))
    connector = Connector(database.dsn, 1)
    app = App(connector=connector)
    async with open_postgres_checkpoints(database.dsn) as saver, app.open_async(), asyncio.timeout(PATIENCE):
        if state == "read-only":
            set_read_only(server, database_url, is_read_only=True)
            await kill_connections(database_url)
        else:
            set_full(database_url, is_full=True)
        config: RunnableConfig = {"configurable": {"thread_id": run.id, "checkpoint_ns": ""}}
        writing = [
            asyncio.create_task(each)
            for each in (
                log.append(run.id, epoch, entries(3, 4)),
                database.write(add),
                saver.aput(config, empty_checkpoint(), {}, {}),
                app.job_manager.register_worker(),
            )
        ]
        while not logged:  # noqa: ASYNC110 — what is tried again is logged
            await asyncio.sleep(0.01)
        assert not any(each.done() for each in (*writing[:2], writing[3]))
        if state == "read-only":
            await asyncio.to_thread(set_read_only, server, database_url, is_read_only=False)
        else:  # it waits for transactions that this loop ends
            await asyncio.to_thread(set_full, database_url, is_full=False)
        await asyncio.gather(*writing)
        assert await saver.aget_tuple(config) is not None
    assert await open_log(database).read(run.id) == entries(1, 4)
    assert await database.read(count) == 2 and logged


async def test_log_says_an_append_again_whose_answer_got_lost_and_has_it_once(
    database: PostgresDatabase, repository: RunRepository, far_url: str, proxy: TcpProxy, logged: list[object]
) -> None:
    run = await add_run(repository)
    far = PostgresDatabase(far_url)
    log = open_log(far)
    epoch = await log.take_over(run.id)
    await log.append(run.id, epoch, entries(1, 2))
    lose_next_answer(log, proxy)
    await log.append(run.id, epoch, entries(3, 4))
    await log.append(run.id, epoch, entries(5, 5))
    assert await open_log(database).read(run.id) == entries(1, 5)
    assert [line for line in logged if "log_database_unavailable" in str(line)]
    await close_database(far)


def lose_next_answer(log: object, proxy: TcpProxy) -> None:
    """The next append is committed, and its connection breaks before the answer."""
    del proxy
    assert isinstance(log, PostgresLog)
    fetch = log._writing.fetch

    async def once(statement: str, values: object = ()) -> list[tuple[object, ...]]:
        log._writing.fetch = fetch  # type: ignore[method-assign]
        await fetch(statement, values)  # type: ignore[arg-type]
        raise psycopg.OperationalError("the answer is lost")

    log._writing.fetch = once  # type: ignore[method-assign]


async def test_log_outlives_a_restart_of_the_server_without_a_loss(
    database: PostgresDatabase, repository: RunRepository, server: PostgresServer, logged: list[object]
) -> None:
    log, elsewhere = open_log(database), open_log(database)
    begun = {run.id: await log.take_over(run.id) for run in [await add_run(repository) for _ in range(10)]}

    async def write(run_id: str, epoch: int) -> None:
        for seq in range(1, 60):
            await log.append(run_id, epoch, entries(seq, seq))
            await asyncio.sleep(0.01)

    async def read(run_id: str) -> list[Entry]:
        found: list[Entry] = []
        while len(found) < 59:
            with suppress(OperationalError):
                found += await elsewhere.read(run_id, len(found))
                await elsewhere.wait(run_id, len(found), 0.5)
        return found

    async def restart() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0.1)
        server.stop()  # how long that takes is the disk's, and the loop stands still meanwhile
        patience.reschedule(loop.time() + PATIENCE)
        await asyncio.sleep(0.3)
        server.start()
        patience.reschedule(loop.time() + PATIENCE)

    async with asyncio.timeout(PATIENCE) as patience:
        written = asyncio.gather(restart(), *(write(*each) for each in begun.items()))
        read_here = await asyncio.gather(*map(read, begun))
        await written
    for run_id, found in zip(begun, read_here, strict=True):
        assert found == await log.read(run_id) == entries(1, 59)
    assert logged


async def test_log_of_a_database_that_stays_away_gives_up_and_says_so(
    far_url: str, repository: RunRepository, proxy: TcpProxy, logged: list[object]
) -> None:
    run = await add_run(repository)
    impatient = PostgresDatabase(far_url, connections=1, patience_seconds=0.2)
    log = PostgresLog(impatient, retry_seconds=0.2)
    epoch = await log.take_over(run.id)
    await log.append(run.id, epoch, entries(1, 1))
    proxy.freeze()
    with pytest.raises(LogUnavailable):
        await log.append(run.id, epoch, entries(2, 2))
    proxy.thaw()
    await log.close()
    await close_database(impatient)
    assert logged


async def test_take_over_waits_for_an_append_that_is_under_way_and_sees_it(
    database: PostgresDatabase, repository: RunRepository, database_url: str
) -> None:
    run, log = await add_run(repository), open_log(database)
    await log.append(run.id, await log.take_over(run.id), entries(1, 10))
    async with await psycopg.AsyncConnection.connect(database_url) as slow:
        held = "SELECT 1 FROM log_heads WHERE run_id = %s AND epoch = 1 FOR SHARE"
        await slow.execute(held, (run.id,))
        await slow.execute("INSERT INTO log_entries VALUES (%s, 11, 'content', '{}')", (run.id,))
        taking = asyncio.create_task(open_log(database).take_over(run.id))
        done, _ = await asyncio.wait([taking], timeout=0.3)
        assert not done
        await slow.commit()
    assert await taking == 2
    assert [entry.seq for entry in await open_log(database).read(run.id)] == list(range(1, 12))
    with pytest.raises(StaleWriter):
        await log.append(run.id, 1, entries(12, 12))


async def test_reader_elsewhere_hears_of_news_at_once_and_by_one_query_for_all(
    database: PostgresDatabase, repository: RunRepository
) -> None:
    log, elsewhere = open_log(database), open_log(database)
    begun = [run.id for run in [await add_run(repository) for _ in range(20)]]
    epochs = {run_id: await log.take_over(run_id) for run_id in begun}

    async def read(run_id: str) -> list[Entry]:
        found: list[Entry] = []
        while len(found) < 3:
            await elsewhere.wait(run_id, len(found), 600)
            found += await elsewhere.read(run_id, len(found))
        return found

    async with asyncio.timeout(PATIENCE):
        reading = [asyncio.create_task(read(run_id)) for run_id in begun]
        while not elsewhere.is_live("any"):  # noqa: ASYNC110 - it listens in the background
            await asyncio.sleep(0.01)
        for seq in (1, 2, 3):
            for run_id in begun:
                await log.append(run_id, epochs[run_id], entries(seq, seq))
        for run_id in begun:
            log.let_go(run_id)
        assert await asyncio.gather(*reading) == [entries(1, 3)] * 20


async def test_reader_whose_notifications_get_lost_is_at_most_a_tick_late(
    database: PostgresDatabase, repository: RunRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, elsewhere = open_log(database), open_log(database)
    assert isinstance(log, PostgresLog)
    monkeypatch.setattr(log, "_schedule_notify", lambda _: None)
    run = await add_run(repository)
    epoch = await log.take_over(run.id)
    async with asyncio.timeout(PATIENCE):
        waiting = asyncio.create_task(elsewhere.wait(run.id, 0, 600))
        await asyncio.sleep(0.2)
        await log.append(run.id, epoch, entries(1, 1))
        await waiting
    assert await elsewhere.read(run.id) == entries(1, 1)


async def test_runs_whose_last_message_was_read_are_told_once(
    database: PostgresDatabase, repository: RunRepository
) -> None:
    log, elsewhere = open_log(database), PostgresLog(database)
    ended, going = [await add_run(repository) for _ in range(2)]
    for run, type in ((ended, "complete"), (going, "content")):
        await log.append(run.id, await log.take_over(run.id), [Entry(1, type, b"{}")])
        await elsewhere.read(run.id)
    assert elsewhere.take_ended() == [ended.id]
    assert elsewhere.take_ended() == []
    await elsewhere.close()


async def test_reader_whose_listening_connection_is_ended_hears_again(
    database: PostgresDatabase, repository: RunRepository, database_url: str
) -> None:
    log, elsewhere = open_log(database), open_log(database)
    run = await add_run(repository)
    epoch = await log.take_over(run.id)
    async with asyncio.timeout(PATIENCE):
        for seq in (1, 2):
            waiting = asyncio.create_task(elsewhere.wait(run.id, seq - 1, 600))
            while not elsewhere.is_live(run.id):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            if seq == 2:
                await kill_connections(database_url, "LISTEN")
            await log.append(run.id, epoch, entries(seq, seq))
            await waiting
        while len(await elsewhere.read(run.id)) < 2:  # it may have been woken by what came before
            await elsewhere.wait(run.id, 1, 600)
    assert await elsewhere.read(run.id) == entries(1, 2)


async def test_reader_behind_a_cut_network_goes_on_when_it_is_mended(
    database: PostgresDatabase,
    repository: RunRepository,
    far_url: str,
    proxy: TcpProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follower, "_SILENT_SECONDS", 1.5)
    far = PostgresDatabase(far_url, retry_seconds=0.0, patience_seconds=0.5)
    log, elsewhere = open_log(database), open_log(far)
    run = await add_run(repository)
    epoch = await log.take_over(run.id)
    found: list[Entry] = []

    async def read() -> None:
        while len(found) < 40:
            with suppress(OperationalError):
                found.extend(await elsewhere.read(run.id, len(found)))
                await elsewhere.wait(run.id, len(found), 1 if elsewhere.is_live(run.id) else 0.25)

    async with asyncio.timeout(PATIENCE):
        reading = asyncio.create_task(read())
        await log.append(run.id, epoch, entries(1, 20))
        while len(found) < 20:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        proxy.freeze()
        await log.append(run.id, epoch, entries(21, 40))
        while elsewhere.is_live(run.id):  # noqa: ASYNC110 — it finds out that it hears nothing
            await asyncio.sleep(0.01)
        proxy.thaw()
        await reading
    assert found == entries(1, 40)
    await close_database(far)
