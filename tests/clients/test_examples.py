"""The examples of front ends."""

import runpy
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import storywire_client

from tests.clients.node import CLIENT
from tests.clients.test_python_rules import complete, content, stream

EXAMPLE = CLIENT.parent / "python" / "examples" / "streamlit_story.py"


def test_streamlit_page_shows_the_story_that_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2

    shown: list[str] = []
    page: Any = ModuleType("streamlit")
    page.session_state = type("SessionState", (dict,), {"__setattr__": dict.__setitem__})()
    page.title = page.caption = page.error = page.warning = lambda *_: None
    page.text_input = page.slider = lambda *given: given[-1]
    page.button = lambda label: label == "Write it"
    page.empty = lambda: SimpleNamespace(markdown=shown.append, subheader=shown.append, caption=shown.append)
    monkeypatch.setitem(sys.modules, "streamlit", page)
    last = complete(3, "One two.").replace('"success"', '"title": "Owls", "metadata": {}, "success"')
    transport = httpx2.MockTransport(
        lambda _: stream(content(1, 0, "One"), content(2, 0, " two.", True), last)
    )
    real = storywire_client.Storywire
    monkeypatch.setattr(
        storywire_client,
        "Storywire",
        lambda url, reconnect: real(url, transport=transport, reconnect=reconnect),
    )
    runpy.run_path(str(EXAMPLE))
    assert shown == ["One", "One two.", "Owls"]


def test_streamlit_page_has_forty_lines_at_most() -> None:
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 40
