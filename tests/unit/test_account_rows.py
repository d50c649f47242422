"""Accounts as stored: what ends for good with a lock, a password or an address, and what may begin meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from backend.accounts.credentials.secrets import hash_secret
from backend.accounts.throttle import TOKEN, AttemptLimit, Throttle
from backend.store.accounts.accounts import Account, AccountRepository, NewAccount
from backend.store.accounts.allowances.allowance import Allowance
from backend.store.accounts.attempts import AttemptRepository
from backend.store.accounts.belongings import BelongingsRepository
from backend.store.accounts.events import ISSUER, EventRepository
from backend.store.accounts.keys import ApiKeyRepository
from backend.store.accounts.login_rows import LoginSession, SessionReplacement
from backend.store.accounts.logins import LoginRepository, PasswordProof
from backend.store.accounts.one_time_tokens import OneTimeTokenRepository, Purpose, SpentToken
from backend.store.accounts.tables import attempts
from backend.store.accounts.tickets import StreamTicket, TicketRepository
from backend.store.limits import AllowanceReached
from backend.store.runs.charges import Limit
from backend.store.runs.runs import Run, RunRepository
from backend.store.sql.database import Database
from backend.store.threads import ThreadPlace
from tests.databases import ENGINES
from tests.unit.messages import OUTLINE
from tests.unit.stored_runs import change_run, new_run
from workflows.errors import RateLimited, Unauthenticated

pytestmark = pytest.mark.engine(*ENGINES)

NOW = datetime.now(UTC)
LATER, LONG_AGO = NOW + timedelta(days=1), NOW - timedelta(days=1)
PURPOSES: tuple[Purpose, ...] = ("reset", "verify")
BUCKET = b"noa, from somewhere".ljust(32)
COOKIE, REFRESH = hash_secret("a cookie"), hash_secret("a refresh token")


@pytest.fixture
def accounts(database: Database) -> AccountRepository:
    return AccountRepository(database)


@pytest.fixture
async def noa(accounts: AccountRepository) -> Account:
    account = await accounts.add(NewAccount("noa@example.org", "an argon2 string"))
    assert account is not None
    return account


def proof(account: Account) -> PasswordProof:
    return PasswordProof(account, BUCKET)


async def give_everything(database: Database, account: Account) -> None:
    """A browser's and an app's log-in, a key, a ticket that was asked for with it, and a link of each purpose."""
    logins = LoginRepository(database)
    assert await logins.add_browser(proof(account), COOKIE, "a browser", LATER)
    assert await logins.add_app(proof(account), REFRESH, "an app", LATER)
    values = {"name": "k", "hint": "swk_", "scopes": ["runs:read"], "models": None, "expires_at": LATER}
    key = await ApiKeyRepository(database).add(account.id, hash_secret("a key"), 9, **values)
    assert key is not None
    ticket = StreamTicket("T1", account.id, "key", key.id, None, None, "R1", LATER, LATER)
    assert await TicketRepository(database).add(ticket, hash_secret("a ticket"), 9)
    for purpose in PURPOSES:
        await OneTimeTokenRepository(database).put(purpose, account.id, hash_secret(purpose), LATER)


async def what_lives(database: Database) -> set[str]:
    """What still lets somebody in as the account."""
    logins, links = LoginRepository(database), OneTimeTokenRepository(database)
    found: dict[str, object] = {
        "cookie": await logins.find_by_token(COOKIE, LONG_AGO),
        "app": await logins.refresh(REFRESH, hash_secret("the next"), LONG_AGO),
        "key": await ApiKeyRepository(database).find_by_hash(hash_secret("a key")),
        "ticket": await TicketRepository(database).find_by_hash(hash_secret("a ticket")),
    }
    for purpose in PURPOSES:
        found[purpose] = await links.is_good(purpose, hash_secret(purpose)) or None
    return {name for name, value in found.items() if value is not None}


async def test_everything_of_an_active_account_lets_somebody_in(
    database: Database, accounts: AccountRepository, noa: Account
) -> None:
    await give_everything(database, noa)
    await accounts.update(noa.id, runs_a_day=5, role="admin", models=["openai:*"])
    assert await what_lives(database) == {"cookie", "app", "key", "ticket", "reset", "verify"}


@pytest.mark.parametrize("status", ["active", "locked"])
async def test_account_that_is_being_deleted_is_not_brought_back(
    accounts: AccountRepository, noa: Account, status: str
) -> None:
    assert await accounts.update(noa.id, status="deleting")
    assert not await accounts.update(noa.id, status=status, runs_a_day=5)
    left = await accounts.find(noa.id)
    assert left is not None and left.status == "deleting"
    assert await accounts.update(noa.id, status="deleting")  # who asks again isn't wrong


async def test_lock_ends_for_good_everything_but_keys_which_pause(
    database: Database, accounts: AccountRepository, noa: Account
) -> None:
    await give_everything(database, noa)
    await accounts.update(noa.id, status="locked")
    assert await ApiKeyRepository(database).find_by_hash(hash_secret("a key")) is None
    await accounts.update(noa.id, status="active")
    assert await what_lives(database) == {"key"}


@pytest.mark.parametrize("change", [{"email": "n@example.org"}, {"password_hash": "another"}])
async def test_links_that_were_sent_before_end_with_the_address_and_with_the_password(
    database: Database, accounts: AccountRepository, noa: Account, change: dict[str, str]
) -> None:
    await give_everything(database, noa)
    await accounts.update(noa.id, **change)
    assert await what_lives(database) == {"cookie", "app", "key", "ticket"}


async def change_password(database: Database, account: Account, kind: str, secret: bytes) -> LoginSession:
    """The new session of a browser or app that changes the password."""
    sessions = await LoginRepository(database).all(account.id, LONG_AGO)
    [own] = [each for each in sessions if each.kind == kind]
    new = await AccountRepository(database).change_password(
        account.id,
        "another",
        SessionReplacement(own.id, secret, LATER),
        instead_of=account.password_hash,
        revoke_keys=True,
    )
    assert new is not None and new.id not in {each.id for each in sessions}
    assert (new.kind, new.client, new.expires_at) == (own.kind, own.client, LATER)
    return new


@pytest.mark.parametrize("kind", ["browser", "app"])
async def test_changed_password_ends_links_and_every_log_in_and_opens_one_in_place_of_its_own(
    database: Database, noa: Account, kind: str
) -> None:
    await give_everything(database, noa)
    new = await change_password(database, noa, kind, hash_secret("a new secret"))
    logins = LoginRepository(database)
    assert await logins.all(noa.id, LONG_AGO) == [new]
    assert await what_lives(database) == {"ticket"}  # which opens nothing without its key
    by_cookie = await logins.find_by_token(hash_secret("a new secret"), LONG_AGO)
    by_refresh = await logins.refresh(hash_secret("a new secret"), hash_secret("the next"), LONG_AGO)
    assert (by_cookie is not None, by_refresh is not None) == (kind == "browser", kind == "app")


@pytest.mark.parametrize("kind", ["browser", "app"])
async def test_changed_password_that_fails_half_way_changes_nothing(
    database: Database, accounts: AccountRepository, noa: Account, kind: str
) -> None:
    """Its last statement fails: the new secret is somebody else's."""
    await give_everything(database, noa)
    ben = await accounts.add(NewAccount("ben@example.org", "an argon2 string"))
    assert ben is not None
    logins, taken = LoginRepository(database), hash_secret("somebody else's")
    assert await logins.add_browser(proof(ben), taken, "a browser", LATER)
    assert await logins.add_app(proof(ben), taken, "an app", LATER)
    before = await logins.all(noa.id, LONG_AGO)
    with pytest.raises(IntegrityError):
        await change_password(database, noa, kind, taken)
    assert await accounts.find(noa.id) == noa
    assert await logins.all(noa.id, LONG_AGO) == before
    assert await what_lives(database) == {"cookie", "app", "key", "ticket", "reset", "verify"}


async def test_app_that_refreshes_its_tokens_while_the_password_changes_is_left_with_no_old_ones(
    database: Database, noa: Account
) -> None:
    logins = LoginRepository(database)
    assert await logins.add_app(proof(noa), REFRESH, "an app", LATER)
    await asyncio.gather(
        change_password(database, noa, "app", hash_secret("a new secret")),
        logins.refresh(REFRESH, hash_secret("a copy's"), LONG_AGO),
    )
    assert len(await logins.all(noa.id, LONG_AGO)) == 1
    assert await logins.refresh(REFRESH, hash_secret("x"), LONG_AGO) is None
    assert await logins.refresh(hash_secret("a copy's"), hash_secret("y"), LONG_AGO) is None
    assert await logins.refresh(hash_secret("a new secret"), hash_secret("z"), LONG_AGO)


async def test_new_password_ends_keys_where_that_is_asked_for(
    database: Database, accounts: AccountRepository, noa: Account
) -> None:
    await give_everything(database, noa)
    await OneTimeTokenRepository(database).put("reset", noa.id, hash_secret("reset"), LATER)
    assert await accounts.reset_password(hash_secret("reset"), "another") == noa.id
    assert await what_lives(database) == {"ticket"}  # which opens nothing without its key
    found = await accounts.find(noa.id)
    assert found is not None and found.email_verified_at is not None and found.password_hash == "another"


@pytest.mark.parametrize("change", [{"status": "locked"}, {"status": "deleting"}, {"password_hash": "new"}])
async def test_log_in_whose_account_changed_since_its_password_was_checked_opens_no_session(
    database: Database, accounts: AccountRepository, noa: Account, change: dict[str, str]
) -> None:
    await accounts.update(noa.id, **change)
    logins = LoginRepository(database)
    assert await logins.add_browser(proof(noa), COOKIE, "a browser", LATER) is None
    assert await logins.add_app(proof(noa), REFRESH, "an app", LATER) is None
    assert await logins.refresh(REFRESH, hash_secret("the next"), LONG_AGO) is None


async def test_log_in_forgets_the_slips_before_it_and_one_that_opens_nothing_does_not(
    database: Database, accounts: AccountRepository, noa: Account
) -> None:
    attempts, logins = AttemptRepository(database), LoginRepository(database)
    counted = [(BUCKET, 2)]
    assert await attempts.reserve(counted, timedelta(hours=1)) is None
    assert await attempts.reserve(counted, timedelta(hours=1)) is None
    await accounts.update(noa.id, status="locked")
    assert await logins.add_browser(proof(noa), COOKIE, "a browser", LATER) is None
    assert await attempts.reserve(counted, timedelta(hours=1)) is not None
    await accounts.update(noa.id, status="active")
    assert await logins.add_browser(proof(noa), COOKIE, "a browser", LATER) is not None
    assert await attempts.reserve(counted, timedelta(hours=1)) is None


async def test_attempts_of_a_future_from_which_the_clock_was_set_back_lock_nobody_out(
    database: Database,
) -> None:
    repository, counted, hour = AttemptRepository(database), [(BUCKET, 2)], timedelta(hours=1)
    for _ in range(2):
        assert await repository.reserve(counted, hour) is None
    assert await repository.reserve(counted, hour) is not None
    later = update(attempts).values(at=datetime.now(UTC) + hour)
    await database.write(lambda connection: connection.execute(later))
    assert await repository.reserve(counted, hour) is None


async def test_hash_is_replaced_unless_the_password_was_changed_meanwhile(
    accounts: AccountRepository, noa: Account
) -> None:
    for old, expected in (("an argon2 string", "newer"), ("an argon2 string", "newer"), ("newer", "newest")):
        await accounts.replace_hash(noa.id, old, expected if old == "newer" else "newer")
        found = await accounts.find(noa.id)
        assert found is not None and found.password_hash == expected


def limit(**values: float) -> Limit:
    allowance = Allowance(**{"runs_at_once": 2, "runs_a_day": 50, "usd_a_month": 100.0, **values})  # type: ignore[arg-type]
    return Limit(None, NOW.replace(day=1, hour=0), LATER, allowance)


async def test_account_that_is_being_deleted_starts_nothing_more(
    accounts: AccountRepository, repository: RunRepository, noa: Account
) -> None:
    await accounts.update(noa.id, status="deleting")
    with pytest.raises(Unauthenticated):
        await repository.add(new_run(owner=noa.id), limit=limit())


async def test_waiting_runs_that_are_answered_at_once_are_no_more_than_may_be_under_way(
    repository: RunRepository, other_database: Database, noa: Account
) -> None:
    waiting = []
    for _ in range(4):
        run = await repository.add(
            new_run(owner=noa.id, process="P", options={"budget_usd": 0.1}), limit=limit()
        )
        assert run is not None
        waiting.append(await change_run(repository, run, status="waiting", process=None))
    there = RunRepository(other_database)
    answers = await asyncio.gather(
        *(
            (repository, there)[number % 2].answer(run, "P", OUTLINE, limit=limit())
            for number, run in enumerate(waiting)
        ),
        return_exceptions=True,
    )
    assert answers.count(True) == 2
    assert sum(isinstance(each, AllowanceReached) for each in answers) == 2
    statuses = [run.status for run in await repository.page(noa.id, limit=9)]
    assert (statuses.count("running"), statuses.count("waiting")) == (2, 2)


async def test_run_that_is_replaced_is_not_under_way_any_more_but_keeps_its_budget(
    repository: RunRepository, noa: Account
) -> None:
    async def add(budget: float, place: ThreadPlace | None = None) -> Run | None:
        new = new_run(owner=noa.id, process="P", options={"budget_usd": budget})
        return await repository.add(new, limit=limit(runs_at_once=1, usd_a_month=1.0), place=place)

    first = await add(0.3)
    assert first is not None
    with pytest.raises(AllowanceReached):
        await add(0.3)
    with pytest.raises(AllowanceReached):
        await add(0.8, ThreadPlace("t", 2, first.id))
    assert await add(0.3, ThreadPlace("t", 2, first.id)) is not None


@pytest.mark.parametrize(
    ("values", "budget", "fit"),
    [
        ({"runs_at_once": 3}, 0.1, 3),
        ({"runs_at_once": 50, "runs_a_day": 3}, 0.1, 3),
        ({"runs_at_once": 50, "usd_a_month": 1.0}, 0.3, 3),
    ],
)
async def test_allowance_gives_its_last_place_once_to_processes_that_ask_at_once(
    repository: RunRepository,
    other_database: Database,
    noa: Account,
    values: dict[str, float],
    budget: float,
    fit: int,
) -> None:
    there = RunRepository(other_database)
    taken = await asyncio.gather(
        *(
            each.add(
                new_run(owner=noa.id, process="P", options={"budget_usd": budget}), limit=limit(**values)
            )
            for each in (repository, there) * 4
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, AllowanceReached) for each in taken) == 8 - fit
    assert len(await repository.page(noa.id, limit=20)) == fit


async def test_what_is_no_accounts_is_throttled_by_network_address_alone_and_counted_once(
    database: Database,
) -> None:
    throttle, within = Throttle(AttemptRepository(database)), timedelta(minutes=15)
    assert TOKEN.account == TOKEN.here == 0
    shared = AttemptLimit("log-in", within, address=2, here=2, account=2)
    for number in range(4):
        for _ in range(2):
            await throttle.check(shared, "", f"192.0.2.{number}")
        with pytest.raises(RateLimited):
            await throttle.check(shared, "", f"192.0.2.{number}")


@pytest.mark.parametrize("is_known", [True, False])
async def test_invitation_is_used_up_by_whoever_registers_whether_or_not_they_have_an_account(
    database: Database, accounts: AccountRepository, is_known: bool
) -> None:
    known = await accounts.add(NewAccount("noa@example.org")) if is_known else None
    await OneTimeTokenRepository(database).put("invite", None, hash_secret("invite"), LATER)
    new = NewAccount("noa@example.org", "an argon2 string")
    account = await accounts.register(new, hash_secret("invite"))
    assert (account is None) is is_known
    stored = await accounts.find_by_email("noa@example.org")
    assert stored is not None and stored.id == (known or account or pytest.fail()).id
    assert (stored.password_hash is None) is is_known
    with pytest.raises(SpentToken):
        await accounts.register(NewAccount("ben@example.org"), hash_secret("invite"))
    assert await accounts.find_by_email("ben@example.org") is None
    events = await EventRepository(database).page(stored.id, before=None, limit=9)
    kind = "registered_again" if is_known else "account_created"
    assert {event.kind for event in events} == {kind, "invitation_used"}


async def test_who_did_what_to_an_account_is_known_when_it_is_gone(
    database: Database, accounts: AccountRepository, noa: Account
) -> None:
    events = EventRepository(database)
    await events.add("login", noa.id, "a session")
    await events.add("account_promoted", noa.id, actor="an admin")
    role = (await accounts.find_or_add_identity("https://issuer", "noa", "user")).role
    ben = await accounts.find_or_add_identity("https://issuer", "noa", "admin")
    assert (role, ben.role) == ("user", "admin")
    for owner in (noa.id, ben.id):
        await BelongingsRepository(database).erase(owner)
    found = await events.page(None, before=None, limit=9)
    assert {(each.kind, each.owner, each.subject, each.actor) for each in found} == {
        ("account_promoted", None, noa.id, "an admin"),
        ("account_created", None, ben.id, ISSUER),
        ("account_promoted", None, ben.id, ISSUER),
        *(("account_deleted", None, owner, owner) for owner in (noa.id, ben.id)),
    }
