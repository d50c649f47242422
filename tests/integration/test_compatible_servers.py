"""Every server that the documents name, over real HTTP, in its own words."""

from collections.abc import Iterator

import pytest

from tests.compatible_servers import PAGE, TRIALS, page_with, write_table
from tests.fakes.compatible import SERVERS, CompatibleServer
from tests.fakes.provider import FakeProvider


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    """One for the whole table: it runs in a thread of its own."""
    running = FakeProvider()
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize("trial", TRIALS)
@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
async def test_server_is_understood(
    provider: FakeProvider, server: type[CompatibleServer], trial: str
) -> None:
    provider.forget()
    assert await TRIALS[trial](provider, server)


def test_page_says_what_was_tried() -> None:
    """The page has a tick for each trial of each server, which is what the tests above show."""
    ticked = {server.name: dict.fromkeys(TRIALS, True) for server in SERVERS}
    assert PAGE.read_text(encoding="utf-8") == page_with(write_table(ticked)), (
        "run python -m tests.compatible_servers"
    )
