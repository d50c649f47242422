"""The other formats: a form made of a format's schema, and what is shown of their texts."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from backend.runs.admission.options import RunOptions
from tests.browser import scripts
from tests.browser.page_server import PageServer
from tests.browser.scripted import Run, Scripted
from tests.browser.scripts import TEXTS, begin, finish, join, posted, read_text, write
from workflows.formats.defaults import exporters_of
from workflows.formats.registry import list_formats

pytestmark = pytest.mark.browser

REFUSED = "Failed to load resource: the server responded with a status of"
FORMATS = list_formats()


@pytest.fixture
def api(api: Scripted) -> Scripted:
    api.formats = [
        {
            "name": format.name,
            "title": format.title,
            "input_schema": format.Input.model_json_schema(),
            "options_schema": RunOptions.model_json_schema(),
            "example": dict(format.example),
            "exports": sorted(exporters_of(format)),
        }
        for format in FORMATS.values()
    ]
    return api


def choose(page: Page, server: PageServer, format: str) -> None:
    page.goto(server.url)
    page.get_by_label("What is to be written?").select_option(format)
    expect(page.locator("#plain-form")).to_be_visible()


def send(page: Page) -> None:
    page.get_by_role("button", name="Write it").click()
    expect(page.locator("#reading")).to_be_visible()


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"story"}))
def test_form_of_a_format_sends_its_worked_example_and_fits_a_phone(
    name: str, page: Page, server: PageServer, api: Scripted
) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    choose(page, server, name)
    page.get_by_text("Options", exact=True).click()
    expect(page.get_by_label("Review outline")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    send(page)
    [request] = posted(api)
    format = FORMATS[name]
    assert request["format"] == name
    assert format.parse(request["input"]) == format.parse(dict(format.example))
    assert request["options"] == {}


def test_form_of_a_script_filled_in_sends_every_kind_of_field(
    page: Page, server: PageServer, api: Scripted
) -> None:
    choose(page, server, "creator_script")
    page.get_by_label("Topic").fill("Why bread rises")
    page.get_by_label("Duration minutes").fill("2.5")
    page.get_by_label("Style").select_option("tutorial")
    page.get_by_label("Target audience").fill("")
    page.get_by_label("Key points").fill('[{"text": "Yeast breathes", "priority": "must"}]')
    persona = page.get_by_role("group", name="Audience persona")
    persona.get_by_label("Name").fill("Dana")
    persona.get_by_label("Description").fill("Bakes on Sundays")
    persona.get_by_label("Interests").fill("crust\n\n crumb ")
    page.get_by_text("Options", exact=True).click()
    page.get_by_role("spinbutton", name="Budget in US dollars").fill("0.5")
    page.get_by_label("Keep length").uncheck()
    send(page)
    assert posted(api) == [
        {
            "format": "creator_script",
            "input": {
                "topic": "Why bread rises",
                "duration_minutes": 2.5,
                "tone": "curious",
                "style": "tutorial",
                "key_points": [{"text": "Yeast breathes", "priority": "must"}],
                "audience_persona": {
                    "name": "Dana",
                    "description": "Bakes on Sundays",
                    "interests": ["crust", "crumb"],
                },
            },
            "options": {"keep_length": False, "budget_usd": 0.5},
        }
    ]


def test_form_of_a_script_says_what_is_wrong_beside_the_field(
    page: Page, server: PageServer, api: Scripted, tolerated: list[str]
) -> None:
    tolerated.append(REFUSED)
    choose(page, server, "creator_script")
    page.get_by_label("Key points").fill("[oops")
    page.get_by_role("button", name="Write it").click()
    points = page.locator("[data-field='input.key_points']")
    expect(points.locator(".field__error")).to_contain_text("This is not JSON")
    assert posted(api) == []
    page.get_by_label("Key points").fill('["must: x"]')
    expect(points.locator(".field__error")).to_have_count(0)
    errors = [
        {"field": "input.key_points.0.text", "message": "At least 2 letters."},
        {"field": "options.budget_usd", "message": "Too little."},
    ]
    api.refusals = [(422, {"code": "INVALID_INPUT", "detail": "no", "errors": errors})]
    page.get_by_role("button", name="Write it").click()
    expect(points.locator(".field__error")).to_have_text("At least 2 letters.")
    expect(page.locator("[data-field='options.budget_usd'] .field__error")).to_be_visible()


def test_finished_text_of_a_format_shows_sources_files_cost_and_cache(
    page: Page, server: PageServer, api: Scripted
) -> None:
    sources = [
        {"title": "A page", "publisher": "The Paper", "date": "2026-01-04", "url": "https://paper.example/a"},
        {"title": "A trap", "publisher": "", "date": "", "url": "javascript:document.title='owned'"},
    ]

    def tell(run: Run) -> None:
        begin(run)
        run.say("facts", canonical_pack={}, sources=sources)
        write(run, 1, TEXTS[1])
        finish(run, {1: TEXTS[1]}, cached=True, usage={**scripts.USAGE, "cost_usd": 0.0})

    api.on_start = tell
    choose(page, server, "creator_script")
    send(page)
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    expect(page.locator("#measures")).to_contain_text("Cost$0.0000From the cacheyes")
    expect(page.locator("#sources li")).to_have_text(["A page · The Paper, 2026-01-04", "A trap"])
    assert page.locator("#sources a").evaluate_all("links => links.map(link => link.href)") == [
        "https://paper.example/a"
    ]
    link = page.get_by_role("link", name="Take the subtitles (.srt)")
    assert (link.get_attribute("href") or "").endswith("/export?as=srt")
    page.get_by_role("button", name="Write something new").click()
    expect(page.get_by_label("Topic")).to_have_value("Why leaves turn red in autumn")
    page.reload()
    expect(page.get_by_label("Topic")).to_have_value("Why leaves turn red in autumn")


def test_text_that_is_not_safe_says_so_above_itself_and_aloud(
    page: Page, server: PageServer, api: Scripted
) -> None:
    passage = {"section": 1, "quote": "Water is forbidden.", "reason": "the document says it is fine"}
    issue = {"category": "grounding", "severity": "high", "advice": "Say it as the document does."}
    finding = {"rule": "pace", "advice": "Speak more slowly.", "rewrite": False}
    metadata = {
        **scripts.METADATA,
        "notices": [
            {"level": "danger", "text": "This is NOT safe.", "passages": [passage]},
            {"level": "note", "text": "Only words were compared.", "passages": []},
        ],
        "compliance": {"findings": [finding, {**finding, "quote": passage["quote"]}]},
    }

    def tell(run: Run) -> None:
        begin(run)
        write(run, 1, TEXTS[1])
        run.say("safety_check", stage="final", approved=False, score=0.2, issues=[issue], marked=True)
        finish(run, {1: TEXTS[1]}, metadata=metadata)

    api.on_start = tell
    choose(page, server, "education_audio")
    send(page)
    warning = page.get_by_role("alert").filter(has_text="This is NOT safe.")
    expect(warning).to_contain_text("2. Water is forbidden. the document says it is fine")
    expect(page.locator("#notices")).to_contain_text("Only words were compared.")
    expect(page.locator("#notices details")).to_contain_text("Speak more slowly.")
    expect(page.locator("#notices details li")).to_have_count(1)
    above, text = warning.bounding_box(), page.locator("#story-text").bounding_box()
    assert above is not None and text is not None and above["y"] < text["y"]
    expect(page.locator(".badge[data-stage='final']")).to_contain_text("not approved")


def test_run_over_its_budget_goes_on_with_a_larger_one(
    page: Page, server: PageServer, api: Scripted, tolerated: list[str]
) -> None:
    tolerated.append(REFUSED)

    def stop(run: Run) -> None:
        begin(run)
        write(run, 1, TEXTS[1])
        run.say(
            "error",
            code="BUDGET_EXCEEDED",
            message="The budget is used up.",
            retryable=False,
            resumable=True,
            partial={"sections_completed": 1, "words": 18},
        )

    def go_on(run: Run) -> None:
        write(run, 2, TEXTS[2])
        write(run, 3, TEXTS[3])
        finish(run, TEXTS, usage={**scripts.USAGE, "budget_usd": 0.5})

    api.on_start, api.on_resume = stop, go_on
    scripts.fill_form(page, server)
    page.get_by_text("More", exact=True).click()
    page.locator("#budget_usd").fill("0.01")
    page.get_by_role("button", name="Write the chapter").click()
    budget = page.get_by_label("New budget in US dollars")
    expect(budget).to_have_value("0.02")
    refusal: dict[str, Any] = {"code": "INVALID_INPUT", "detail": "x", "errors": []}
    api.refusals = [
        (422, {**refusal, "errors": [{"field": "budget_usd", "message": "0.01 is spent; give more"}]})
    ]
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".trouble__problem")).to_have_text("0.01 is spent; give more")
    budget.fill("0.5")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    expect(page.locator("#measures")).to_contain_text("$0.0123 of $0.5000")
    assert read_text(page) == join(TEXTS)
    assert api.asked("POST", "/resume")[-1].body == {"budget_usd": 0.5}
