"""What two processes do at once: each of them gets its turn, on every engine."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, event, select
from ulid import ULID

from backend.log.entry import Entry, StaleWriter
from backend.log.rows import pack_log
from backend.store.accounts.accounts import AccountRepository, NewAccount
from backend.store.accounts.allowances.allowance import Allowance, AllowanceUse, find_use
from backend.store.accounts.attempts import AttemptRepository
from backend.store.accounts.keys import ApiKeyRepository
from backend.store.accounts.logins import LoginRepository, PasswordProof, RefreshTokenReused
from backend.store.accounts.one_time_tokens import OneTimeTokenRepository, SpentToken
from backend.store.accounts.streams import StreamRepository
from backend.store.accounts.tickets import StreamTicket, TicketRepository
from backend.store.owner import Owner
from backend.store.runs.charges import ChargeRepository, Limit, LimitReached
from backend.store.runs.owned_runs import Lease, OwnedRunRepository
from backend.store.runs.runs import Run, RunRepository
from backend.store.runs.shares import ShareRepository
from backend.store.runs.sources import keep_result
from backend.store.schema.run_values import RunOptions
from backend.store.schema.tables import runs
from backend.store.sql.database import Database
from backend.store.usage import UsageRepository
from backend.stories.store.sessions import SessionRepository
from tests.databases import close_database, open_database, open_log
from tests.unit.messages import complete
from tests.unit.stored_runs import add_run, change_run, find_cached, finish_run, new_run

MAYA = Owner("maya")
PROCESSES = 6
TIMES = 5
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=1)


@pytest.fixture
async def databases(database_url: str) -> AsyncIterator[list[Database]]:
    """One database, as many processes have it."""
    opened = [open_database(database_url) for _ in range(PROCESSES)]
    yield opened
    for each in opened:
        await close_database(each)


async def at_once(
    databases: list[Database], act: Callable[[Database], Coroutine[Any, Any, Any]]
) -> Counter[str]:
    """How it went in all processes: the name of the error, or of what was returned."""
    outcomes = await asyncio.gather(*map(act, databases), return_exceptions=True)
    return Counter(
        type(outcome).__name__ if isinstance(outcome, BaseException) else str(bool(outcome))
        for outcome in outcomes
    )


async def test_last_place_of_a_quota_is_had_once(databases: list[Database]) -> None:
    limit = Limit(1, NOW - timedelta(days=1), LATER)

    async def start(database: Database) -> Run | None:
        return await RunRepository(database).add(new_run(), limit=limit)

    assert await at_once(databases, start) == {"True": 1, LimitReached.__name__: PROCESSES - 1}
    assert await ChargeRepository(databases[0]).count(MAYA, "story", limit) == 1


async def test_same_request_is_written_by_one_and_copied_by_the_others(databases: list[Database]) -> None:
    async def start(database: Database) -> bool:
        run = await RunRepository(database).add(new_run(cache_key="K"), kept_since=NOW - timedelta(days=1))
        assert run is not None
        return run.source_run_id is None

    assert await at_once(databases, start) == {"True": 1, "False": PROCESSES - 1}


async def test_run_that_is_completed_at_that_moment_is_found_as_a_source(databases: list[Database]) -> None:
    since = NOW - timedelta(days=1)
    for _ in range(TIMES):
        first = await add_run(RunRepository(databases[0]), cache_key="K", process="P")
        epoch = await open_log(databases[0]).take_over(first.id)
        lease, result = Lease(first.id, "P", epoch), complete("Once.")

        async def act(
            database: Database, first: Run = first, lease: Lease = lease, result: Any = result
        ) -> Any:
            if database is databases[0]:
                return await OwnedRunRepository(database).complete(lease, first, result, None, bought=True)
            run = await RunRepository(database).add(new_run(cache_key="K"), kept_since=since)
            return run is not None and run.source_run_id is not None

        assert await at_once(databases, act) == {"True": PROCESSES}


async def test_result_is_cached_by_all_who_have_it(databases: list[Database]) -> None:
    run = await add_run(RunRepository(databases[0]), cache_key="K")

    async def keep(database: Database) -> bool:
        await database.write(lambda connection: keep_result(connection, MAYA, "K", run.id))
        return True

    for _ in range(TIMES):
        assert await at_once(databases, keep) == {"True": PROCESSES}
    assert await find_cached(databases[0], "K") == run.id


async def test_minutes_that_are_read_at_once_are_all_counted(databases: list[Database]) -> None:
    session = await SessionRepository(databases[0]).add(MAYA, theme="moon", planned_chapters=5)

    async def read(database: Database) -> bool:
        await SessionRepository(database).add_minutes(MAYA, session.id, NOW.date(), 1.0)
        return True

    for _ in range(TIMES):
        assert await at_once(databases, read) == {"True": PROCESSES}
    days = await SessionRepository(databases[0]).days(MAYA, [session.id])
    assert days == {session.id: {NOW.date(): TIMES * PROCESSES}}


async def test_usage_that_is_set_at_once_is_set_once(databases: list[Database]) -> None:
    part = {
        "role": "writer",
        "model": "m",
        "input_tokens": 3,
        "output_tokens": 4,
        "cost_usd": 0.5,
        "estimated": False,
    }
    whose = {"id": "R", "owner": MAYA, "format": "story"}

    async def put(database: Database) -> bool:
        await UsageRepository(database).put(whose, "2026-01-02", [part], epoch=1)
        return True

    for _ in range(TIMES):
        assert await at_once(databases, put) == {"True": PROCESSES}
    [found] = await UsageRepository(databases[0]).sums(MAYA, "2026-01-01", "2026-01-03", "day")
    assert (found.input_tokens, found.output_tokens, found.cost_usd) == (3, 4, 0.5)
    assert type(found.input_tokens) is int and type(found.unpriced_tokens) is int


async def test_link_that_is_shared_at_once_is_one(databases: list[Database]) -> None:
    run = await add_run(RunRepository(databases[0]))

    async def share(database: Database) -> bool:
        await ShareRepository(database).put(MAYA, run.id, f"{id(database):064d}", LATER)
        return True

    assert await at_once(databases, share) == {"True": PROCESSES}
    assert await ShareRepository(databases[0]).find(MAYA, run.id) is not None


async def test_credentials_are_had_by_one_of_those_who_come_at_once(databases: list[Database]) -> None:
    account = await AccountRepository(databases[0]).add(NewAccount("maya@example.org"))
    assert account is not None
    logins = LoginRepository(databases[0])
    await logins.add_app(PasswordProof(account, b"a" * 32), b"r" * 32, "app", LATER)
    await OneTimeTokenRepository(databases[0]).put("verify", account.id, b"t" * 32, LATER)

    async def take(database: Database) -> Any:
        try:
            return await AccountRepository(database).verify_email(b"t" * 32)
        except SpentToken:
            return None

    async def refresh(database: Database) -> Any:
        return await LoginRepository(database).refresh(b"r" * 32, bytes([id(database) % 251]) * 32, NOW)

    async def add_key(database: Database) -> Any:
        values = {"name": "k", "hint": "sw_", "scopes": ["read"], "expires_at": LATER}
        return await ApiKeyRepository(database).add(account.id, bytes([id(database) % 249]) * 32, 1, **values)

    async def attempt(database: Database) -> Any:
        return await AttemptRepository(database).reserve([(b"b" * 32, 2)], timedelta(hours=1))

    async def identify(database: Database) -> Any:
        return await AccountRepository(database).find_or_add_identity("https://issuer", "sub", "user")

    assert await at_once(databases, take) == {"True": 1, "False": PROCESSES - 1}
    outcome = await at_once(databases, refresh)
    assert outcome["True"] == 1 and outcome[RefreshTokenReused.__name__] >= 1
    assert await at_once(databases, add_key) == {"True": 1, "False": PROCESSES - 1}
    assert await at_once(databases, attempt) == {"False": 2, "True": PROCESSES - 2}
    assert await at_once(databases, identify) == {"True": PROCESSES}


@pytest.mark.engine("postgresql")  # where others write between two queries
@pytest.mark.parametrize("query", range(2, 6))
async def test_cost_of_a_run_that_ends_while_the_allowance_is_looked_at_is_counted(
    databases: list[Database], query: int
) -> None:
    account = await AccountRepository(databases[0]).add(NewAccount("maya@example.org"))
    assert account is not None
    options = RunOptions(budget_usd=0.5)
    run = await add_run(RunRepository(databases[0]), owner=account.id, process="P", options=options)
    lease = Lease(run.id, "P", await open_log(databases[0]).take_over(run.id))
    part = {"role": "writer", "model": "m", "input_tokens": 1, "output_tokens": 1, "estimated": False}

    async def end() -> None:
        whose = {"id": run.id, "owner": account.id, "format": "story"}
        await UsageRepository(databases[1]).put(
            whose, NOW.date().isoformat(), [{**part, "cost_usd": 0.5}], epoch=lease.epoch
        )
        await OwnedRunRepository(databases[1]).complete(lease, run, complete("Text."), None, bought=True)

    loop, queries = asyncio.get_running_loop(), count(1)

    def look(connection: Connection) -> AllowanceUse | None:
        def between(*_: object) -> None:
            if next(queries) == query:
                asyncio.run_coroutine_threadsafe(end(), loop).result(30)

        event.listen(connection, "before_cursor_execute", between)
        return find_use(connection, account.id, Allowance(5, 5, 5.0), NOW)

    use = await databases[0].write(look)
    assert use is not None and use.spent_usd + use.reserved_usd >= 0.5


async def test_last_stream_that_an_account_may_open_is_opened_once(databases: list[Database]) -> None:
    account = await AccountRepository(databases[0]).add(NewAccount("maya@example.org"))
    assert account is not None

    async def read(database: Database) -> str | None:
        return await StreamRepository(database).open(account.id, 2)

    assert await at_once(databases, read) == {"True": 2, "False": PROCESSES - 2}


async def test_last_ticket_of_a_minute_is_had_once_and_starts_one_run(databases: list[Database]) -> None:
    account = await AccountRepository(databases[0]).add(NewAccount("maya@example.org"))
    assert account is not None
    tickets = [
        StreamTicket(str(ULID()), account.id, "key", "K", "story", "hash", None, LATER, LATER)
        for _ in databases
    ]

    async def ask(database: Database) -> bool:
        ticket = tickets[databases.index(database)]
        return await TicketRepository(database).add(ticket, ticket.id.encode().ljust(32), 1)

    async def start(database: Database) -> str | None:
        new = new_run(idempotency_key=tickets[0].start_key, request_hash="hash")
        run = await RunRepository(database).add(new)
        return None if run is None else run.id

    assert await at_once(databases, ask) == {"True": 1, "False": PROCESSES - 1}
    outcome = await at_once(databases, start)
    assert outcome["True"] == 1


@pytest.mark.parametrize("is_packed", [False, True])
async def test_log_that_many_take_over_at_once_has_one_writer(
    databases: list[Database], is_packed: bool
) -> None:
    repository, logs = RunRepository(databases[0]), [open_log(each) for each in databases]
    run = await add_run(repository)
    entries = [Entry(seq, "content", b"{}") for seq in range(1, 200)]
    await logs[0].append(run.id, await logs[0].take_over(run.id), entries)
    if is_packed:
        await finish_run(repository, run, "failed")
        logs[0].let_go(run.id)
        await logs[0].pack(run.id)
    epochs = await asyncio.gather(*(log.take_over(run.id) for log in logs))
    assert sorted(epochs) == list(range(2, 2 + PROCESSES))
    outcomes = await asyncio.gather(
        *(
            log.append(run.id, epoch, [Entry(200, "content", b"{}")])
            for log, epoch in zip(logs, epochs, strict=True)
        ),
        return_exceptions=True,
    )
    assert Counter(type(outcome) for outcome in outcomes) == {type(None): 1, StaleWriter: PROCESSES - 1}
    assert len(await open_log(databases[1]).read(run.id)) == 200


async def test_log_that_is_packed_while_its_run_is_resumed_reads_whole(databases: list[Database]) -> None:
    repository, mine, other = RunRepository(databases[0]), open_log(databases[0]), open_log(databases[1])
    run = await add_run(repository)
    await mine.append(
        run.id, await mine.take_over(run.id), [Entry(seq, "content", b"{}") for seq in range(1, 11)]
    )
    run = await finish_run(repository, run, "failed")
    mine.let_go(run.id)
    packed, go_on = threading.Event(), threading.Event()

    def pack_slowly(connection: Connection) -> None:
        pack_log(connection, run.id)
        packed.set()
        assert go_on.wait(10)

    async def resume() -> None:
        assert await RunRepository(databases[1]).resume(run, "B", run.options)
        epoch = await other.take_over(run.id)
        replayed = await other.read(run.id)
        await other.append(run.id, epoch, [Entry(len(replayed) + 1, "content", b"{}")])

    packing = asyncio.create_task(databases[0].write(pack_slowly))
    await asyncio.to_thread(packed.wait, 10)
    resuming = asyncio.create_task(resume())
    await asyncio.sleep(0.1)  # it gets as far as it does
    go_on.set()
    await asyncio.gather(packing, resuming)
    assert [entry.seq for entry in await mine.read(run.id)] == list(range(1, 12))


async def test_row_is_not_written_by_an_executor_who_lost_the_run_at_that_moment(
    databases: list[Database],
) -> None:
    repository = RunRepository(databases[0])
    for _ in range(TIMES):
        run = await add_run(repository, process="A")
        first, second = open_log(databases[0]), open_log(databases[1])
        lease = Lease(run.id, "A", await first.take_over(run.id))
        written, taken = await asyncio.gather(
            OwnedRunRepository(databases[0]).release(lease, waits=False, title="T", words=1),
            second.take_over(run.id),
        )
        late = await OwnedRunRepository(databases[0]).release(lease, waits=True, title="late", words=9)
        stored = await repository.get(run.id)
        assert stored is not None and taken == 2 and not late
        assert (stored.title == "T") is written and stored.status == "running"


async def test_run_that_is_deleted_while_it_is_written_is_gone(databases: list[Database]) -> None:
    repository = RunRepository(databases[0])
    for _ in range(TIMES):
        run = await add_run(repository, process="A")
        log = open_log(databases[1])
        lease = Lease(run.id, "A", await log.take_over(run.id))

        async def write(log: Any = log, lease: Lease = lease) -> None:
            for seq in range(1, 30):
                await log.append(lease.run_id, lease.epoch, [Entry(seq, "content", b"{}")])
                await OwnedRunRepository(databases[1]).reset_crash_count(lease)

        outcomes = await asyncio.gather(write(), repository.delete(MAYA, run.id), return_exceptions=True)
        assert outcomes[1] is None and (outcomes[0] is None or isinstance(outcomes[0], StaleWriter))
        assert await repository.get(run.id) is None
        assert await open_log(databases[2]).read(run.id) == []


async def test_place_in_a_series_is_had_once(databases: list[Database]) -> None:
    async def start(database: Database) -> Run | None:
        return await RunRepository(database).add(new_run(series="S", part=1))

    assert await at_once(databases, start) == {"True": 1, "False": PROCESSES - 1}
    found = await databases[0].read(lambda connection: list(connection.scalars(select(runs.c.status))))
    assert found == ["running"]


async def test_failed_run_is_resumed_once(databases: list[Database]) -> None:
    repository = RunRepository(databases[0])
    run = await change_run(repository, await add_run(repository), status="failed")

    async def resume(database: Database) -> bool:
        return await RunRepository(database).resume(run, str(id(database))[:26], run.options)

    assert await at_once(databases, resume) == {"True": 1, "False": PROCESSES - 1}
