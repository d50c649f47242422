"""What the scripted runs say, and what the tests do with the form."""

import hashlib
from typing import Any

from playwright.sync_api import Page

from tests.browser.page_server import PageServer
from tests.browser.scripted import Run, Scripted

TITLE = "The Lighthouse That Hummed"
VOICES = """
  window.spoken = [];
  Object.defineProperty(window, "speechSynthesis", {value: {
    getVoices: () => [{lang: "en-GB", name: "one"}, {lang: "en-US", name: "two"}],
    speak: (said) => { window.spoken.push([said.text, said.voice.name, said.rate]); window.saying = said; },
    cancel: () => {},
  }});
  window.SpeechSynthesisUtterance = function (text) { this.text = text; };
"""
"""A voice of the browser's, which only keeps what it is told to say."""
TEXTS = {
    1: "Maya pressed her ear to the door.\n\n“You hear it,” whispered Grandpa.\nHe held up the lantern. 🦊",
    2: "Behind the wall sat a fox of brass.\n\n“Good evening,” it said.",
    3: "Then the sea lit up from below.",
}
OUTLINE: dict[str, Any] = {
    "title": TITLE,
    "sections": [
        {"index": 1, "title": "The Warm Wall", "summary": "Maya hears a hum.", "target_words": 20},
        {"index": 2, "title": "A Brass Fox", "summary": "It wants a drum.", "target_words": 15},
        {"index": 3, "title": "The Light Below", "summary": "The boats come home.", "target_words": 10},
    ],
}
CHOICES = [
    {"text": "Follow the light", "description": "The fox can swim."},
    {"text": "Ring the bell", "description": "Everyone would wake up."},
]
METADATA = {
    "word_count": 34,
    "estimated_reading_time": 2.2,
    "vocabulary_level": "intermediate",
    "educational_elements": ["How lighthouses work"],
}
USAGE = {"model": "openai:gpt-test", "input_tokens": 2310, "output_tokens": 1184, "cost_usd": 0.0123}
FAILURE = {
    "code": "MODEL_TIMEOUT",
    "message": "The model sent nothing for 30 seconds.",
    "retryable": True,
    "resumable": True,
    "partial": {"sections_completed": 1, "words": 18},
}


def join(texts: dict[int, str]) -> str:
    return "\n\n".join(texts[section] for section in sorted(texts))


def begin(run: Run, outline: dict[str, Any] = OUTLINE) -> None:
    run.say("node_event", node="workflow", status="started")
    run.say("node_event", node="outline", status="started")
    run.say("safety_check", stage="input", approved=True, score=0.99, issues=[])
    run.say("outline", **outline)


def write(run: Run, section: int, text: str, size: int = 7) -> None:
    """A whole section in chunks of `size` letters."""
    begin_section(run, section)
    for start in range(0, len(text), size):
        run.say("content", section=section, chunk=text[start : start + size], is_complete=False)
    run.say("content", section=section, chunk="", is_complete=True)


def begin_section(run: Run, section: int) -> None:
    run.say("node_event", node="generate_content", status="started", section=section)


def finish(run: Run, texts: dict[int, str], **changes: Any) -> None:
    text = join(texts)
    results = {
        "success": True,
        "run_id": run.id,
        "title": TITLE,
        "story_content": text,
        "sections": [],
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "metadata": METADATA,
        "usage": USAGE,
        "cached": False,
    }
    run.say("complete", **{**results, **changes})


def tell_all(run: Run) -> None:
    begin(run)
    for section, text in TEXTS.items():
        write(run, section, text)
    finish(run, TEXTS)


def fill_form(page: Page, server: PageServer) -> None:
    page.goto(server.url)
    page.get_by_label("What is it about?").fill("a lighthouse")
    page.locator("#name").fill("Maya")


def start_story(page: Page, server: PageServer) -> Run:
    """Fills in what is needed, sends it, and gives the run that it started."""
    fill_form(page, server)
    with page.expect_response("**/stream*"):
        page.get_by_role("button", name="Write the chapter").click()
    return server.scripted.run


def read_text(page: Page) -> str:
    """The story as it stands on the page."""
    parts = page.locator(".section").all()
    return "\n\n".join("\n\n".join(part.locator(".section__text > p").all_text_contents()) for part in parts)


def posted(api: Scripted) -> list[dict[str, Any]]:
    """The bodies that started runs."""
    return [request.body for request in api.asked("POST", "/runs")]
