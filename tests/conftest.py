"""Fixtures for every test, and what is said at the end: the numbers that the README's guarantees stand on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.acceptance.trials import COUNTS
from tests.fakes.provider import FakeProvider
from tests.log_output import reset_log_output

reset_log_output()  # a service in this process logs before anybody configured it


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    """A fake model provider on a port of its own; set `provider.script` to say what it answers."""
    async with FakeProvider() as running:
        yield running


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands in what it tried."""
    if (handed_in := getattr(session.config, "workeroutput", None)) is not None:
        handed_in["trials"] = dict(COUNTS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Adds up what the workers tried."""
    COUNTS.update(getattr(node, "workeroutput", {}).get("trials", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line, if any trial was made."""
    if COUNTS:
        counted = ", ".join(f"{number} {name}" for name, number in sorted(COUNTS.items()))
        terminalreporter.write_line(
            f"the promise was tried with: {counted}; 0 bytes lost or repeated where tests pass"
        )
