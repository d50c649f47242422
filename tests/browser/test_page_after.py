"""What a reader does with a text: the speakers told apart, settings, reading aloud, versions, links, the shelf."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.page_server import PageServer
from tests.browser.scripted import Request, Run, Scripted
from tests.browser.scripts import TEXTS, VOICES, begin, finish, posted, start_story, tell_all, write
from workflows.formats.defaults import presentation_of
from workflows.formats.registry import list_formats

pytestmark = pytest.mark.browser

REFUSED = "Failed to load resource: the server responded with a status of"
SPOKEN = {1: "Ada: Why trains?\nBen: Because: the night.\nAda: I see.", 2: "Ben: Good night."}


@pytest.fixture
def podcast(api: Scripted) -> Scripted:
    """A service that writes episodes."""
    format = list_formats()["podcast"]
    api.formats = [
        {
            "name": "podcast",
            "title": format.title,
            "input_schema": format.Input.model_json_schema(),
            "options_schema": {"type": "object", "properties": {}},
            "example": dict(format.example),
            "exports": [],
            "presentation": presentation_of(format).model_dump(),
        }
    ]
    return api


def open_episode(page: Page, server: PageServer) -> None:
    page.goto(server.url)
    page.locator("#plain-write").click()
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")


def tell_spoken(run: Run) -> None:
    begin(run)
    for section, text in SPOKEN.items():
        write(run, section, text, size=3)
    finish(run, SPOKEN)


def test_speakers_are_told_apart_and_their_words_stay_as_they_are(
    page: Page, server: PageServer, podcast: Scripted
) -> None:
    podcast.on_start = tell_spoken
    open_episode(page, server)
    turns = page.locator("p.turn")
    expect(turns).to_have_text([line for text in SPOKEN.values() for line in text.split("\n")])
    assert turns.evaluate_all("turns => turns.map(turn => turn.dataset.speaker)") == ["0", "1", "0", "1"]
    expect(page.locator(".turn__who").first).to_have_text("Ada: ")
    expect(page.locator(".contents__words").first).to_contain_text("· 0:0")
    page.reload()
    expect(turns).to_have_count(4)


def test_text_is_read_aloud_by_sentence_with_a_voice_a_speaker(
    page: Page, server: PageServer, podcast: Scripted
) -> None:
    podcast.on_start = tell_spoken
    page.add_init_script(VOICES)
    open_episode(page, server)
    page.get_by_role("button", name="Read aloud").first.click()
    assert page.evaluate("window.spoken") == [["Why trains?", "one", 1]]
    assert page.evaluate("[...CSS.highlights.get('spoken')][0].toString()") == "Ada: Why trains?"
    page.evaluate("window.saying.onend()")
    page.get_by_label("Speed").select_option("1.5×")
    assert page.evaluate("window.spoken").pop() == ["Because: the night.", "two", 1.5]
    page.get_by_role("button", name="+15 s").click()
    assert page.evaluate("window.spoken").pop()[0] == "Good night."
    page.get_by_role("button", name="−15 s").click()
    assert page.evaluate("window.spoken").pop()[0] == "Why trains?"
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Go on").click()
    assert page.evaluate("window.spoken").pop()[0] == "Why trains?"
    page.get_by_role("button", name="End").click()
    expect(page.locator("#aloud")).to_be_hidden()


def test_settings_of_the_reader_hold_over_a_reload_and_sections_come_whole_where_wanted(
    page: Page, server: PageServer, api: Scripted
) -> None:
    api.on_start = tell_all
    page.goto(server.url)
    page.get_by_text("Aa", exact=True).click()
    settings = page.locator("#settings")
    for choice in ("Huge", "Wide", "For dyslexia", "Dark", "Section by section"):
        settings.get_by_role("radio", name=choice).check()
    page.reload()
    start_story(page, server)
    expect(page.locator(".verified")).to_be_visible()
    chosen = page.evaluate("({...document.documentElement.dataset})")
    assert chosen == {"size": "4", "spacing": "wide", "face": "legible", "theme": "dark"}
    size = page.locator(".section__text").first.evaluate(
        "text => parseFloat(getComputedStyle(text).fontSize)"
    )
    assert size > 27
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
    assert [request.query.get("granularity") for request in api.asked("GET", "/stream")] == ["section"]


def test_section_is_written_again_with_a_wish_and_the_difference_is_shown(
    page: Page, server: PageServer, api: Scripted, tolerated: list[str]
) -> None:
    tolerated.append(REFUSED)
    api.on_start = tell_all
    versions: list[dict[str, Any]] = []
    first = start_story(page, server)

    def version_of(number: int, run_id: str, **more: Any) -> dict[str, Any]:
        given = {"section": None, "feedback": None, "parent_run_id": None, "status": "completed", "words": 30}
        return {"number": number, "run_id": run_id, **given, **more}

    def begin_version(request: Request) -> dict[str, Any]:
        run = api.start({"format": "story", "input": {}})
        versions.append(version_of(1, first.id))
        versions.append(version_of(2, run.id, parent_run_id=first.id, **request.body))
        for one in (first, run):
            api.answers["GET", f"runs/{one.id}/versions"] = (200, {"versions": versions})
        difference = {
            "title": "A Brass Fox",
            "status": "changed",
            "unified": "--- a\n+++ b\n@@ -1 +1 @@\n-Behind the wall.\n+In the rain.",
            "words_before": 3,
            "words_after": 3,
        }
        api.answers["GET", f"runs/{run.id}/diff"] = (200, {"sections": [difference]})
        return {"run_id": run.id, "status": "running", "stream_url": f"/api/v1/runs/{run.id}/stream"}

    api.answers["POST", f"runs/{first.id}/versions"] = (201, begin_version)
    section = page.locator(".section[data-section='2']")
    section.get_by_role("button", name="Write again…").click()
    section.get_by_label("What should be different?").fill("More rain")
    section.get_by_role("button", name="Write this section again").click()
    page.get_by_role("button", name="Show what changed").click()
    expect(page.locator(".changes del")).to_have_text("Behind the wall.")
    expect(page.locator(".changes ins")).to_have_text("In the rain.")
    expect(page.locator(".versions a[aria-current]")).to_have_text("Version 2")
    [asked] = api.asked("POST", "/versions")
    assert asked.body == {"section": 2, "feedback": "More rain"}
    page.get_by_role("link", name="Version 1").click()
    expect(page.locator(".versions a[aria-current]")).to_have_text("Version 1")


def test_link_for_others_is_made_shown_once_and_revoked(
    page: Page, server: PageServer, api: Scripted, tolerated: list[str]
) -> None:
    tolerated.append(REFUSED)

    def tell(run: Run) -> None:
        state = {"run_id": run.id, "shared": False, "expires_at": None, "url": None}
        shared = {**state, "shared": True, "expires_at": "2026-12-24T00:00:00Z", "url": "/shared/token"}
        api.answers["GET", f"runs/{run.id}/share"] = (200, state)
        api.answers["POST", f"runs/{run.id}/share"] = (201, shared)
        api.answers["DELETE", f"runs/{run.id}/share"] = (204, None)
        tell_all(run)

    api.on_start = tell
    start_story(page, server)
    share = page.get_by_role("region", name="Share")
    expect(share).to_contain_text("Nobody else can read this.")
    share.get_by_role("button", name="Make a link").click()
    expect(share.get_by_label("The link")).to_have_value(f"{server.url}shared/token")
    expect(share).to_contain_text("Anybody with the link can read this until Dec 24, 2026.")
    share.get_by_role("button", name="Revoke the link").click()
    expect(share).to_contain_text("Nobody else can read this.")


def test_shelf_is_searched_filtered_and_asked_twice_before_it_deletes(
    page: Page, server: PageServer, api: Scripted
) -> None:
    def run(number: int, title: str) -> dict[str, Any]:
        return {
            "run_id": f"r{number}",
            "title": title,
            "status": "completed",
            "created_at": "",
            "format": "story",
        }

    books = [run(1, "The Fox"), run(2, "A Lamp"), run(3, "Foxes at Night")]

    def listed(request: Request) -> dict[str, Any]:
        if request.query.get("status") == "failed":
            return {"runs": [], "next_cursor": None}
        at = int(request.query.get("cursor", 0))
        return {"runs": books[at : at + 2], "next_cursor": "2" if at == 0 else None}

    api.answers = {("GET", "runs"): (200, listed), ("DELETE", "runs/r1"): (204, None)}
    page.goto(server.url)
    expect(page.locator(".book__title")).to_have_text(["The Fox", "A Lamp"])
    page.get_by_label("Search", exact=True).fill("fox")
    expect(page.locator(".book__title")).to_have_text(["The Fox", "Foxes at Night"])
    page.get_by_role("button", name="Delete The Fox").click()
    assert api.asked("DELETE", "/runs/r1") == []
    page.get_by_role("button", name="Delete for good?").click()
    expect(page.locator(".book__title")).to_have_text(["Foxes at Night"])
    page.get_by_label("State").select_option("failed")
    expect(page.get_by_text("Nothing fits.")).to_be_visible()


def test_plan_tells_what_its_writing_will_cost(page: Page, server: PageServer, api: Scripted) -> None:
    def ask(run: Run) -> None:
        quote = {"cost_usd_low": 0.01, "cost_usd_high": 0.03, "words_left": 1200}
        api.answers["GET", f"runs/{run.id}/resume-quote"] = (200, quote)
        begin(run)
        run.say("input_required", kind="outline", payload={"title": "T", "sections": []})

    api.on_start = ask
    start_story(page, server)
    expect(page.locator("#plan-quote")).to_have_text(
        "To write it, 1,200 words, will cost about $0.010 to $0.030."
    )
    assert len(posted(api)) == 1


def test_break_that_is_over_says_that_nothing_is_lost(page: Page, server: PageServer, api: Scripted) -> None:
    run = start_story(page, server)
    begin(run)
    write(run, 1, TEXTS[1])
    expect(page.locator("#connection")).to_have_text("live")
    run.break_connections()
    expect(page.locator("#connection")).to_have_text("back, nothing lost")
    assert run is api.run


def test_print_is_a_cover_and_the_text_on_paper_without_the_page_around_it(
    page: Page, server: PageServer, api: Scripted
) -> None:
    api.on_start = tell_all
    page.add_init_script(
        "window.print = () => { window.prints = 1; }; localStorage['storywire.reading'] = '{\"theme\":\"dark\"}'"
    )
    start_story(page, server)
    page.get_by_role("button", name="Print it").click()
    assert page.evaluate("window.prints") == 1
    page.emulate_media(media="print")
    expect(page.locator("#run-cover")).to_be_visible()
    expect(page.locator(".section__text").last).to_be_visible()
    around = ".masthead, .contents, #facts, .bar, .ways, .after__part, .section__tools, .shelf, .verified"
    assert not any(part.is_visible() for part in page.locator(around).all())
    style = "element => [getComputedStyle(element).color, getComputedStyle(element).breakAfter]"
    assert page.locator("#run-cover").evaluate(style)[1] == "page"
    assert (
        page.locator("body").evaluate(style)[0] == "rgb(38, 35, 31)"
    )  # dark ink, whatever the screen's theme
