"""Starting a story: the form, what the service refuses, which model writes."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import scripts
from tests.browser.page_server import PageServer
from tests.browser.scripted import Scripted
from tests.browser.scripts import posted, start_story

pytestmark = pytest.mark.browser

REFUSED = "Failed to load resource: the server responded with a status of"


def test_form_filled_in_sends_the_whole_request_once(page: Page, server: PageServer, api: Scripted) -> None:
    scripts.fill_form(page, server)
    page.get_by_label("Age").fill("9")
    interests = page.get_by_label("Interests")
    interests.press_sequentially("foxes, maps,drums")
    interests.press("Enter")
    interests.press("Backspace")
    interests.press_sequentially("tides")
    page.get_by_role("radio", name="Advanced").check()
    page.get_by_label("Chapter", exact=True).fill("3")
    page.get_by_label("Title").fill("The Tide")
    page.get_by_label("What should happen?").fill("A door opens")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("combobox", name="Model").fill("openai:gpt-test")
    page.get_by_label("Parallel sections").fill("2")
    page.get_by_label("Show me the plan first").check()
    page.get_by_label("Title").press("Enter")
    expect(page.locator("#reading")).to_be_visible()
    assert posted(api) == [
        {
            "format": "story",
            "input": {
                "reader": {
                    "name": "Maya",
                    "age": 9,
                    "reading_level": "advanced",
                    "language": "en",
                    "interests": ["foxes", "maps", "tides"],
                },
                "theme": "a lighthouse",
                "chapter_number": 3,
                "title": "The Tide",
                "custom_user_input": "A door opens",
            },
            "options": {"model": "openai:gpt-test", "parallel": 2, "review_outline": True},
        }
    ]
    assert re.fullmatch(r"\d+(-\d+){3}", api.asked("POST", "/runs")[0].headers["idempotency-key"])


def test_form_without_theme_or_name_says_so_beside_the_fields(
    page: Page, server: PageServer, api: Scripted
) -> None:
    page.goto(server.url)
    page.get_by_role("button", name="Write the chapter").click()
    expect(page.locator("[data-field=theme] .field__error")).to_be_visible()
    expect(page.locator("[data-field=name] .field__error")).to_be_visible()
    expect(page.get_by_label("What is it about?")).to_be_focused()
    assert posted(api) == []


def test_refused_request_is_explained_beside_the_field_it_names(
    page: Page, server: PageServer, api: Scripted, tolerated: list[str]
) -> None:
    tolerated.append(REFUSED)
    errors = [
        {"field": "input.theme", "message": "At most 200 letters."},
        {"field": "options.parallel", "message": "At most 8."},
    ]
    stranger = {"field": "tenant", "message": "Unknown tenant."}
    problem = {"code": "INVALID_INPUT", "detail": "theme: At most 200 letters.; tenant: Unknown tenant."}
    api.refusals = [(422, {**problem, "errors": errors}), (422, {**problem, "errors": [*errors, stranger]})]
    scripts.fill_form(page, server)
    page.get_by_role("button", name="Write the chapter").click()
    expect(page.locator("[data-field=theme] .field__error")).to_have_text("At most 200 letters.")
    expect(page.get_by_label("What is it about?")).to_have_attribute("aria-describedby", "theme-error")
    expect(page.locator("[data-field=parallel] .field__error")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_text("Something here needs another look.")
    page.get_by_role("button", name="Write the chapter").click()
    expect(page.get_by_role("alert")).to_contain_text("tenant: Unknown tenant.")
    page.get_by_label("What is it about?").fill("space")
    expect(page.locator("[data-field=theme] .field__error")).to_have_count(0)


def test_request_that_nobody_answered_is_sent_again_with_the_same_key(
    page: Page, server: PageServer, api: Scripted, tolerated: list[str]
) -> None:
    tolerated.append("Failed to load resource: net::ERR_FAILED")
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.abort()

    scripts.fill_form(page, server)
    page.route("**/api/v1/runs", lose)
    page.get_by_role("button", name="Write the chapter").click()
    expect(page.get_by_role("alert")).to_contain_text("Check that it is running")
    page.unroute("**/api/v1/runs")
    page.get_by_role("button", name="Write the chapter").click()
    expect(page.locator("#reading")).to_be_visible()
    assert keys == [api.asked("POST", "/runs")[0].headers["idempotency-key"]]


def test_embedded_model_is_labelled_as_a_demonstration(page: Page, server: PageServer, api: Scripted) -> None:
    api.models = {
        "default": "embedded:small",
        "models": [
            {"id": "embedded:small", "provider": "embedded", "usable": True, "note": ""},
            {"id": "openai:gpt-test", "provider": "openai", "usable": False, "note": "Needs OPENAI_API_KEY."},
        ],
    }
    api.on_start = scripts.tell_all
    page.goto(server.url)
    expect(page.get_by_text("Built-in demonstration model:")).to_be_visible()
    page.get_by_text("More", exact=True).click()
    page.get_by_role("combobox", name="Model").fill("openai:gpt-test")
    expect(page.get_by_text("Built-in demonstration model:")).to_be_hidden()
    expect(page.locator("#model-hint")).to_contain_text("Needs OPENAI_API_KEY.")


def test_service_without_models_and_lists_shows_neither(
    page: Page, server: PageServer, api: Scripted, tolerated: list[str]
) -> None:
    tolerated.append(f"{REFUSED} 404")
    api.models = api.recent = None
    api.on_start = scripts.tell_all
    start_story(page, server)
    expect(page.locator(".verified")).to_be_visible()
    expect(page.locator("#demonstration")).to_be_hidden()
    expect(page.locator("#shelf")).to_be_hidden()
