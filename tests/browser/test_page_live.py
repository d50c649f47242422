"""The page, the real service and a model, end to end in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import Browser, Page, expect

from tests.browser.live import serve, serve_scripted
from tests.browser.scripts import read_text
from tests.clients.proxy import STALL, Proxy, proxy
from tests.fakes.script import Fault, Reply, Rule, Script

pytestmark = pytest.mark.browser


@pytest.fixture
def live_page(browser: Browser) -> Iterator[Page]:
    """A page that may go to one service only; complaints of the console fail the test."""
    with browser.new_context(viewport={"width": 1100, "height": 760}, reduced_motion="reduce") as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        assert complaints == []


def _ask(page: Page, url: str, theme: str) -> None:
    page.goto(url)
    page.get_by_label("What is it about?").fill(theme)
    page.locator("#name").fill("Maya")
    page.get_by_role("button", name="Write the chapter").click()


@pytest.mark.embedded
@pytest.mark.timeout(180)
def test_first_story_with_nothing_set_is_begun_by_the_built_in_model_and_can_be_stopped(
    live_page: Page, tmp_path: Path
) -> None:
    with serve(tmp_path) as url:
        _ask(live_page, url, "a lighthouse")
        expect(live_page.locator(".section__text > p").first).not_to_be_empty(timeout=150_000)
        live_page.get_by_role("button", name="Stop").click()
        expect(live_page.get_by_role("heading", name="Stopped")).to_be_visible(timeout=20_000)
        expect(live_page.get_by_text("built-in demonstration model").first).to_be_visible()
        [run] = httpx.get(f"{url}/api/v1/runs", trust_env=False).json()["runs"]
        stored = httpx.get(f"{url}/api/v1/runs/{run['run_id']}", trust_env=False).json()

        assert stored["model"].startswith("embedded:") and stored["status"] == "cancelled"
        assert read_text(live_page)


@pytest.mark.soak
@pytest.mark.embedded
@pytest.mark.timeout(180)
def test_first_story_with_nothing_set_is_written_by_the_built_in_model(
    live_page: Page, tmp_path: Path
) -> None:
    with serve(tmp_path) as url:
        _ask(live_page, url, "a lighthouse")
        expect(live_page.locator(".verified")).to_contain_text("Verified", timeout=150_000)
        expect(live_page.get_by_text("built-in demonstration model").first).to_be_visible()
        run = httpx.get(f"{url}/api/v1/runs", trust_env=False).json()["runs"][0]
        stored = httpx.get(f"{url}/api/v1/runs/{run['run_id']}", trust_env=False).json()

        assert stored["model"].startswith("embedded:") and stored["status"] == "completed"
        assert read_text(live_page) == stored["result"]["story_content"]


def test_story_that_breaks_is_gone_on_with_and_a_choice_leads_to_its_next_chapter(
    live_page: Page, tmp_path: Path
) -> None:
    broken = Rule(Reply(fault=Fault("drop", after=15, times=1)), structured=False, nth=2)
    with serve_scripted(tmp_path, Script(rules=(broken,))) as url:
        _ask(live_page, url, "a lighthouse")
        live_page.get_by_role("button", name="Go on").click(timeout=20_000)
        assert _verified_text(live_page) == _stored_text(url)

        live_page.locator(".card").nth(1).click()
        expect(live_page.locator("#story-chapter")).to_have_text("Chapter Two")
        assert _verified_text(live_page) == _stored_text(url)
        [story] = httpx.get(f"{url}/api/v1/stories/sessions", trust_env=False).json()["sessions"]
        story_url = f"{url}/api/v1/stories/sessions/{story['session_id']}"
        chapters = httpx.get(story_url, trust_env=False).json()["chapters"]

        assert [chapter["number"] for chapter in chapters] == [1, 2]
        assert chapters[0]["choice"] == chapters[0]["choices"][1]["text"]


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_proxy_that_holds_back_cuts_and_stalls_costs_time_and_no_text(
    live_page: Page, tmp_path: Path
) -> None:
    with serve_scripted(tmp_path, Script(default=Reply(pace=200))) as url, _behind_a_proxy(url) as between:
        between.held_seconds = 1.5
        between.cut([2_000, 500, STALL, 4_000])
        _ask(live_page, between.url, "a lighthouse")
        expect(live_page.locator(".verified")).to_contain_text("Verified", timeout=120_000)
        assert read_text(live_page) == _stored_text(url)
        assert len(between.streams) >= 4
        assert len(httpx.get(f"{url}/api/v1/runs", trust_env=False).json()["runs"]) == 1


@contextmanager
def _behind_a_proxy(url: str) -> Iterator[Proxy]:
    with start_blocking_portal("asyncio") as portal, portal.wrap_async_context_manager(proxy(url)) as between:
        yield between


def test_story_of_a_hostile_model_is_text_and_nothing_else(live_page: Page, tmp_path: Path) -> None:
    hostile = (
        "The lamp said <img src=x onerror=\"document.title='owned'\"> and <script>document.title='owned'"
        "</script> and [a door](javascript:document.title='owned') \u202eand a\x00 bell\x07 rang {i} times. "
    )
    prose = Rule(Reply(text=hostile, words=170), structured=False)
    with serve_scripted(tmp_path, Script(rules=(prose,))) as url:
        _ask(live_page, url, "a lighthouse")
        text = _verified_text(live_page)

        assert text == _stored_text(url)
        assert "The lamp said" in text
        assert [found for found in ("<script", "<img", "\u202e", "\x00", "\x07") if found in text] == []
        assert "owned" not in live_page.title()
        assert live_page.locator("main img, main script, main a[href^=javascript]").count() == 0


def _verified_text(page: Page) -> str:
    expect(page.locator(".verified")).to_contain_text("Verified", timeout=20_000)
    return read_text(page)


def _stored_text(url: str) -> str:
    run = httpx.get(f"{url}/api/v1/runs", trust_env=False).json()["runs"][0]
    stored = httpx.get(f"{url}/api/v1/runs/{run['run_id']}", trust_env=False).json()
    return str(stored["result"]["story_content"])
