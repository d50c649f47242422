"""The page of a share link, which anybody may ask for."""

import json
import re
import threading
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest

from backend.api.runs import shares
from backend.api.runs.shares import SharedSection, SharedText, show_shared
from backend.store.runs.runs import Run
from workflows.formats.exports import Finished, render_markdown
from workflows.formats.registry import list_formats

REPORT = "discovery_report"


def make_run(format: str, text: str, sources: object) -> Run:
    """A finished run as the store gives it, as far as the shared page asks."""
    given = dict(list_formats()[format].example)
    result = SimpleNamespace(
        title="What moves",
        sections=[SimpleNamespace(title="Ideas", text=text), SimpleNamespace(title="", text="The end.")],
        pieces=[],
        metadata={},
        model_extra={"sources": sources},
    )
    return cast(Run, SimpleNamespace(id="01RUN", format=format, title=None, input=given, result=result))


async def read_page(run: Run, kind: Literal["html", "json"] = "html") -> str:
    """What the link shows."""

    async def open_link(_: str) -> Run:
        return run

    resources = SimpleNamespace(formats=list_formats(), sharing=SimpleNamespace(open=open_link))
    page = await show_shared("token", cast(Any, SimpleNamespace(headers={})), cast(Any, resources), kind)
    return bytes(page.body).decode()


async def test_long_report_is_made_a_page_of_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def render(text: str) -> str:
        threads.append(threading.current_thread())
        return text

    async def open_link(_: str) -> object:
        return SimpleNamespace(format=REPORT)

    sections = [SharedSection(title="Ideas", text="*word* " * 5000)]
    shown = SharedText(title="Report", format=REPORT, language="en", sections=sections)
    monkeypatch.setattr(shares, "make_renderer", lambda *_: render)
    monkeypatch.setattr(shares, "_shown", lambda *_: shown)
    resources = SimpleNamespace(formats=list_formats(), sharing=SimpleNamespace(open=open_link))
    page = await show_shared("token", cast(Any, SimpleNamespace(headers={})), cast(Any, resources))
    assert bytes(page.body).count(b"*word*") == 5000
    assert threads and threading.main_thread() not in threads


async def test_headings_of_a_report_are_nested_below_its_sections_without_a_gap() -> None:
    page = await read_page(make_run(REPORT, "#### First\n\n# Second\n\n### Below\n\n## Beside", []))
    levels = [(int(level), words) for level, words in re.findall(r"<h(\d)[^>]*>([^<]+)", page)]
    assert levels == [
        (1, "What moves"),
        (2, "Ideas"),
        (3, "First"),
        (3, "Second"),
        (4, "Below"),
        (4, "Beside"),
    ]


async def test_citations_of_a_report_have_their_sources_beside_them_once_a_paragraph() -> None:
    sources = [{"title": "<A>", "url": "https://paper.example/a"}, {"title": "B", "publisher": "The Paper"}]
    text = "So it is [1], as **they** say [1, 2] [3] [0] [2026].\n\n- And [2]."
    page = await read_page(make_run(REPORT, text, sources))
    links = re.findall(r'<a href="#note-(\d)"[^>]*>(\d)</a>', page)
    assert links == [("1", "1"), ("1", "1"), ("2", "2"), ("3", "2")]
    notes = re.findall(
        r'<span class="note" id="note-(\d)" role="note" dir="auto">(.*?)<a class="note__back"', page, re.S
    )
    assert [(place, " ".join(re.sub("<.*?>", "", note).split())) for place, note in notes] == [
        ("1", "1 · &lt;A&gt;"),
        ("2", "2 · B · The Paper"),
        ("3", "2 · B · The Paper"),
    ]
    assert page.count('href="https://paper.example/a"') == 2  # in its note and in the list
    assert "[3] [0] [2026]" in page and re.findall(r'id="source-(\d)"', page) == ["1", "2"]
    assert re.findall(r'href="#cite-(\d)" aria-label="([^"]+)"', page)[0] == ("1", "Back to the text")


async def test_citations_in_a_heading_and_a_table_lead_to_the_list_of_sources() -> None:
    text = "## Why [1]\n\n| Name | Price |\n|---|---|\n| A club | 9 [1] |"
    page = await read_page(make_run(REPORT, text, ["A page"]))
    assert page.count('<a href="#source-1">1</a>') == 2 and 'class="note"' not in page
    assert '<div class="table" tabindex="0"><table>' in page and "</table></div>" in page


async def test_turns_of_speakers_are_lines_of_their_own_with_who_speaks() -> None:
    page = await read_page(make_run("podcast", "ADA: Hello: <you>.\n\nBEN: Yes.\nA line", []))
    turns = re.findall(r'<p class="turn" dir="auto">(.*)</p>', page)
    assert turns[:3] == ["<b>ADA:</b> Hello: &lt;you&gt;.", "<b>BEN:</b> Yes.", "A line"]


@pytest.mark.parametrize(
    ("sources", "titles"),
    [
        (["A page", "https://paper.example/a"], ["A page", ""]),
        ([None, 7, True, ["A", "B"], {}], ["", "7", "", "A, B", ""]),
        ([{"title": None, "date": 2026, "publisher": ["A", {"name": "B"}], "url": {}}], [""]),
        ({"first": {"title": "A page"}}, []),
        ("A page", []),
        (None, []),
    ],
)
async def test_sources_of_other_shapes_are_shown_as_far_as_they_can_be(
    sources: object, titles: list[str]
) -> None:
    run = make_run(REPORT, "So it is [1].", sources)
    shown = json.loads(await read_page(run, "json"))["sources"]
    assert [source["title"] for source in shown] == titles
    assert (await read_page(run)).count("<li dir") == len(titles)
    finished = Finished("01RUN", REPORT, "What moves", "en", {}, [], results={"sources": sources})
    assert render_markdown(finished).decode().count("\n[") == len(titles)
