"""The pictures of README and docs: `python -m tests.browser.screenshots`, which takes a minute.

A story by the embedded model, on the service as its users start it. With a folder as its argument every view of the
page is taken instead, for somebody to look at: phone, tablet and wide, light and dark.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser import scripts
from tests.browser.conftest import BROWSERS, FLAGS
from tests.browser.live import serve
from tests.browser.page_server import PageServer
from tests.browser.scripted import Run
from workflows.formats.defaults import exporters_of, presentation_of
from workflows.formats.registry import list_formats

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZES: dict[str, ViewportSize] = {
    "wide": {"width": 1440, "height": 900},
    "tablet": {"width": 820, "height": 1180},
    "phone": {"width": 390, "height": 844},
}
HEBREW = {1: "מאיה הצמידה את האוזן לדלת.\n\n״גם את שומעת״, לחש סבא.", 2: "ואז האיר הים."}

TURNS = {
    1: "ALEX: Everybody thinks night trains are gone.\nSAM: [laughs] They never were. Who told you that?\n"
    "ALEX: The timetable. It lies by leaving out what runs after midnight, and nobody ever asks about that.",
    2: "SAM: So we went and counted them.\nALEX: Forty-one, on a Tuesday.",
}
SAMPLES: dict[str, dict[int, str]] = {
    "podcast": TURNS,
    "education_audio": {
        1: "GUIDE: You may drink again after two hours.\nLEARNER: And swim?\nGUIDE: Swim on the second day.",
        2: "GUIDE: Call the ward if it bleeds.",
    },
    "creator_script": {
        1: "Why do leaves turn red? Not because they die.",
        2: "A leaf takes its green back before winter. What is left is yellow. The red is made new.",
    },
    "discovery_report": {
        1: "You teach well and *hate* selling [1].\n\n"
        "That is no contradiction: a club sells itself [1, 2], and a letter [2].",
        2: "Three things move.\n\n### 1. A conversation club\nPeople pay for **company**, not for grammar.\n\n"
        "- Ask three old pupils\n- Rent a room for one evening\n\n"
        "### 2. A letter a week\nIt costs an evening.\n\n"
        "| Name | Customer | Price | First step | What would end it |\n|---|---|---|---|---|\n"
        "| A conversation club | Beginners after work | 10 euros an evening | Ask three pupils | Nobody comes twice |\n"
        "| A letter a week | Readers abroad | 5 euros a month | Write two | Fewer than forty readers |",
    },
}
SOURCES = [
    {
        "title": "Evening schools close",
        "publisher": "The Paper",
        "date": "2026-01-04",
        "url": "https://paper.example/a",
    },
    {
        "title": "",
        "publisher": "",
        "date": "",
        "url": "https://www.letters.example/how-to/begin-a-letter.html",
    },
]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Chromium."""
    path = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


def take_story() -> None:
    """The picture of README."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as url, open_browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 860}, device_scale_factor=1)
        page.goto(url)
        page.get_by_label("What is it about?").fill("a lighthouse that hums at night")
        page.locator("#name").fill("Maya")
        page.get_by_role("button", name="Write the chapter").click()
        expect(page.locator(".verified")).to_contain_text("Verified", timeout=600_000)
        page.evaluate("window.scrollTo(0, 0)")
        page.screenshot(path=IMAGES / "story.png")


def take_views(folder: Path) -> None:
    """Every view, in every size and scheme."""
    folder.mkdir(parents=True, exist_ok=True)
    with open_browser() as chromium:
        for size, viewport in SIZES.items():
            for scheme in ("light", "dark"):
                page = chromium.new_page(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
                for name, view in VIEWS.items():
                    server = PageServer()
                    _fill(server)
                    try:
                        view(page, server)
                        page.screenshot(path=folder / f"{name}-{size}-{scheme}.png", full_page=True)
                    finally:
                        page.goto("about:blank")
                        server.close()
                page.close()


def _fill(server: PageServer) -> None:
    api = server.scripted
    api.formats = [
        {
            "name": format.name,
            "title": format.title,
            "input_schema": format.Input.model_json_schema(),
            "options_schema": {"type": "object", "properties": {}},
            "example": dict(format.example),
            "exports": sorted(exporters_of(format)),
            "presentation": presentation_of(format).model_dump(),
        }
        for format in list_formats().values()
    ]
    quote = {"words": 640, "cost_usd_low": 0.004, "cost_usd_high": 0.02, "basis": "measured", "usd_left": 4.5}
    children = [
        {
            "child_id": f"c{n}",
            "name": name,
            "age": 6 + n,
            "reading_level": "beginner",
            "interests": ["foxes", "maps"],
        }
        for n, name in enumerate(("Maya", "דניאל"))
    ]
    titles = ("The Lighthouse That Hummed", "A Dragon in the Cellar", "המגדלור", "Night trains")
    runs = [
        {
            "run_id": f"r{n}",
            "title": title,
            "status": "completed",
            "created_at": "2026-01-04T18:22:00Z",
            "format": format,
        }
        for n, (title, format) in enumerate(zip(titles, ("story", "story", "story", "podcast"), strict=True))
    ]
    story = {
        "session_id": "s1",
        "title": None,
        "theme": "dragons",
        "chapters_written": 3,
        "progress_percent": 40,
    }
    api.recent = runs
    api.answers |= {
        ("POST", "runs/quote"): (200, quote),
        ("GET", "children"): (200, {"children": children}),
        ("GET", "stories/sessions"): (200, {"sessions": [story]}),
        ("GET", "documents"): (200, {"documents": []}),
        ("GET", "personas"): (200, {"personas": []}),
        ("GET", "creator-scripts/templates"): (200, {"templates": []}),
        ("POST", "creator-scripts/check"): (200, {"ok": True, "tips": [], "words": 0, "plan": []}),
    }


def _form(page: Page, server: PageServer) -> None:
    scripts.fill_form(page, server)
    expect(page.locator("#story-form .quote")).to_be_visible()


def _library(page: Page, server: PageServer) -> None:
    page.goto(server.url)
    page.get_by_role("radio", name="Children").check()
    page.get_by_role("button", name="Rename Maya").click()


def _form_of(format: str, page: Page, server: PageServer) -> None:
    page.goto(server.url)
    page.get_by_label("What is to be written?").select_option(format)
    expect(page.locator("#plain-form .quote")).to_be_visible()


def _finished_of(format: str, page: Page, server: PageServer) -> None:
    """A finished text as the format shows it, with a danger, sources and what is measured."""
    texts = SAMPLES[format]
    sections = [
        {"index": index, "title": f"Part {index}", "summary": "", "target_words": 40} for index in texts
    ]
    danger = {
        "level": "danger",
        "text": "A sentence may be dangerous: it isn’t in the document.",
        "passages": [
            {"section": 1, "quote": "Swim on the second day.", "reason": "The document says a week."}
        ],
    }

    def tell(run: Run) -> None:
        scripts.begin(run, {"title": "What moves here", "sections": sections})
        run.say("facts", canonical_pack={}, sources=SOURCES)
        for section, text in texts.items():
            scripts.write(run, section, text)
        metadata = {"word_count": 120, "notices": [danger] if format == "education_audio" else []}
        scripts.finish(run, texts, title="What moves here", sources=SOURCES, metadata=metadata)

    server.scripted.on_start = tell
    _form_of(format, page, server)
    page.locator("#plain-write").click()
    expect(page.locator(".verified")).to_be_visible()


def _writing(page: Page, server: PageServer) -> None:
    def tell(run: Run) -> None:
        scripts.begin(run)
        scripts.write(run, 1, scripts.TEXTS[1])
        scripts.begin_section(run, 2)
        run.say("content", section=2, chunk="Behind the wall sat", is_complete=False)
        run.say("progress", percent=48, words=22, target_words=45, eta_seconds=40, message="")

    server.scripted.on_start = tell
    scripts.start_story(page, server)
    expect(page.locator("#bar-numbers")).to_contain_text("48 %")


def _finished(page: Page, server: PageServer) -> None:
    def tell(run: Run) -> None:
        place = {"section": 2, "paragraph": 1}
        server.scripted.answers["GET", f"runs/{run.id}/place"] = (200, place)
        scripts.begin(run)
        for section, text in scripts.TEXTS.items():
            scripts.write(run, section, text)
        more: dict[str, Any] = {
            "choices": scripts.CHOICES,
            "choice_question": "What should Maya do?",
            "vocabulary_words": [{"word": "lantern", "definition": "A lamp to carry."}],
        }
        scripts.finish(run, scripts.TEXTS, **more)

    server.scripted.on_start = tell
    scripts.start_story(page, server)
    expect(page.locator(".verified")).to_be_visible()
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_text("Here you stopped reading.")).to_be_visible()
    page.get_by_role("button", name="Edit…").nth(1).click()


def _hebrew(page: Page, server: PageServer) -> None:
    outline = {
        "title": "המגדלור",
        "sections": [{"index": 1, "title": "הקיר", "summary": "", "target_words": 9}],
    }

    def tell(run: Run) -> None:
        scripts.begin(run, outline)
        for section, text in HEBREW.items():
            scripts.write(run, section, text)
        scripts.finish(run, HEBREW, title="המגדלור")

    server.scripted.on_start = tell
    scripts.fill_form(page, server)
    page.get_by_role("radio", name="עברית").check()
    page.get_by_role("button", name="Write the chapter").click()
    expect(page.locator(".verified")).to_be_visible()
    page.get_by_role("button", name="Edit…").first.click()


def _settings(page: Page, server: PageServer) -> None:
    page.goto(server.url)
    page.get_by_text("Aa", exact=True).click()


VIEWS: dict[str, Callable[[Page, PageServer], None]] = {
    "form": _form,
    **{name: partial(_form_of, name) for name in list_formats() if name != "story"},
    "library": _library,
    "settings": _settings,
    "writing": _writing,
    "finished": _finished,
    "hebrew": _hebrew,
    **{f"finished-{name}": partial(_finished_of, name) for name in SAMPLES},
}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        take_views(Path(sys.argv[1]))
    else:
        take_story()
