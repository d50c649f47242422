"""Chromium for the tests of the page.

Tests here are plain functions: Playwright's synchronous interface keeps an event loop of its own in this
thread for as long as the folder's tests run.
"""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.browser.page_server import PageServer
from tests.browser.scripted import Scripted
from tests.missing import give_up

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WAIT_MS = 20_000


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        give_up("no Chromium on this machine (looked for " + ", ".join(BROWSERS) + ")")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def server() -> Iterator[PageServer]:
    page_server = PageServer()
    yield page_server
    page_server.close()


@pytest.fixture
def api(server: PageServer) -> Scripted:
    return server.scripted


@pytest.fixture
def tolerated() -> list[str]:
    """Beginnings of console messages that a test expects, such as those of a refusal it asks for."""
    return []


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One profile for all tests: each has a server on a port, and so an origin and a storage, of its own."""
    with browser.new_context(viewport={"width": 1100, "height": 720}, reduced_motion="reduce") as context:
        context.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        yield context


@pytest.fixture
def page(context: BrowserContext, server: PageServer, tolerated: list[str]) -> Iterator[Page]:
    """An empty page. At the end: nothing went to another host, and the console is clean."""
    page = context.new_page()
    complaints: list[str] = []
    strangers: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(tuple(tolerated)):
            complaints.append(message.text)

    def see(request: Request) -> None:
        if not request.url.startswith((server.url, "data:", "blob:")):
            strangers.append(request.url)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", see)
    yield page
    page.close()
    assert complaints == []
    assert strangers == []
