"""The page on a narrow screen, in every state that it has."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import scripts
from tests.browser.page_server import PageServer
from tests.browser.scripted import Run, Scripted
from tests.browser.scripts import CHOICES, FAILURE, OUTLINE, TEXTS, begin, finish, start_story, write

pytestmark = pytest.mark.browser

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@pytest.fixture
def phone(page: Page) -> Page:
    page.set_viewport_size({"width": 360, "height": 740})
    return page


def is_within_width(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_form_at_360_px_has_no_horizontal_scroll(phone: Page, server: PageServer, api: Scripted) -> None:
    api.models = {"default": "embedded:small", "models": []}
    api.recent = [{"run_id": "A", "title": LONG, "status": "complete", "created_at": "", "format": "story"}]
    phone.goto(server.url)
    phone.get_by_text("More", exact=True).click()
    phone.get_by_text("How", exact=True).click()
    phone.get_by_label("Interests").fill(f"foxes, {LONG}, maps,")
    phone.get_by_role("button", name="Write the chapter").click()
    expect(phone.locator(".field__error").first).to_be_visible()
    expect(phone.locator(".book")).to_be_visible()
    assert is_within_width(phone)


def test_story_at_360_px_has_no_horizontal_scroll(phone: Page, server: PageServer, api: Scripted) -> None:
    outline = {"title": LONG, "sections": [{**OUTLINE["sections"][0], "title": LONG, "summary": LONG}]}

    def ask(run: Run) -> None:
        begin(run, outline)
        run.say("input_required", kind="outline", payload=outline)

    api.on_start = ask
    run = start_story(phone, server)
    expect(phone.get_by_role("button", name="Write it")).to_be_visible()
    assert is_within_width(phone)
    write(run, 1, f"{TEXTS[1]} {LONG}")
    run.say("progress", percent=50, words=120_000, target_words=240_000, eta_seconds=3600, message=LONG)
    expect(phone.locator("#progress")).to_have_js_property("value", 50)
    assert is_within_width(phone)
    run.say("usage", **{**scripts.USAGE, "model": LONG})
    finish(
        run,
        {1: f"{TEXTS[1]} {LONG}"},
        choices=[*CHOICES, {"text": LONG, "description": LONG}],
        choice_question=LONG,
        vocabulary_words=[{"word": LONG, "definition": LONG}],
    )
    expect(phone.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert is_within_width(phone)


def test_failure_at_360_px_has_no_horizontal_scroll(phone: Page, server: PageServer, api: Scripted) -> None:
    def fail(run: Run) -> None:
        begin(run)
        write(run, 1, TEXTS[1])
        run.say("error", **{**FAILURE, "message": f"{LONG}: {FAILURE['message']}"})

    api.on_start = fail
    start_story(phone, server)
    expect(phone.get_by_role("button", name="Go on")).to_be_visible()
    assert is_within_width(phone)
