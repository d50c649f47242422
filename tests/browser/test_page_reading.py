"""The text on the page is the text of the run, whatever happens on the way."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import scripts
from tests.browser.page_server import PageServer
from tests.browser.scripted import Run, Scripted
from tests.browser.scripts import TEXTS, begin, begin_section, finish, join, read_text, start_story, write

pytestmark = pytest.mark.browser

HEARD = """
  window.heard = [];
  addEventListener("DOMContentLoaded", () => {
    const live = document.getElementById("announcement");
    new MutationObserver(() => window.heard.push(live.textContent)).observe(live, { childList: true });
  });
"""
"""What a screen reader is given to say: steps, not tokens."""


def test_story_without_breaks_shows_text_metrics_usage_and_verdicts(
    page: Page, server: PageServer, api: Scripted
) -> None:
    api.on_start = scripts.tell_all
    page.add_init_script(HEARD)
    start_story(page, server)
    expect(page.locator(".verified")).to_contain_text("Verified")
    assert read_text(page) == join(TEXTS)
    assert page.evaluate("window.heard") == [
        "Making the plan…",
        "Writing “The Warm Wall”",
        "Writing “A Brass Fox”",
        "Writing “The Light Below”",
        "The text is finished.",
    ]
    expect(page.get_by_role("heading", level=1, name=scripts.TITLE)).to_be_visible()
    expect(page.locator(".contents__item[data-state=done]")).to_have_count(3)
    for shown in (
        "34",
        "2 minutes",
        "intermediate",
        "How lighthouses work",
        "2,310 read, 1,184 written",
        "$0.012",
    ):
        expect(page.locator("#measures")).to_contain_text(shown)
    expect(page.locator(".badge[data-stage=input]")).to_have_attribute("data-verdict", "approved")


def test_story_under_many_cuts_is_assembled_exactly(page: Page, server: PageServer, api: Scripted) -> None:
    def tell(run: Run) -> None:
        run.cuts = [0, 1, 2, 1, 3, 5, 1, 1, 8, 2]
        scripts.tell_all(run)

    api.on_start = tell
    run = start_story(page, server)
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert read_text(page) == join(TEXTS)
    assert run.connections == [0, 0, 1, 3, 4, 7, 12, 13, 14, 22, 24]


def test_outline_before_any_text_shows_titles_and_targets(
    page: Page, server: PageServer, api: Scripted
) -> None:
    api.on_start = begin
    run = start_story(page, server)
    expect(page.locator(".contents__item")).to_contain_text(
        ["The Warm Wall", "A Brass Fox", "The Light Below"]
    )
    expect(page.locator(".contents__item").first).to_contain_text("about 20 words")
    run.say("weather", of="a later version")  # unknown messages and fields are passed over
    run.say("progress", percent=34, words=12, target_words=45, eta_seconds=20, message="", mood="new")
    expect(page.locator("#bar-numbers")).to_contain_text("34 % · 12 of 45 words · about 20 s left")
    assert page.get_by_role("progressbar").evaluate("bar => bar.value") == 34


def test_parallel_sections_each_grow_in_their_place(page: Page, server: PageServer, api: Scripted) -> None:
    api.on_start = begin
    run = start_story(page, server)
    for section in (3, 1):
        begin_section(run, section)
    expect(page.locator(".section--writing")).to_have_count(2)
    run.say("content", section=3, chunk="Third.", is_complete=False)
    run.say("content", section=1, chunk="First.", is_complete=False)
    expect(page.locator(".section__text")).to_have_text(["First.", "Third."])
    run.say("content", section=3, chunk="", is_complete=True)
    expect(page.locator(".section--writing")).to_have_text(["The Warm WallFirst."])


def test_retracted_section_is_emptied_and_written_again(
    page: Page, server: PageServer, api: Scripted
) -> None:
    api.on_start = begin
    run = start_story(page, server)
    write(run, 1, TEXTS[1])
    run.say("content", section=2, chunk="A wolf of iron", is_complete=False)
    expect(page.locator("[data-section='2']")).to_contain_text("A wolf of iron")
    run.say("retract", section=2, reason="safety")
    expect(page.locator("[data-section='2']")).not_to_contain_text("wolf")
    expect(page.locator("[data-section='2']")).to_contain_text("taken back by the safety check")
    write(run, 2, TEXTS[2])
    write(run, 3, TEXTS[3])
    finish(run, TEXTS)
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert read_text(page) == join(TEXTS)


def test_hostile_text_is_shown_as_text(page: Page, server: PageServer, api: Scripted) -> None:
    hostile = "<img src=x onerror=\"document.title='owned'\"></script><script>alert(1)</script>&amp;"
    texts = {1: f"Then she read: {hostile}\n\n{hostile}"}
    outline = {
        "title": hostile,
        "sections": [{"index": 1, "title": hostile, "summary": hostile, "target_words": 5}],
    }

    def tell(run: Run) -> None:
        begin(run, outline)
        write(run, 1, texts[1], size=3)
        issue = {"category": hostile, "severity": "low", "advice": hostile}
        run.say("safety_check", stage="final", approved=False, score=0.2, issues=[issue])
        hostile_choice = {"text": hostile, "description": hostile}
        finish(
            run,
            texts,
            title=hostile,
            choices=[hostile_choice],
            choice_question=hostile,
            vocabulary_words=[{"word": hostile, "definition": hostile}],
            metadata={"vocabulary_level": hostile, "educational_elements": [hostile]},
        )

    api.on_start = tell
    start_story(page, server)
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert read_text(page) == texts[1]
    for place in (
        ".card__text",
        ".vocabulary dt",
        ".badge__issues",
        "#story-title",
        ".contents__title",
        "#measures",
    ):
        expect(page.locator(place)).to_contain_text(hostile)
    assert page.locator("main img, main script").count() == 0
    assert page.title() == f"{hostile} · Storywire"


def test_hebrew_story_is_set_from_right_to_left(page: Page, server: PageServer, api: Scripted) -> None:
    texts = {1: "מאיה הצמידה את האוזן לדלת.\n\n״גם את שומעת״, לחש סבא.", 2: "ואז האיר הים."}
    outline = {
        "title": "המגדלור",
        "sections": [{"index": 1, "title": "הקיר", "summary": "", "target_words": 9}],
    }

    def tell(run: Run) -> None:
        begin(run, outline)
        for section, text in texts.items():
            write(run, section, text, size=2)
        finish(run, texts, title="המגדלור")

    api.on_start = tell
    scripts.fill_form(page, server)
    page.get_by_role("radio", name="עברית").check()
    page.get_by_role("button", name="Write the chapter").click()
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert read_text(page) == join(texts)
    expect(page.locator("#sheet")).to_have_attribute("dir", "rtl")
    expect(page.locator("#sheet")).to_have_attribute("lang", "he")
    expect(page.locator(".section__text > p").first).to_have_css("direction", "rtl")
    assert scripts.posted(api)[0]["input"]["reader"]["language"] == "he"


def test_reload_in_the_middle_reads_the_same_run_again(page: Page, server: PageServer, api: Scripted) -> None:
    api.on_start = begin
    run = start_story(page, server)
    write(run, 1, TEXTS[1])
    expect(page.locator("[data-section='1']")).to_contain_text("lantern. 🦊")
    assert run.id in page.url
    page.reload()
    expect(page.locator("[data-section='1']")).to_contain_text("lantern. 🦊")
    write(run, 2, TEXTS[2])
    write(run, 3, TEXTS[3])
    finish(run, TEXTS)
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert read_text(page) == join(TEXTS)
    expect(page.locator("#story-reader")).to_have_text("written for Maya")
    assert len(scripts.posted(api)) == 1


def test_stream_given_up_by_the_browser_goes_on_from_the_last_id(
    page: Page, server: PageServer, api: Scripted, tolerated: list[str]
) -> None:
    tolerated.append("Failed to load resource: the server responded with a status of 502")
    api.on_start = begin
    run = start_story(page, server)
    write(run, 1, TEXTS[1])
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("[data-section='1']")).to_contain_text("lantern. 🦊")
    api.streams_are_refused = True
    with page.expect_response(lambda response: response.status == 502):
        run.break_connections()
    expect(page.locator("#connection")).to_have_text("reconnecting…")
    assert read_text(page) == TEXTS[1]
    write(run, 2, TEXTS[2])
    write(run, 3, TEXTS[3])
    finish(run, TEXTS)
    api.streams_are_refused = False
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert read_text(page) == join(TEXTS)
    assert api.asked("GET", "/stream")[-1].query["last_event_id"] == f"{run.id}:{run.connections[-1]}"
    assert run.connections[-1] > 0


def test_server_that_is_killed_and_network_that_is_gone_cost_the_reader_nothing(
    page: Page, server: PageServer, api: Scripted, tolerated: list[str]
) -> None:
    tolerated.append("Failed to load resource: net::ERR_")
    api.on_start = begin
    run = start_story(page, server)
    write(run, 1, TEXTS[1])
    expect(page.locator("[data-section='1']")).to_contain_text("lantern. 🦊")
    server.stop()
    expect(page.locator("#connection")).to_have_text("reconnecting…")
    write(run, 2, TEXTS[2])
    server.start()
    expect(page.locator("[data-section='2']")).to_contain_text("“Good evening,” it said.")
    page.context.set_offline(True)
    try:
        run.break_connections()
        expect(page.locator("#connection")).to_have_text("reconnecting…")
        write(run, 3, TEXTS[3])
        finish(run, TEXTS)
    finally:
        page.context.set_offline(False)
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert read_text(page) == join(TEXTS) and len(scripts.posted(api)) == 1


def test_connection_that_died_without_a_word_is_left_for_one_that_brings_the_rest(
    page: Page, server: PageServer, api: Scripted, tolerated: list[str]
) -> None:
    tolerated.append("Failed to load resource: the server responded with a status of 502")
    api.on_start = begin
    page.clock.install()
    run = start_story(page, server)
    write(run, 1, TEXTS[1])
    expect(page.locator("[data-section='1']")).to_contain_text("lantern. 🦊")
    known = api.answers
    known["GET", f"runs/{run.id}"] = (200, {"run_id": run.id, "status": "running", "sections": [_whole(1)]})
    with page.expect_response(lambda response: response.url.endswith(run.id)):
        page.clock.fast_forward(50_000)
    assert len(run.connections) == 1  # the run is quiet: there is nothing that hasn't come
    run.mute_connections()
    write(run, 2, TEXTS[2])
    known["GET", f"runs/{run.id}"][1]["sections"].append(_whole(2))
    api.streams_are_refused = True
    page.clock.fast_forward(50_000)
    expect(page.locator("#bar-status")).to_contain_text("held back on the way")
    api.streams_are_refused = False
    expect(page.locator("[data-section='2']")).to_contain_text("“Good evening,” it said.")
    expect(page.locator("#connection")).to_have_text("back, nothing lost")
    expect(page.locator("#bar-status")).to_have_text("Writing “A Brass Fox”")
    write(run, 3, TEXTS[3])
    finish(run, TEXTS)
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert read_text(page) == join(TEXTS) and len(run.connections) == 2


def test_who_reads_by_sections_is_behind_only_by_those_that_are_whole(
    page: Page, server: PageServer, api: Scripted
) -> None:
    page.add_init_script("localStorage.setItem('storywire.reading', JSON.stringify({streaming: 'off'}))")
    api.on_start = begin
    page.clock.install()
    run = start_story(page, server)
    write(run, 1, TEXTS[1])
    expect(page.locator("[data-section='1']")).to_contain_text("lantern. 🦊")
    sections = [
        _whole(1),
        {"index": 2, "text": TEXTS[2][:9], "is_complete": False},
    ]
    text = "\n\n".join(str(each["text"]) for each in sections)
    view = {"run_id": run.id, "status": "running", "text": text, "sections": sections}
    api.answers["GET", f"runs/{run.id}"] = (200, view)
    with page.expect_response(lambda response: response.url.endswith(run.id)):
        page.clock.fast_forward(50_000)
    write(run, 2, TEXTS[2])
    expect(page.locator("[data-section='2']")).to_contain_text("“Good evening,” it said.")
    assert len(run.connections) == 1
    assert [asked.query.get("granularity") for asked in api.asked("GET", "/stream")] == ["section"]


def test_finished_story_opened_again_is_shown_from_its_top(
    page: Page, server: PageServer, api: Scripted
) -> None:
    text = "\n\n".join(f"Paragraph {number} of a long story." for number in range(80))

    def tell(run: Run) -> None:
        begin(run)
        write(run, 1, text, size=100)
        finish(run, {1: text})

    api.on_start = tell
    start_story(page, server)
    expect(page.get_by_text("Paragraph 79")).to_be_in_viewport()
    page.reload()
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()


def test_text_that_differs_from_the_stored_text_is_said_clearly(
    page: Page, server: PageServer, api: Scripted
) -> None:
    def tell(run: Run) -> None:
        begin(run)
        write(run, 1, TEXTS[1])
        finish(run, {1: TEXTS[1] + "!"})

    api.on_start = tell
    run = start_story(page, server)
    expect(page.locator(".verified")).to_contain_text("not exactly the stored text")
    page.get_by_role("button", name="Read it again from the start").click()
    expect(page.locator(".verified")).to_contain_text("not exactly the stored text")
    assert run.connections == [0, 0]


def test_page_without_secure_context_still_starts_and_compares(
    page: Page, server: PageServer, api: Scripted
) -> None:
    page.add_init_script(
        "delete Crypto.prototype.randomUUID;"
        "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });"
    )
    api.on_start = scripts.tell_all
    start_story(page, server)
    expect(page.locator(".verified")).to_contain_text("Compared")
    assert api.asked("POST", "/runs")[0].headers["idempotency-key"]


def test_reader_who_scrolled_up_is_left_there_and_one_at_the_end_follows(
    page: Page, server: PageServer, api: Scripted
) -> None:
    api.on_start = begin
    run = start_story(page, server)
    write(run, 1, "\n\n".join(f"Paragraph {number} of a long section." for number in range(60)), size=200)
    expect(page.get_by_text("Paragraph 59")).to_be_in_viewport()
    page.mouse.wheel(0, -100_000)
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    write(run, 2, "\n\n".join(f"Later {number}." for number in range(40)), size=200)
    expect(page.get_by_text("Later 39.")).to_be_attached()
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()


def test_texts_beside_the_story_are_shown_below_it_and_never_in_it(
    page: Page, server: PageServer, api: Scripted
) -> None:
    def tell(run: Run) -> None:
        begin(run)
        write(run, 1, TEXTS[1])
        for chunk in ("Ada: The ", "short form.\n\nBen: Yes."):
            run.say("content", section=0, chunk=chunk, is_complete=False, piece="M1")
        run.say("content", section=0, chunk="Ada: Gone.", is_complete=True, piece="R1")
        run.say("retract", section=0, piece="R1", reason="safety")

    api.on_start = tell
    start_story(page, server)
    pieces = page.locator("#pieces")
    expect(pieces.locator("summary")).to_have_text(["M1 · 6 words"])
    pieces.locator("summary").click()
    expect(pieces.locator("p")).to_have_text(["Ada: The short form.", "Ben: Yes."])
    assert read_text(page) == TEXTS[1]


def _whole(section: int) -> dict[str, object]:
    return {"index": section, "text": TEXTS[section], "is_complete": True}
