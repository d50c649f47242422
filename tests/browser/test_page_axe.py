"""The page by axe-core's rules, in light and dark: forms of all kinds, a text being written, and a finished one."""

from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from backend.store.schema.run_values import RunOptions
from tests.browser.axe import find_faults
from tests.browser.page_server import PageServer
from tests.browser.scripted import Scripted
from tests.browser.scripts import TEXTS, begin, fill_form, start_story, tell_all, write
from workflows.formats.defaults import presentation_of
from workflows.formats.registry import list_formats

pytestmark = pytest.mark.browser

FORMATS = list_formats()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest, page: Page) -> Literal["light", "dark"]:
    scheme: Literal["light", "dark"] = request.param
    page.emulate_media(color_scheme=scheme)
    return scheme


@pytest.fixture
def api(api: Scripted) -> Scripted:
    api.formats = [
        {
            "name": format.name,
            "title": format.title,
            "input_schema": format.Input.model_json_schema(),
            "options_schema": RunOptions.model_json_schema(),
            "example": dict(format.example),
            "exports": [],
            "presentation": presentation_of(format).model_dump(),
        }
        for format in FORMATS.values()
    ]
    tip = {"code": "x", "field": "tone", "severity": "warning", "message": "That is long."}
    plan = [{"kind": "HOOK", "title": "Hook", "range": "00:00–00:20", "words": 50}]
    persona = {"id": "p1", "name": "Dana", "persona": {"description": "Bakes"}}
    warning = {"kind": "x", "paragraph": 1, "quote": "A", "message": "Left out."}
    document = {"id": "d1", "title": "A leaflet", "words": 90, "language": "en", "warnings": [warning]}
    api.answers = {
        ("GET", "personas"): (200, {"personas": [persona]}),
        ("GET", "documents"): (200, {"documents": [document]}),
        ("GET", "creator-scripts/templates"): (200, {"templates": []}),
        ("POST", "creator-scripts/check"): (200, {"ok": True, "tips": [tip], "words": 50, "plan": plan}),
    }
    return api


@pytest.mark.usefixtures("scheme", "api")
def test_forms_of_all_formats_have_no_violations(page: Page, server: PageServer) -> None:
    page.goto(server.url)
    for name in FORMATS:
        page.get_by_label("What is to be written?").select_option(name)
        page.evaluate("document.querySelectorAll('main details').forEach((part) => (part.open = true))")
        if name == "creator_script":
            expect(page.locator("#tips")).to_be_visible()
            page.get_by_role("radio", name="A new one…").first.check()
        if name == "education_audio":
            page.get_by_role("radio", name="A leaflet").check()
        assert find_faults(page) == [], name


@pytest.mark.usefixtures("scheme")
def test_text_that_is_written_and_finished_has_no_violations(
    page: Page, server: PageServer, api: Scripted
) -> None:
    run = start_story(page, server)
    begin(run)
    write(run, 1, TEXTS[1])
    expect(page.locator(".section")).to_have_count(1)
    assert find_faults(page) == []
    api.on_start = tell_all
    page.get_by_role("link", name="Something new").click()
    start_story(page, server)
    expect(page.locator(".verified")).to_be_visible()
    page.get_by_role("button", name="Write again…").first.click()
    page.get_by_role("button", name="Edit…").last.click()
    page.get_by_text("Aa", exact=True).click()
    assert find_faults(page) == []


@pytest.mark.usefixtures("scheme")
def test_library_and_quote_have_no_violations(page: Page, server: PageServer, api: Scripted) -> None:
    api.recent = [
        {"run_id": "A", "title": "A Fox", "status": "completed", "created_at": "", "format": "story"}
    ]
    child = {"child_id": "c1", "name": "Maya", "age": 7, "reading_level": "beginner", "interests": ["foxes"]}
    api.answers["GET", "children"] = (200, {"children": [child], "next_cursor": None})
    quote = {"words": 640, "cost_usd_low": 0.01, "cost_usd_high": 0.02, "basis": "measured", "usd_left": 4.5}
    api.answers["POST", "runs/quote"] = (200, quote)
    fill_form(page, server)
    expect(page.locator("#story-form .quote")).to_be_visible()
    assert find_faults(page) == []
    page.get_by_role("radio", name="Children").check()
    page.get_by_role("button", name="Rename Maya").click()
    page.get_by_role("button", name="Delete Maya").click()
    assert find_faults(page) == []
