"""What the page does before money is spent and for what is kept: quotes, edits, the place in a text, the library."""

import json
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.page_server import PageServer
from tests.browser.scripted import Request, Run, Scripted
from tests.browser.scripts import (
    TEXTS,
    TITLE,
    begin,
    fill_form,
    finish,
    join,
    posted,
    read_text,
    start_story,
    tell_all,
    write,
)

pytestmark = pytest.mark.browser

REFUSED = "Failed to load resource: the server responded with a status of"
QUOTE = {
    "words": 640,
    "cost_usd_low": 0.004,
    "cost_usd_high": 0.02,
    "basis": "assumed",
    "runs_left": 3,
    "runs_left_today": None,
    "usd_left": 4.5,
}


def test_price_and_what_is_left_stand_above_the_button_before_anything_is_started(
    page: Page, server: PageServer, api: Scripted
) -> None:
    api.answers["POST", "runs/quote"] = (200, QUOTE)
    page.goto(server.url)
    page.get_by_label("What is it about?").fill("a lighthouse")
    line = page.locator("#story-form .quote")
    expect(line).to_be_hidden()  # nobody is asked before the form says enough
    page.locator("#name").fill("Maya")
    expect(line).to_have_text(
        "About 640 words, for about $0.0040 to $0.020. Left: 3 texts this month, $4.50 this month."
    )
    button = page.get_by_role("button", name="Write the chapter").bounding_box()
    shown = line.bounding_box()
    assert button is not None and shown is not None and 0 < button["y"] - shown["y"] < 120
    asked = api.asked("POST", "/runs/quote")
    assert asked[-1].body["input"]["theme"] == "a lighthouse" and posted(api) == []
    api.answers["POST", "runs/quote"] = (
        200,
        {**QUOTE, "cost_usd_high": None, "runs_left": None, "usd_left": None},
    )
    page.locator("#name").fill("Mia")
    expect(line).to_have_text("About 640 words; what they cost isn’t known for this model.")


def test_section_in_the_readers_own_words_is_in_copies_and_files_until_it_is_taken_back(
    page: Page, server: PageServer, api: Scripted, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)

    def tell(run: Run) -> None:
        api.answers["POST", f"runs/{run.id}/export"] = (200, lambda request: request.body)
        tell_all(run)

    api.on_start = tell
    api.formats = [_story_with_files()]
    start_story(page, server)
    section = page.locator(".section[data-section='2']")
    section.get_by_role("button", name="Edit…").click()
    wording = section.get_by_label("Your wording")
    expect(wording).to_have_value(TEXTS[2])
    wording.fill("A fox.\n\nMine.")
    section.get_by_role("button", name="Keep this wording").click()
    expect(section.locator(".section__text > p")).to_have_text(["A fox.", "Mine."])
    section.get_by_role("button", name="Copy", exact=True).click()
    assert page.evaluate("navigator.clipboard.readText()") == "A fox.\n\nMine."
    page.get_by_role("button", name="Copy the text").click()
    assert page.evaluate("navigator.clipboard.readText()") == join({**TEXTS, 2: "A fox.\n\nMine."})
    page.reload()
    expect(section.locator(".section__text > p")).to_have_text(["A fox.", "Mine."])
    with page.expect_download() as download:
        page.get_by_role("link", name="Take the book (.epub)").click()
    [asked] = api.asked("POST", "/export")
    assert asked.body == {"sections": [{"index": 2, "text": "A fox.\n\nMine."}]} and asked.query == {
        "as": "epub"
    }
    assert json.loads(download.value.path().read_bytes()) == asked.body
    section.get_by_role("button", name="Edit…").click()
    section.get_by_role("button", name="Back to the text as it was written").click()
    assert read_text(page) == join(TEXTS)
    expect(section.get_by_role("button", name="Edit…")).to_be_focused()


def _story_with_files() -> dict[str, Any]:
    empty = {"type": "object", "properties": {}}
    return {
        "name": "story",
        "title": "Story",
        "input_schema": empty,
        "options_schema": empty,
        "example": {},
        "exports": ["md", "epub"],
        "presentation": {"form": {}, "reading": {}},
    }


def test_text_is_opened_where_reading_stopped_and_from_its_top_when_that_is_wanted(
    page: Page, server: PageServer, api: Scripted
) -> None:
    texts = {
        section: "\n\n".join(f"Paragraph {section}.{number}." for number in range(60)) for section in (1, 2)
    }
    place: dict[str, Any] = {"section": None, "paragraph": None}

    def keep(request: Request) -> dict[str, Any]:
        place.update(request.body)
        return place

    run = api.start({})
    api.answers["GET", f"runs/{run.id}/place"] = (200, lambda _: place)
    api.answers["PUT", f"runs/{run.id}/place"] = (200, keep)
    begin(run)
    for section, text in texts.items():
        write(run, section, text, size=200)
    finish(run, texts)
    page.goto(f"{server.url}#run={run.id}")
    expect(page.locator(".verified")).to_be_attached()
    with page.expect_response(lambda reply: reply.request.method == "PUT"):
        page.get_by_text("Paragraph 2.20.").evaluate("found => found.scrollIntoView()")
    assert place["section"] == 2 and 18 <= place["paragraph"] <= 24

    page.goto("about:blank")
    page.goto(f"{server.url}#run={run.id}")  # as on another device: nothing of it is in this browser
    expect(page.get_by_text("Here you stopped reading.")).to_be_in_viewport()
    expect(page.get_by_text(f"Paragraph 2.{place['paragraph']}.", exact=True)).to_be_in_viewport()
    page.get_by_role("button", name="To the beginning").click()
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    assert read_text(page) == join(texts)


def _child(name: str) -> dict[str, Any]:
    return {
        "child_id": f"c-{name}",
        "name": name,
        "age": 7,
        "reading_level": "beginner",
        "interests": ["foxes"],
    }


def test_library_lists_searches_renames_and_deletes_what_is_kept(
    page: Page, server: PageServer, api: Scripted
) -> None:
    children = [_child("Maya"), _child("דניאל")]
    story = {
        "session_id": "s1",
        "title": None,
        "theme": "dragons",
        "chapters_written": 1,
        "progress_percent": 20,
    }
    persona = {
        "id": "p1",
        "kind": "audience",
        "name": "Dana",
        "persona": {"name": "Dana", "description": "Bakes"},
    }
    run = api.start({})
    tell_all(run)
    api.recent = [
        {"run_id": run.id, "title": "A Fox", "status": "completed", "created_at": "", "format": "story"}
    ]

    def rename(request: Request) -> dict[str, Any]:
        children[0]["name"] = request.body["name"]
        return children[0]

    api.answers |= {
        ("GET", "children"): (200, lambda _: {"children": children, "next_cursor": None}),
        ("PATCH", "children/c-Maya"): (200, rename),
        ("DELETE", "children/c-Maya"): (200, {}),
        ("GET", "stories/sessions"): (200, {"sessions": [story], "next_cursor": None}),
        ("GET", "stories/sessions/s1"): (200, {**story, "chapters": [{"number": 1, "run_id": run.id}]}),
        ("GET", "personas"): (200, {"personas": [persona]}),
        ("PUT", "personas/p1"): (200, persona),
        ("GET", "documents"): (200, {"documents": [], "next_cursor": None}),
    }
    page.goto(server.url)
    library = page.get_by_role("region", name="Library")
    library.get_by_role("radio", name="Children").check()
    rows = library.locator(".row")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("7 · beginner · foxes")
    library.get_by_label("Search").fill("may")
    expect(rows).to_have_count(1)
    library.get_by_role("button", name="Rename Maya").click()
    library.get_by_label("New name").fill("Mia")
    library.get_by_label("New name").press("Enter")
    library.get_by_label("Search").fill("")
    expect(rows.first).to_contain_text("Mia")
    library.get_by_role("button", name="Stories of Mia").click()
    expect(library.get_by_text("The stories of Mia")).to_be_visible()
    expect(library.get_by_role("radio", name="Stories")).to_be_checked()
    assert api.asked("GET", "/stories/sessions")[-1].query["child_id"] == "c-Maya"
    expect(rows).to_contain_text(["dragons1 chapter · 20 % read"])
    library.get_by_role("radio", name="Documents").check()
    expect(library.get_by_text("There are none.")).to_be_visible()
    library.get_by_role("radio", name="Personas").check()
    library.get_by_role("button", name="Rename Dana").click()
    library.get_by_label("New name").fill("Dora")
    library.get_by_label("New name").press("Enter")
    expect(library.get_by_label("New name")).to_have_count(0)
    assert api.asked("PUT", "/personas/p1")[0].body == {
        "kind": "audience",
        "name": "Dora",
        "description": "Bakes",
    }
    library.get_by_role("radio", name="Children").check()
    library.get_by_role("button", name="Delete Mia").click()
    assert api.asked("DELETE", "/children/c-Maya") == []
    library.get_by_role("button", name="Delete for good?").click()
    expect(rows).to_have_count(1)
    library.get_by_role("radio", name="Stories").check()
    library.get_by_role("button", name="Open dragons").click()
    expect(page.get_by_role("heading", level=1, name=TITLE)).to_be_visible()


def test_second_window_in_the_middle_of_a_run_shows_the_same_text_and_both_go_on(
    page: Page, server: PageServer, api: Scripted, context: BrowserContext
) -> None:
    api.on_start = begin
    run = start_story(page, server)
    write(run, 1, TEXTS[1])
    run.say("content", section=2, chunk="Behind the wall sat", is_complete=False)
    expect(page.locator("[data-section='2']")).to_contain_text("Behind the wall sat")
    other = context.new_page()
    other.goto(page.url)
    expect(other.locator("[data-section='2']")).to_contain_text("Behind the wall sat")
    page.reload()
    expect(page.locator("[data-section='2']")).to_contain_text("Behind the wall sat")
    assert read_text(page) == read_text(other) == f"{TEXTS[1]}\n\nBehind the wall sat"
    run.say("content", section=2, chunk=TEXTS[2].removeprefix("Behind the wall sat"), is_complete=True)
    write(run, 3, TEXTS[3])
    finish(run, TEXTS)
    for one in (page, other):
        expect(one.locator(".verified")).to_have_attribute("data-verdict", "same")
        assert read_text(one) == join(TEXTS)
    other.close()
    assert len(posted(api)) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }});",
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };",
    ],
    ids=["forbidden", "full"],
)
def test_storage_that_is_forbidden_or_full_breaks_nothing(
    trouble: str, page: Page, server: PageServer, api: Scripted
) -> None:
    page.add_init_script(trouble)
    api.on_start = tell_all
    start_story(page, server)
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    page.get_by_text("Aa", exact=True).click()
    page.locator("#settings").get_by_role("radio", name="Huge").check()
    assert page.evaluate("document.documentElement.dataset.size") == "4"
    page.reload()
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert read_text(page) == join(TEXTS)


def test_session_that_ends_in_the_middle_of_a_stream_leads_to_signing_in_and_back_to_the_text(
    page: Page, server: PageServer, api: Scripted, tolerated: list[str]
) -> None:
    tolerated += [f"{REFUSED} 401", f"{REFUSED} 404", f"{REFUSED} 502"]
    api.on_start = begin
    run = start_story(page, server)
    write(run, 1, TEXTS[1])
    expect(page.locator("[data-section='1']")).to_contain_text("lantern. 🦊")
    problem = {"code": "UNAUTHENTICATED", "detail": "Sign in."}
    api.answers["GET", f"runs/{run.id}"] = (401, problem)
    api.streams_are_refused = True
    run.break_connections()
    page.wait_for_url(f"{server.url}account?back=run%3D{run.id}")


def test_form_of_a_story_half_filled_in_is_there_after_a_reload(page: Page, server: PageServer) -> None:
    fill_form(page, server)
    page.get_by_label("What should happen?").fill("A door opens")
    page.reload()
    expect(page.get_by_label("What is it about?")).to_have_value("a lighthouse")
    expect(page.get_by_label("What should happen?")).to_have_value("A door opens")
