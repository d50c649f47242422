"""The page's files as they lie there: what a strict content policy and a slow line ask of them."""

import re

import pytest
from playwright.sync_api import Page

from tests.browser.page_server import WEB, PageServer

ACCOUNT = [WEB.parent / "api" / "accounts", WEB.parent / "stories" / "account"]
INDEX = (WEB / "index.html").read_text(encoding="utf-8")


def test_index_fetches_every_module_at_once() -> None:
    modules = {file.name for file in WEB.glob("*.js")}
    assert set(re.findall(r'(?:src|modulepreload" href)="static/(\w+\.js)"', INDEX)) == modules


def test_index_has_no_inline_script_or_style() -> None:
    assert re.findall(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)", INDEX) == []


def test_page_files_name_no_other_host() -> None:
    for file in WEB.iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|url\(|\s//\w", text), file.name


def test_page_weighs_less_than_two_hundred_kilobytes_in_all() -> None:
    assert sum(file.stat().st_size for file in WEB.iterdir()) < 200_000


def test_account_and_administration_pages_weigh_less_than_sixty_kilobytes_with_all_that_they_load() -> None:
    shared = [WEB / name for name in ("api.js", "style.css", "favicon.svg")]
    own = [file for folder in ACCOUNT for file in folder.iterdir() if file.suffix in (".html", ".js", ".css")]
    assert sum(file.stat().st_size for file in [*shared, *own]) < 60_000
    for file in own:
        assert not re.search(r"https?:|url\(|\s//\w", file.read_text(encoding="utf-8")), file.name


@pytest.mark.browser
def test_page_is_painted_within_a_second_on_loopback(page: Page, server: PageServer) -> None:
    painted = """() => new Promise((tell) => new PerformanceObserver((seen) => tell(seen.getEntries()[0].startTime))
        .observe({ type: "paint", buffered: true }))"""
    times: list[float] = []
    while len(times) < 5 and min(times, default=1000) >= 1000:  # other work of the machine may hold one up
        page.goto(server.url)
        times.append(page.evaluate(painted))
    assert min(times) < 1000, times
