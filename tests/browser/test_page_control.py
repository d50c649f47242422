"""What a person can do with a story: stop it, go on, decide on the plan, choose."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import scripts
from tests.browser.page_server import PageServer
from tests.browser.scripted import Run, Scripted
from tests.browser.scripts import (
    CHOICES,
    FAILURE,
    OUTLINE,
    TEXTS,
    begin,
    finish,
    join,
    posted,
    read_text,
    start_story,
    write,
)

pytestmark = pytest.mark.browser

REFUSED = "Failed to load resource: the server responded with a status of"


def test_stop_cancels_the_run_and_keeps_the_text(page: Page, server: PageServer, api: Scripted) -> None:
    api.on_start = begin
    run = start_story(page, server)
    run.say("content", section=1, chunk="Maya pressed her ear", is_complete=False)
    expect(page.locator(".section--writing")).to_contain_text("Maya pressed her ear")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name="Stopped")).to_be_visible()
    expect(page.get_by_text("You stopped this chapter.")).to_be_visible()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    expect(page.locator("#bar")).to_be_hidden()
    assert read_text(page) == "Maya pressed her ear"
    assert len(api.asked("POST", f"{run.id}/cancel")) == 1


def test_failed_run_resumed_is_finished_under_the_same_id(
    page: Page, server: PageServer, api: Scripted
) -> None:
    def fail(run: Run) -> None:
        begin(run)
        write(run, 1, TEXTS[1])
        run.say("content", section=2, chunk="Behind the", is_complete=False)
        run.say("error", **FAILURE)

    def go_on(run: Run) -> None:
        run.say("node_event", node="workflow", status="resumed")
        run.say("retract", section=2, reason="restart")
        write(run, 2, TEXTS[2])
        write(run, 3, TEXTS[3])
        finish(run, TEXTS)

    api.on_start, api.on_resume = fail, go_on
    run = start_story(page, server)
    expect(page.get_by_role("alert")).to_contain_text("The model sent nothing for 30 seconds.")
    assert read_text(page) == f"{TEXTS[1]}\n\nBehind the"
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert read_text(page) == join(TEXTS)
    stream = api.asked("GET", "/stream")[-1]
    assert stream.query["last_event_id"].startswith(f"{run.id}:")
    assert run.connections[-1] > 0
    assert len(posted(api)) == 1


def test_failed_run_offers_the_text_so_far_and_a_fresh_start(
    page: Page, server: PageServer, api: Scripted, tmp_path: Path
) -> None:
    def fail(run: Run) -> None:
        begin(run)
        write(run, 1, TEXTS[1])
        run.say("error", **{**FAILURE, "resumable": False})

    api.on_start = fail
    start_story(page, server)
    expect(page.get_by_role("button", name="Go on")).to_have_count(0)
    with page.expect_download() as started:
        page.get_by_role("button", name="Take the text so far").click()
    assert started.value.suggested_filename == "The-Lighthouse-That-Hummed.md"
    started.value.save_as(tmp_path / "story.md")
    expected = f"# {scripts.TITLE}\n\n## The Warm Wall\n\n{TEXTS[1]}\n"
    assert (tmp_path / "story.md").read_text(encoding="utf-8") == expected
    page.get_by_role("button", name="Start afresh").click()
    expect(page.get_by_label("What is it about?")).to_have_value("a lighthouse")
    expect(page.locator("#reading")).to_be_hidden()


def test_plan_for_review_is_edited_and_sent_back(page: Page, server: PageServer, api: Scripted) -> None:
    def ask(run: Run) -> None:
        begin(run)
        run.say("input_required", kind="outline", payload=OUTLINE)

    def answer(run: Run) -> None:
        run.say("node_event", node="workflow", status="resumed")
        write(run, 1, TEXTS[1])

    api.on_start, api.on_input = ask, answer
    run = start_story(page, server)
    plan = page.get_by_role("form", name="This is the plan")
    plan.get_by_label("Title").fill("The Quiet Lighthouse")
    plan.get_by_label("Heading").nth(1).fill("A Tin Fox")
    plan.get_by_label("What happens").nth(1).fill("It wants oil.")
    page.reload()
    expect(plan.get_by_label("Title")).to_have_value(scripts.TITLE)
    plan.get_by_label("Title").fill("The Quiet Lighthouse")
    plan.get_by_label("Heading").nth(1).fill("A Tin Fox")
    plan.get_by_label("What happens").nth(1).fill("It wants oil.")
    plan.get_by_role("button", name="Write it").click()
    expect(page.locator("[data-section='1']")).to_contain_text("lantern. 🦊")
    expect(plan).to_be_hidden()
    sections: list[dict[str, Any]] = [dict(section) for section in OUTLINE["sections"]]
    sections[1] |= {"title": "A Tin Fox", "summary": "It wants oil."}
    sent = api.asked("POST", f"{run.id}/input")
    assert [one.body for one in sent] == [
        {"outline": {"title": "The Quiet Lighthouse", "sections": sections}}
    ]


def test_choice_starts_the_next_chapter_with_what_was_chosen(
    page: Page, server: PageServer, api: Scripted
) -> None:
    def tell(run: Run) -> None:
        begin(run)
        write(run, 1, TEXTS[1])
        words = [{"word": "lantern", "definition": "A lamp to carry."}]
        question = "What should Maya do?"
        finish(run, {1: TEXTS[1]}, choices=CHOICES, choice_question=question, vocabulary_words=words)

    api.on_start = tell
    first = start_story(page, server)
    expect(page.get_by_role("heading", name="What should Maya do?")).to_be_visible()
    expect(page.locator(".vocabulary")).to_contain_text("A lamp to carry.")
    page.get_by_role("button", name="Ring the bell").click()
    expect(page.locator("#story-chapter")).to_have_text("Chapter Two")
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert first.id not in page.url
    [begun] = posted(api)
    assert [one.body for one in api.asked("POST", "/stories/sessions")] == [{"run_id": first.id}]
    [chosen] = api.asked("POST", "/choices")
    assert chosen.body == {"choice_index": 1, "chapter_number": 2, "options": begun["options"]}
    assert chosen.headers["idempotency-key"]
    expect(page.locator("#story-reader")).to_have_text("written for Maya")
    page.get_by_label("Your own idea").fill("They bake a cake")
    page.get_by_role("button", name="Go on with this").click()
    expect(page.locator("#story-chapter")).to_have_text("Chapter Three")
    wished = api.asked("POST", "/choices")[-1].body
    assert (wished["custom_user_input"], wished["chapter_number"]) == ("They bake a cake", 3)
    page.go_back()
    expect(page.locator("#story-chapter")).to_have_text("Chapter Two")
    page.get_by_role("button", name="Ring the bell").click()
    expect(page.get_by_role("alert")).to_contain_text("This story has gone on already")
    assert len(api.runs) == 3


def test_recent_run_is_opened_from_the_shelf(page: Page, server: PageServer, api: Scripted) -> None:
    run = api.start({})
    scripts.tell_all(run)
    api.recent = [
        {
            "run_id": run.id,
            "title": "An Older Story",
            "status": "complete",
            "created_at": "2026-01-04T18:22:00Z",
            "format": "story",
        }
    ]
    page.goto(server.url)
    page.get_by_role("link", name="An Older Story").click()
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert read_text(page) == join(TEXTS)


def test_run_that_does_not_exist_is_said_and_left(
    page: Page, server: PageServer, tolerated: list[str]
) -> None:
    tolerated.append(f"{REFUSED} 404")
    page.goto(f"{server.url}#run=01GONE")
    expect(page.get_by_role("alert")).to_contain_text("here any more")
    page.get_by_role("button", name="Start afresh").click()
    expect(page.get_by_role("button", name="Write the chapter")).to_be_visible()
