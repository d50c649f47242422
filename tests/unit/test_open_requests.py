"""Requests that last: when what let them in has ended, so do they, however many there are."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from backend.accounts.open_requests import OpenRequests
from backend.accounts.principal import Credential, Principal
from backend.store.accounts.accounts import AccountRepository, NewAccount
from backend.store.accounts.callers import CallerCredential, CallerRepository
from backend.store.accounts.keys import ApiKeyRepository
from backend.store.accounts.logins import LoginRepository, PasswordProof
from backend.store.accounts.streams import StreamRepository
from backend.store.owner import Owner
from backend.store.sql.database import Database
from backend.tasks import Background
from tests.databases import ENGINES

pytestmark = pytest.mark.engine(*ENGINES)

NOW = datetime.now(UTC)
LATER, LONG_AGO, SOON = NOW + timedelta(days=1), NOW - timedelta(days=1), NOW + timedelta(hours=1)
PEOPLE = 40


async def let_in(database: Database, name: str) -> list[CallerCredential]:
    """A browser, an app and a key of one person, and their account by another issuer's token."""
    account = await AccountRepository(database).add(NewAccount(f"{name}@example.org"))
    assert account is not None
    logins, proof = LoginRepository(database), PasswordProof(account, b"b" * 32)
    browser = await logins.add_browser(proof, f"browser {name}".encode().ljust(32), "browser", LATER)
    app = await logins.add_app(proof, f"app {name}".encode().ljust(32), "app", LATER)
    values = {"name": "k", "hint": "swk_", "scopes": ["runs:read"], "expires_at": LATER}
    key = await ApiKeyRepository(database).add(account.id, f"key {name}".encode().ljust(32), 9, **values)
    assert browser is not None and app is not None and key is not None
    found = [("browser", browser.id), ("app", app.id), ("key", key.id), ("issuer", account.id)]
    return [CallerCredential(account.id, kind, id) for kind, id in found]


async def test_all_credentials_are_looked_at_by_three_statements_of_one_transaction(
    database: Database,
) -> None:
    people = [await let_in(database, f"person{number}") for number in range(PEOPLE)]
    callers, statements = [caller for person in people for caller in person], list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert await CallerRepository(database).find_alive(callers, LONG_AGO) == set(callers)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len([each for each in statements if each.startswith("SELECT")]) == 3


async def test_credential_is_alive_until_it_ends_by_itself_or_by_somebody(database: Database) -> None:
    noa, ben = await let_in(database, "noa"), await let_in(database, "ben")
    callers, logins = CallerRepository(database), LoginRepository(database)
    everybody = [*noa, *ben]

    async def left(idle_since: datetime = LONG_AGO) -> list[str]:
        alive = await callers.find_alive(everybody, idle_since)
        names = {caller: f"{'noa' if caller in noa else 'ben'} {caller.kind}" for caller in alive}
        return sorted(names.values())

    of_ben = ["ben app", "ben browser", "ben issuer", "ben key"]
    assert await left() == [*of_ben, "noa app", "noa browser", "noa issuer", "noa key"]
    assert await left(SOON) == ["ben issuer", "ben key", "noa issuer", "noa key"]  # unused since
    await logins.end(noa[0].owner, noa[0].id)
    await ApiKeyRepository(database).update(noa[2].owner, noa[2].id, expires_at=NOW)
    assert await left() == [*of_ben, "noa app", "noa issuer"]
    await AccountRepository(database).update(noa[0].owner, status="locked")
    assert await left() == of_ben
    # Neither by another's id, nor by an id of another kind.
    foreign = [
        CallerCredential(noa[0].owner, "app", ben[1].id),
        CallerCredential(ben[0].owner, "key", ben[1].id),
    ]
    assert await callers.find_alive(foreign, LONG_AGO) == set()


async def test_requests_of_credentials_that_ended_are_ended_and_no_others(database: Database) -> None:
    noa, ben = (Principal(Owner(name), Credential("app", f"of {name}")) for name in ("noa", "ben"))
    asked: list[set[Principal]] = []

    async def find_ended(principals: Collection[Principal]) -> Collection[Principal]:
        asked.append(set(principals))
        return {noa}

    requests = OpenRequests(find_ended, StreamRepository(database), 5, Background())
    async with (
        requests.opened(noa, is_stream=False) as first,
        requests.opened(noa, is_stream=False) as second,
        requests.opened(ben, is_stream=False) as other,
    ):
        await requests.check()
        assert first.ended.is_set() and second.ended.is_set() and not other.ended.is_set()
        assert asked == [{noa, ben}]
    await requests.check()
    assert len(asked) == 1  # where nobody waits, nobody is asked about
