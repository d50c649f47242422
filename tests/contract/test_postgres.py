"""PostgreSQL when it goes away, doesn't answer, or isn't what is needed: nothing lost, nothing twice, and words."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import psycopg
import pytest
import structlog
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import OperationalError

from backend.log import follower
from backend.log.entry import Entry, LogUnavailable, StaleWriter
from backend.log.postgres import PostgresLog
from backend.store.migrating import SchemaError
from backend.store.postgres import PostgresDatabase
from backend.store.runs import RunRepository
from backend.store.tables import runs
from tests.databases import close_database, open_database, open_log
from tests.postgres import PostgresServer, postgres_server
from tests.tcp_proxy import TcpProxy, tcp_proxy
from tests.unit.stored_runs import add_run, new_run

pytestmark = pytest.mark.engine("postgresql")
PATIENCE = 30.0
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


async def test_database_that_is_read_only_is_refused_in_words(
    database_url: str, server: PostgresServer
) -> None:
    server.execute(f"ALTER DATABASE {database_url.rpartition('/')[2]} SET default_transaction_read_only = on")
    database = open_database(database_url)
    with pytest.raises(SchemaError, match=r"^STORYWIRE_DATABASE_URL: the database is read-only"):
        await database.check_schema()
    await database.close()


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
        await asyncio.sleep(0.1)
        server.stop()
        await asyncio.sleep(0.3)
        server.start()

    async with asyncio.timeout(PATIENCE):
        written = asyncio.gather(restart(), *(write(*each) for each in begun.items()))
        read_here = await asyncio.gather(*map(read, begun))
        await written
    for run_id, found in zip(begun, read_here, strict=True):
        assert found == await log.read(run_id) == entries(1, 59)
    assert logged


async def test_log_of_a_database_that_stays_away_gives_up_and_says_so(
    far: PostgresDatabase, repository: RunRepository, proxy: TcpProxy, logged: list[object]
) -> None:
    run = await add_run(repository)
    log = PostgresLog(far, retry_seconds=0.2)
    log._writing._patience = 0.2
    epoch = await log.take_over(run.id)
    await log.append(run.id, epoch, entries(1, 1))
    proxy.freeze()
    with pytest.raises(LogUnavailable):
        await log.append(run.id, epoch, entries(2, 2))
    proxy.thaw()
    await log.close()
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
        await asyncio.sleep(2)  # it finds out that it hears nothing
        assert not elsewhere.is_live(run.id)
        proxy.thaw()
        await reading
    assert found == entries(1, 40)
    await close_database(far)
