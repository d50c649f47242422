"""The page's files as they lie there: what a strict content policy and a slow line ask of them."""

import re

from tests.browser.page_server import WEB

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
