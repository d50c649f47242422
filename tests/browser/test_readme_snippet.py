"""The README's reader in JavaScript, pasted into a browser's console as it is printed."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.architecture.tree import code_blocks
from tests.browser.live import serve_scripted
from tests.fakes.script import Fault, Reply, Rule, Script

pytestmark = pytest.mark.browser

SCENES = 4


@pytest.fixture
def console_page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        yield context.new_page()


def _paste(page: Page, url: str) -> ConsoleMessage:
    """What the snippet prints, pasted into the console of the page at `url`."""
    [snippet] = code_blocks(Path("README.md"), "js")
    page.goto(url)
    console = page.context.new_cdp_session(page)
    with page.expect_console_message(lambda message: message.type == "log", timeout=60_000) as printed:
        told = console.send("Runtime.evaluate", {"expression": snippet, "replMode": True})
        assert "exceptionDetails" not in told, told
    return printed.value


def test_snippet_prints_the_story_and_true_or_why_it_failed(console_page: Page, tmp_path: Path) -> None:
    broken = Rule(Reply(fault=Fault("drop", after=15)), structured=False, nth=SCENES + 1)
    with serve_scripted(tmp_path, Script(rules=(broken,))) as url:
        printed = _paste(console_page, url)
        told = [arg.json_value() for arg in printed.args]
        failed = _paste(console_page, url).text
        second, first = httpx.get(f"{url}/api/v1/runs", trust_env=False).json()["runs"]
        whole, part = (
            httpx.get(f"{url}/api/v1/runs/{run['run_id']}", trust_env=False).json() for run in (first, second)
        )

    assert told == [whole["result"]["story_content"], True]
    assert failed == part["error"]["message"]
