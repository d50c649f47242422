"""Fixtures for every test, and what is said at the end: the numbers that the README's guarantees stand on."""

import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.acceptance.trials import COUNTS
from tests.fakes.provider import FakeProvider
from tests.log_output import forget_configured_logs, reset_log_output

_COMPUTING = ("tests/unit/", "tests/architecture/")
_BROWSER = "tests/browser/"
_LONG = tuple(
    f"tests/integration/test_{name}" for name in ("openapi", "podcast", "slow_readers", "studio", "walk")
)

gc.disable()  # collecting ten thousand tests makes nothing that it could free, and takes a third longer with it
reset_log_output()  # a service in this process logs before anybody configured it


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    """A fake model provider on a port of its own; set `provider.script` to say what it answers."""
    async with FakeProvider() as running:
        yield running


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In workers of pytest-xdist, files of tests that compute stand between those that wait: neither has the machine
    to itself. Files that take long don't come last, when the other workers have no more to do. Files of the browser
    stay together, since they share one."""
    if not hasattr(config, "workerinput"):
        return
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    computing = [file for file in files if file.startswith(_COMPUTING)]
    waiting = [file for file in files if not file.startswith(_COMPUTING)]
    waiting.sort(key=lambda file: not file.startswith(_LONG))
    places = {file: nth / len(group) for group in (waiting, computing) for nth, file in enumerate(group)}
    shared = [file for file in waiting if file.startswith(_BROWSER)]
    places.update((file, places[shared[0]]) for file in shared)
    items[:] = [item for file in sorted(waiting + computing, key=places.__getitem__) for item in files[file]]


def pytest_runtest_logfinish() -> None:
    """No test depends on what was tried before it in the same process."""
    forget_configured_logs()


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not look at it again in every test, as in the service."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


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
