"""The page of a share link, which anybody may ask for."""

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from backend.api.runs import shares
from backend.api.runs.shares import SharedSection, SharedText, show_shared
from workflows.formats.registry import list_formats

REPORT = "discovery_report"


async def test_long_report_is_made_a_page_of_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def render(text: str) -> str:
        threads.append(threading.current_thread())
        return text

    async def open_link(_: str) -> object:
        return SimpleNamespace(format=REPORT)

    sections = [SharedSection(title="Ideas", text="*word* " * 5000)]
    shown = SharedText(title="Report", format=REPORT, language="en", sections=sections)
    monkeypatch.setattr(shares, "_markdown", lambda: SimpleNamespace(render=render))
    monkeypatch.setattr(shares, "_shown", lambda *_: shown)
    resources = SimpleNamespace(formats=list_formats(), sharing=SimpleNamespace(open=open_link))
    page = await show_shared("token", cast(Any, SimpleNamespace(headers={})), cast(Any, resources))
    assert bytes(page.body).count(b"*word*") == 5000
    assert threads and threading.main_thread() not in threads
