"""The service on PostgreSQL, with its runs on a worker: tests of others, which are to pass there as they do on SQLite.

A few of each kind; `make soak` has the rest of their modules, with STORYWIRE_TEST_DATABASE=postgresql.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from backend.accounts.principal import Credential, Principal
from backend.resources import open_resources
from backend.store.owner import Owner
from backend.store.postgres.database import make_dsn
from tests.fakes.provider import FakeProvider
from tests.integration import test_accounts as accounts
from tests.integration import test_runs as runs
from tests.integration import test_versions as versions
from tests.people import serve_accounts
from tests.service import LiveService, close_databases, on_postgresql, serve, settings_for

TESTS = (
    accounts.test_refresh_token_works_once_and_its_second_use_ends_the_session,
    accounts.test_run_of_one_account_is_not_there_for_another,
    runs.test_deleted_run_is_gone_with_its_text_log_and_checkpoints,
    runs.test_get_with_a_request_id_starts_one_run_however_often_it_is_tried,
    runs.test_list_is_newest_first_and_pages,
    runs.test_reconnect_after_the_last_message_is_told_to_stop,
    runs.test_run_read_live_ends_with_the_very_text_that_is_stored,
    runs.test_run_that_is_going_on_can_be_deleted,
    runs.test_run_whose_last_message_was_read_is_complete_in_the_list_too,
    versions.test_link_shows_the_text_as_text_until_it_is_revoked,
    versions.test_version_of_one_section_with_feedback_buys_that_section_alone,
)
globals().update({each.__name__: each for each in TESTS})


@pytest.fixture
async def service(
    provider: FakeProvider, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[LiveService]:
    """The service, and a worker, which write with the fake provider."""
    values = {**on_postgresql(tmp_path), "pack_after": 0}
    is_with_accounts = request.function.__module__ == "tests.integration.test_accounts"
    opened = (
        serve_accounts(provider, tmp_path, **values)
        if is_with_accounts
        else serve(settings_for(provider, tmp_path, **values))
    )
    async with opened as running:
        yield running
    close_databases()


async def test_readyz_says_what_waits_and_which_workers_are_there(service: LiveService) -> None:
    reply = await service.client.http.get("/readyz")
    waiting = {"queued": 0, "queue_seconds": 0, "workers": 1, "slots": 20}
    assert (reply.status_code, reply.json()) == (
        200,
        {"status": "ready", "runs": 0, "readers": 0, **waiting},
    )


async def test_who_has_lost_a_credential_is_found_while_all_transactions_hang_on_a_lock(
    service: LiveService, tmp_path: Path
) -> None:
    database, people = service.resources.database, service.resources.people
    somebody = Principal(Owner("noa"), Credential("key", "revoked"))
    wait = text("SELECT pg_advisory_xact_lock(4711)")
    async with await psycopg.AsyncConnection.connect(
        make_dsn(on_postgresql(tmp_path)["database_url"])
    ) as holder:
        await holder.execute("SELECT pg_advisory_lock(4711)")
        hanging = [asyncio.create_task(database.write(lambda c: c.scalar(wait))) for _ in range(4)]
        async with asyncio.timeout(5):
            while True:
                waiting = await holder.execute(
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
                )
                if await waiting.fetchone() == (4,):
                    break
            assert await people.authenticator.find_ended({somebody}) == {somebody}
        assert not any(each.done() for each in hanging)
        await holder.execute("SELECT pg_advisory_unlock(4711)")
        await asyncio.gather(*hanging)


async def test_process_with_another_lease_than_those_that_are_there_goes_by_theirs_and_says_so(
    service: LiveService, provider: FakeProvider, tmp_path: Path
) -> None:
    del service
    settings = settings_for(provider, tmp_path, **on_postgresql(tmp_path), lease_seconds=20)
    with capture_logs() as logged:
        async with open_resources(settings):
            pass
    [line] = [line for line in logged if line["event"] == "lease_of_others"]
    assert line["used"] == 10 and line["reason"].startswith("STORYWIRE_LEASE_SECONDS=20 isn't used")
