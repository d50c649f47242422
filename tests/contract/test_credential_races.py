"""Credentials that end while they are used: of an end and a use at once one comes first, and nobody waits in a ring."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from backend.store.accounts.accounts import Account, AccountRepository, NewAccount
from backend.store.accounts.belongings import BelongingsRepository
from backend.store.accounts.callers import CallerCredential, calling_as
from backend.store.accounts.keys import ApiKeyRepository
from backend.store.accounts.logins import LoginRepository, PasswordProof
from backend.store.accounts.one_time_tokens import OneTimeTokenRepository
from backend.store.accounts.tickets import StreamTicket, TicketRepository
from backend.store.runs.runs import RunRepository
from backend.store.runs.shares import ShareRepository
from backend.store.sql.database import Database
from tests.databases import close_database, open_database
from tests.unit.messages import OUTLINE
from tests.unit.stored_runs import add_run, change_run, new_run
from workflows.errors import Unauthenticated

NOW = datetime.now(UTC)
LATER, LONG_AGO = NOW + timedelta(days=1), NOW - timedelta(days=1)
REFRESH, NEXT, BUCKET = b"r" * 32, b"n" * 32, b"b" * 32

Use = Callable[[Database, Account, str], Awaitable[object]]
End = Callable[[Database, Account, str], Awaitable[object]]


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(database_url)
    yield opened
    await close_database(opened)


@pytest.fixture
async def there(database_url: str) -> AsyncIterator[Database]:
    """The same, as another process has it."""
    opened = open_database(database_url)
    yield opened
    await close_database(opened)


@pytest.fixture
async def noa(here: Database) -> Account:
    account = await AccountRepository(here).add(
        NewAccount("noa@example.org", "an argon2 string", role="admin")
    )
    assert account is not None
    return account


async def log_in(database: Database, account: Account) -> str:
    session = await LoginRepository(database).add_app(PasswordProof(account, BUCKET), REFRESH, "app", LATER)
    assert session is not None
    return session.id


async def lock(database: Database, account: Account, _: str) -> None:
    await AccountRepository(database).update(account.id, status="locked")


async def ask_deletion(database: Database, account: Account, _: str) -> None:
    await AccountRepository(database).update(account.id, status="deleting")


async def erase(database: Database, account: Account, _: str) -> None:
    await BelongingsRepository(database).erase(account.id)


async def set_password(database: Database, account: Account, _: str) -> None:
    await OneTimeTokenRepository(database).put("reset", account.id, b"r" * 32, LATER)
    await AccountRepository(database).reset_password(b"r" * 32, "another")


async def log_out(database: Database, account: Account, session_id: str) -> None:
    await LoginRepository(database).end(account.id, session_id)


async def log_out_everywhere(database: Database, account: Account, _: str) -> None:
    await LoginRepository(database).end_all(account.id)


ENDS = [lock, ask_deletion, erase, set_password, log_out, log_out_everywhere]


@contextmanager
def paused_before(start: str) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Pauses whoever is about to send a statement that begins so, once: (it is there, it may go on)."""
    reached, go_on = threading.Event(), threading.Event()

    def pause(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(start) and not reached.is_set():
            reached.set()
            assert go_on.wait(20)

    event.listen(Engine, "before_cursor_execute", pause)
    try:
        yield reached, go_on
    finally:
        go_on.set()
        event.remove(Engine, "before_cursor_execute", pause)


@contextmanager
def database_errors() -> Iterator[list[str]]:
    """The errors of the databases meanwhile, also those after which a transaction is tried again."""
    errors: list[str] = []

    def note(context: Any) -> None:
        errors.append(type(context.original_exception).__name__)

    event.listen(Engine, "handle_error", note)
    try:
        yield errors
    finally:
        event.remove(Engine, "handle_error", note)


async def somebody_waits(database: Database) -> None:
    """Returns when a transaction waits for another one."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(20):
        while not await database.read(lambda connection: connection.scalar(waiting)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.engine("postgresql")  # SQLite has one writer at a time
@pytest.mark.parametrize(
    "statement", ["UPDATE login_sessions", "UPDATE refresh_tokens", "INSERT INTO refresh"]
)
@pytest.mark.parametrize("end", ENDS)
async def test_log_in_that_ends_while_it_is_refreshed_ends_with_its_tokens_and_nobody_waits_in_a_ring(
    here: Database, there: Database, noa: Account, end: End, statement: str
) -> None:
    session_id, logins = await log_in(here, noa), LoginRepository(here)
    with database_errors() as errors, paused_before(statement) as (reached, go_on):
        refreshing = asyncio.create_task(logins.refresh(REFRESH, NEXT, LONG_AGO))
        assert await asyncio.to_thread(reached.wait, 20)
        ending = asyncio.ensure_future(end(there, noa, session_id))
        await somebody_waits(there)
        go_on.set()
        refreshed, _ = await asyncio.gather(refreshing, ending)
    assert errors == [] and refreshed is not None
    for token in (REFRESH, NEXT):
        assert await logins.refresh(token, b"x" * 32, LONG_AGO) is None
    assert await logins.all(noa.id, LONG_AGO) == []


@pytest.mark.engine("postgresql")
async def test_log_ins_that_have_ended_are_tidied_away_past_those_that_somebody_holds(
    here: Database, there: Database, noa: Account
) -> None:
    """All of them ended by themselves; one is being ended by hand."""
    logins, loop = LoginRepository(here), asyncio.get_running_loop()
    held, free = [
        await logins.add_browser(PasswordProof(noa, BUCKET), token * 32, "browser", NOW)
        for token in (b"1", b"2")
    ]
    assert held is not None and free is not None
    hold = text("SELECT 1 FROM login_sessions WHERE id = :id FOR UPDATE")

    def tidy_meanwhile(connection: Connection) -> list[str]:
        connection.execute(hold, {"id": held.id})
        asyncio.run_coroutine_threadsafe(LoginRepository(there).drop_ended(LONG_AGO), loop).result(20)
        return list(connection.scalars(text("SELECT id FROM login_sessions")))

    assert await here.write(tidy_meanwhile) == [held.id]


async def start(database: Database, account: Account, _: str) -> object:
    return await RunRepository(database).add(new_run(owner=account.id, process="P"))


async def resume(database: Database, account: Account, run_id: str) -> object:
    run = await RunRepository(database).find(account.id, run_id)
    assert run is not None
    run = await change_run(RunRepository(database), run, status="failed")
    return await RunRepository(database).resume(run, "P", run.options)


async def answer(database: Database, account: Account, run_id: str) -> object:
    run = await RunRepository(database).find(account.id, run_id)
    assert run is not None
    run = await change_run(RunRepository(database), run, status="waiting")
    return await RunRepository(database).answer(run, "P", OUTLINE)


async def make_key(database: Database, account: Account, _: str) -> object:
    return await add_key(database, account, "one more")


async def prolong_key(database: Database, account: Account, key_id: str) -> object:
    return await ApiKeyRepository(database).update(account.id, key_id, expires_at=LATER)


async def make_ticket(database: Database, account: Account, run_id: str) -> object:
    ticket = StreamTicket("T" * 26, account.id, "app", "S", None, None, run_id, LATER, LATER)
    return await TicketRepository(database).add(ticket, b"a ticket".ljust(32), 9)


async def share(database: Database, account: Account, run_id: str) -> object:
    return await ShareRepository(database).put(account.id, run_id, "a hash", LATER)


async def make_link(database: Database, account: Account, _: str) -> object:
    await OneTimeTokenRepository(database).put("reset", account.id, b"a link".ljust(32), LATER)
    return True


async def invite(database: Database, _: Account, __: str) -> object:
    await OneTimeTokenRepository(database).put("invite", None, b"a link".ljust(32), LATER)
    return True


async def change_account(database: Database, account: Account, _: str) -> object:
    return await AccountRepository(database).update(account.id, role="admin")


USES = [start, resume, answer, make_key, prolong_key, make_ticket, share, make_link, invite, change_account]


async def end_key(database: Database, account: Account, key_id: str) -> None:
    assert await ApiKeyRepository(database).remove(account.id, key_id)


async def add_key(database: Database, account: Account, name: str) -> str:
    values = {"name": name, "hint": "swk_", "scopes": ["runs:write"], "expires_at": LATER}
    key = await ApiKeyRepository(database).add(account.id, name.encode().ljust(32), 9, **values)
    assert key is not None
    return key.id


async def show(database: Database, account: Account, kind: str) -> str:
    """The id of a credential that a request is let in by."""
    if kind == "app":
        return await log_in(database, account)
    return account.id if kind == "issuer" else await add_key(database, account, "a key")


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    ("kind", "end"),
    [("app", set_password), ("app", log_out), ("key", lock), ("key", end_key), ("issuer", lock)],
)
async def test_request_that_was_let_in_before_its_credential_ended_stores_nothing_afterwards(
    here: Database, there: Database, noa: Account, use: Use, kind: str, end: End
) -> None:
    run, key_id = await add_run(RunRepository(here), owner=noa.id), await add_key(here, noa, "another")
    id = await show(here, noa, kind)
    with calling_as(CallerCredential(noa.id, kind, id)):
        await end(there, noa, id)
        with pytest.raises(Unauthenticated):
            await use(here, noa, key_id if use is prolong_key else run.id)


@pytest.mark.parametrize(
    ("use", "kind"), [*((use, "app") for use in USES), (start, "key"), (start, "issuer")]
)
async def test_request_whose_credential_has_not_ended_stores_what_it_asks_for(
    here: Database, noa: Account, use: Use, kind: str
) -> None:
    run, key_id = await add_run(RunRepository(here), owner=noa.id), await add_key(here, noa, "another")
    with calling_as(CallerCredential(noa.id, kind, await show(here, noa, kind))):
        assert await use(here, noa, key_id if use is prolong_key else run.id)


@pytest.mark.engine("postgresql")
@pytest.mark.parametrize("use", [start, make_key, make_ticket, share])
@pytest.mark.parametrize("end", [lock, set_password, log_out, log_out_everywhere])
async def test_request_waits_for_an_end_under_way_and_is_refused(
    here: Database, there: Database, noa: Account, use: Use, end: End
) -> None:
    run, session_id = await add_run(RunRepository(here), owner=noa.id), await log_in(here, noa)
    with paused_before("DELETE FROM login_sessions") as (reached, go_on):
        ending = asyncio.ensure_future(end(there, noa, session_id))
        assert await asyncio.to_thread(reached.wait, 20)
        with calling_as(CallerCredential(noa.id, "app", session_id)):
            using = asyncio.ensure_future(use(here, noa, run.id))
        await somebody_waits(there)
        assert not using.done()
        go_on.set()
        await ending
        with pytest.raises(Unauthenticated):
            await using
