"""The other formats: a form made of a format's schema, and what is shown of their texts."""

from typing import Any, Literal

import pytest
from playwright.sync_api import FilePayload, Page, expect
from pydantic import BaseModel, Field

from backend.store.schema.run_values import RunOptions
from tests.browser import scripts
from tests.browser.page_server import PageServer
from tests.browser.scripted import Request, Run, Scripted
from tests.browser.scripts import TEXTS, VOICES, begin, finish, join, posted, read_text, write
from workflows.formats.defaults import exporters_of, presentation_of
from workflows.formats.form import Form, Presentation
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
            "presentation": presentation_of(format).model_dump(),
            "monthly_limit": None,
        }
        for format in FORMATS.values()
    ]
    api.answers = {
        ("GET", "personas"): (200, {"personas": []}),
        ("GET", "documents"): (200, {"documents": []}),
        ("GET", "creator-scripts/templates"): (200, {"templates": []}),
        ("POST", "creator-scripts/check"): (200, {"ok": True, "tips": [], "words": 0, "plan": []}),
    }
    return api


def choose(page: Page, server: PageServer, format: str) -> None:
    page.goto(server.url)
    page.get_by_label("What is to be written?").select_option(format)
    expect(page.locator("#plain-form")).to_be_visible()


def send(page: Page) -> None:
    page.locator("#plain-write").click()
    expect(page.locator("#reading")).to_be_visible()


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"story"}))
def test_form_of_a_format_sends_its_worked_example_and_fits_a_phone(
    name: str, page: Page, server: PageServer, api: Scripted
) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    choose(page, server, name)
    page.get_by_text("Options", exact=True).click()
    expect(page.get_by_role("checkbox", name="Show me the plan first")).to_be_visible()
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
    page.get_by_role("button", name="Begin with an empty form").click()
    page.locator("[id='input.topic']").fill("Why bread rises")
    page.get_by_label("How long?").fill("2.5")
    page.get_by_label("What kind of video?").select_option("tutorial")
    page.get_by_role("button", name="Add one").click()
    page.get_by_label("Point", exact=True).fill("Yeast breathes")
    page.get_by_role("radio", name="Must").check()
    viewer = page.get_by_role("group", name="A viewer")
    viewer.get_by_role("radio", name="A new one…").check()
    viewer.get_by_label("Name").fill("Dana")
    viewer.get_by_label("Description").fill("Bakes on Sundays")
    viewer.get_by_label("Interests").fill("crust, crumb ")
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
    errors = [
        {"field": "input.key_points.1.text", "message": "At least 2 letters."},
        {"field": "options.budget_usd", "message": "Too little."},
    ]
    api.refusals = [(422, {"code": "INVALID_INPUT", "detail": "no", "errors": errors})]
    page.locator("#plain-write").click()
    wrong = page.locator("[data-field='input.key_points.1.text']")
    expect(wrong.locator(".field__error")).to_have_text("At least 2 letters.")
    expect(wrong.get_by_label("Point")).to_be_focused()
    expect(page.locator("[data-field='options.budget_usd'] .field__error")).to_be_visible()
    wrong.get_by_label("Point").fill("Another")
    expect(wrong.locator(".field__error")).to_have_count(0)


def test_key_points_are_moved_by_keyboard_and_by_dragging(
    page: Page, server: PageServer, api: Scripted
) -> None:
    choose(page, server, "creator_script")
    page.set_viewport_size({"width": 1100, "height": 1700})
    first, second, third = (point["text"] for point in FORMATS["creator_script"].example["key_points"])
    page.get_by_role("button", name="Move down: number 1").press("Enter")
    expect(page.get_by_role("button", name="Move down: number 2")).to_be_focused()
    expect(page.get_by_label("Point", exact=True).first).to_have_value(second)
    page.get_by_role("button", name="Move down: number 2").press("Enter")
    expect(page.get_by_role("button", name="Move up: number 3")).to_be_focused()
    page.locator(".cards__grip").nth(2).drag_to(page.locator(".cards__number").first)
    expect(page.get_by_label("Point", exact=True).first).to_have_value(first)
    page.get_by_role("button", name="Remove: number 2").click()
    send(page)
    points = posted(api)[0]["input"]["key_points"]
    assert [point["text"] for point in points] == [first, third]
    assert [point.get("priority") for point in points] == ["must", None]


def test_persona_made_in_the_form_is_kept_and_one_that_is_kept_is_chosen(
    page: Page, server: PageServer, api: Scripted
) -> None:
    dana = {"id": "p1", "name": "Dana", "persona": {"description": "Bakes on Sundays"}}
    kept: list[dict[str, Any]] = [dana]

    def keep(request: Request) -> dict[str, Any]:
        made = {"id": "p2", "name": request.body["name"], "persona": request.body}
        kept.append(made)
        return made

    api.answers |= {
        ("GET", "personas"): (
            200,
            lambda request: {"personas": kept if request.query["kind"] == "audience" else []},
        ),
        ("POST", "personas"): (201, keep),
    }
    choose(page, server, "creator_script")
    viewer = page.get_by_role("group", name="A viewer")
    expect(viewer.get_by_text("Bakes on Sundays")).to_be_visible()
    viewer.get_by_role("radio", name="A new one…").check()
    viewer.get_by_label("Name").fill("Omar")
    viewer.get_by_label("Description").fill("Films on his phone")
    viewer.get_by_label("Keep it for other times").check()
    send(page)
    [told] = api.asked("POST", "/personas")
    assert told.body == {"kind": "audience", "name": "Omar", "description": "Films on his phone"}
    assert posted(api)[0]["input"]["audience_persona_id"] == "p2"
    assert "audience_persona" not in posted(api)[0]["input"]


def test_persona_that_is_refused_is_wrong_in_its_own_field_and_starts_nothing(
    page: Page, server: PageServer, api: Scripted, tolerated: list[str]
) -> None:
    tolerated.append(REFUSED)
    problem = {"code": "INVALID_INPUT", "detail": "no", "errors": [{"field": "name", "message": "Too long."}]}
    api.answers |= {("POST", "personas"): (422, problem)}
    choose(page, server, "creator_script")
    voice = page.get_by_role("group", name="A voice")
    voice.get_by_role("radio", name="A new one…").check()
    voice.get_by_label("Name").fill("Omar")
    voice.get_by_label("Keep it for other times").check()
    page.locator("#plain-write").click()
    expect(page.locator("[data-field='input.script_persona.name'] .field__error")).to_have_text("Too long.")
    assert posted(api) == []


def test_document_dropped_is_uploaded_chosen_and_shown_with_its_warnings(
    page: Page, server: PageServer, api: Scripted
) -> None:
    warning = {"kind": "left_out", "paragraph": 3, "quote": "Figure 1", "message": "A picture was left out."}
    document = {
        "id": "d1",
        "title": "After the operation",
        "words": 1200,
        "language": "en",
        "warnings": [warning],
    }
    kept: list[dict[str, Any]] = []

    def keep(_: Request) -> dict[str, Any]:
        kept.append(document)
        return document

    api.answers |= {
        ("GET", "documents"): (200, lambda _: {"documents": kept, "next_cursor": None}),
        ("POST", "documents"): (201, keep),
    }
    choose(page, server, "education_audio")
    file = FilePayload(name="leaflet.md", mimeType="text/markdown", buffer=b"# After the operation")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("After the operation: 1,200 words were read.")).to_be_visible()
    expect(page.get_by_text("Paragraph 3: A picture was left out.Figure 1")).to_be_visible()
    expect(page.get_by_role("radio", name="After the operation")).to_be_checked()
    send(page)
    [sent] = api.asked("POST", "/documents")
    assert b"leaflet.md" in sent.body and b"# After the operation" in sent.body
    asked = posted(api)[0]["input"]
    assert asked["knowledge_id"] == "d1" and "document" not in asked


def test_tips_and_plan_come_while_typing_and_lead_to_their_field(
    page: Page, server: PageServer, api: Scripted
) -> None:
    def check(request: Request) -> dict[str, Any]:
        if request.body["duration_minutes"] != 9:
            return {"ok": True, "tips": [], "words": 0, "plan": []}
        tip = {"code": "long", "field": "tone", "severity": "warning", "message": "Nine minutes are long."}
        part = {"kind": "HOOK", "title": "The hook", "range": "00:00–00:20", "words": 50}
        return {"ok": True, "tips": [tip], "words": 50, "plan": [part]}

    api.answers |= {("POST", "creator-scripts/check"): (200, check)}
    choose(page, server, "creator_script")
    page.get_by_label("How long?").fill("9")
    tips = page.get_by_role("complementary", name="Tips and plan")
    expect(tips).to_contain_text("00:00–00:20The hook50 words")
    tips.get_by_role("button", name="Nine minutes are long.").click()
    expect(page.get_by_label("How does it sound?")).to_be_focused()


REPORT = (
    "What *moves* in the field [1].\n\n### 1. A <b>club</b>\nIt meets **every week**: 2 * 3 * 4.\n\n"
    "- one\n- two\n\n1. first\n2. second\n\n"
    "| Name | Price |\n|---|:--|\n| A club | <img src=x onerror=\"document.title='owned'\"> |\n| A book | 9 euros |"
)
PIECES = [
    ["P", "What moves in the field [1]."],
    ["H3", "1. A <b>club</b>"],
    ["P", "It meets every week: 2 * 3 * 4."],
    ["UL", "onetwo"],
    ["OL", "firstsecond"],
    ["DIV", "NamePriceA club<img src=x onerror=\"document.title='owned'\">A book9 euros"],
]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_report_grows_as_headings_lists_and_a_table_whose_words_stay_text(
    size: int, page: Page, server: PageServer, api: Scripted
) -> None:
    sources = [{"title": "A page", "publisher": "", "date": "", "url": "https://paper.example/a"}]

    def tell(run: Run) -> None:
        begin(run)
        run.say("facts", canonical_pack={}, sources=sources)
        write(run, 1, REPORT, size=size)
        finish(run, {1: REPORT})

    api.on_start = tell
    choose(page, server, "discovery_report")
    send(page)
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    text = page.locator(".section__text").first
    made = """text => {
        const copy = text.cloneNode(true);
        copy.querySelectorAll(".note").forEach((note) => note.remove());
        return [...copy.children].map((part) => [part.tagName, part.textContent]);
    }"""
    assert text.evaluate(made) == PIECES
    assert text.locator("th").all_text_contents() == ["Name", "Price"]
    assert text.locator("strong, em").all_text_contents() == ["moves", "every week"]
    assert text.locator("img, b").count() == 0 and "owned" not in page.title()
    assert text.locator(".note").all_text_contents() == ["1 · A page"]


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_source_stands_in_the_margin_beside_its_sentence_and_opens_below_it_on_a_phone(
    direction: str, page: Page, server: PageServer, api: Scripted
) -> None:
    said = {"ltr": "So it is [1, 2], and [1] again.", "rtl": "כך הדבר [1, 2], ושוב [1]."}[direction]
    text = f"{said}\n\n| A | B |\n|---|---|\n| 1 | {said} |\n\n- And [2] [3]."
    sources = [{"title": "A page", "publisher": "The Paper", "url": "https://paper.example/a"}, "A book"]
    outline = {"title": said, "sections": [{"index": 1, "title": "", "summary": "", "target_words": 9}]}

    def tell(run: Run) -> None:
        begin(run, outline)
        write(run, 1, text)
        finish(run, {1: text}, sources=sources)

    api.on_start = tell
    page.set_viewport_size({"width": 1440, "height": 900})
    choose(page, server, "discovery_report")
    send(page)
    expect(page.locator(".verified")).to_be_visible()
    notes = page.locator(".section__text p .note, .section__text li .note").filter(visible=True)
    assert notes.all_text_contents() == ["1 · A page · The Paper", "2 · A book", "2 · A book"]
    where = (".section__text p", ".note", "#sheet")
    box = "it => it.getBoundingClientRect().toJSON()"
    place, note, sheet = (page.locator(each).first.evaluate(box) for each in where)
    if direction == "ltr":
        assert (
            note["x"] > place["x"] + place["width"]
            and note["x"] + note["width"] < sheet["x"] + sheet["width"]
        )
    else:
        assert note["x"] + note["width"] < place["x"] and note["x"] > sheet["x"]
    assert abs(note["y"] - place["y"]) < 12
    page.emulate_media(media="print")
    expect(notes).to_have_count(3)
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 390, "height": 800})
    expect(notes).to_have_count(0)
    number = page.get_by_role("button", name="Source 1").first
    number.press("Enter")
    expect(notes).to_have_count(1)
    expect(notes).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("note").get_by_role("link", name="A page")).to_be_focused()
    number.press("Enter")
    expect(notes).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_long_table_and_a_line_full_of_marks_are_drawn_once_as_they_grow(
    page: Page, server: PageServer, api: Scripted
) -> None:
    rows = [f"| {number} | *row* |" for number in range(300)]
    table, line, growing = "\n".join(rows), "*a* " * 12_000, "*a* b **c** [1, 2] " * 300
    texts = {1: table, 2: line, 3: growing, 4: growing}

    def tell(run: Run) -> None:
        begin(run)
        for section, size in {1: 7, 2: len(line), 3: 25, 4: len(growing)}.items():
            write(run, section, texts[section], size=size)
        finish(run, texts)

    api.on_start = tell
    choose(page, server, "discovery_report")
    page.evaluate(
        """() => {
            window.redrawn = window.made = 0;
            const tables = (nodes) => [...nodes].filter((node) => node.className === "table").length;
            const count = (changes) => changes.forEach((one) => (window.redrawn += tables(one.removedNodes)));
            const make = document.createElement.bind(document);
            document.createElement = (tag) => ((window.made += 1), make(tag));
            new MutationObserver(count).observe(document.body, { childList: true, subtree: true });
        }"""
    )
    send(page)
    expect(page.locator(".section__text tr")).to_have_count(300)
    expect(page.locator("[data-section='2'] p em")).to_have_count(12_000)
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    assert page.evaluate("window.redrawn") <= len(rows[0])  # while its first line wasn't whole
    grown, whole = [
        page.locator(f"[data-section='{section}'] .section__text").inner_html() for section in (3, 4)
    ]
    assert grown == whole
    made = page.evaluate("window.made")
    assert made < 50_000, made  # a line that is drawn anew by every chunk takes 85,000


def test_sources_of_other_shapes_are_listed_as_far_as_they_can_be(
    page: Page, server: PageServer, api: Scripted
) -> None:
    sources: list[Any] = [
        "A page",
        None,
        {"title": 7, "url": ["x"]},
        {"url": "https://www.paper.example/a/the-page.html?x=1"},
    ]

    def tell(run: Run) -> None:
        begin(run)
        write(run, 1, "So it is [1, 2, 4].")
        finish(run, {1: "So it is [1, 2, 4]."}, sources=sources)

    api.on_start = tell
    choose(page, server, "discovery_report")
    send(page)
    expect(page.locator(".verified")).to_have_attribute("data-verdict", "same")
    listed = page.locator("#sources-list li")
    assert listed.all_text_contents() == ["A page", "", "7", "paper.example › a › the page"]
    assert (
        page.locator(".section__text p").text_content()
        == "So it is [11 · A page, 2, 44 · paper.example › a › the page]."
    )


def test_cells_of_a_reports_table_are_read_aloud_one_by_one(
    page: Page, server: PageServer, api: Scripted
) -> None:
    table = "| Name | Price |\n|---|---|\n| A club | 9 euros |"

    def tell(run: Run) -> None:
        begin(run)
        write(run, 1, table)
        finish(run, {1: table})

    api.on_start = tell
    page.add_init_script(VOICES)
    choose(page, server, "discovery_report")
    send(page)
    page.get_by_role("button", name="Read aloud").first.click()
    for _ in range(3):
        page.evaluate("window.saying.onend()")
    assert page.evaluate("window.spoken.map(([text]) => text)") == ["Name", "Price", "A club", "9 euros"]


@pytest.mark.usefixtures("api")
def test_form_half_filled_in_is_there_after_a_reload_and_gone_once_it_is_sent(
    page: Page, server: PageServer
) -> None:
    choose(page, server, "discovery_report")
    page.get_by_label("Field", exact=True).fill("Bees")
    page.get_by_label("What are you good at?").fill("patience,")
    page.reload()
    page.get_by_label("What is to be written?").select_option("discovery_report")
    expect(page.get_by_label("Field", exact=True)).to_have_value("Bees")
    expect(page.locator(".chip")).to_have_text(["teaching×", "writing×", "patience×"])
    send(page)
    page.goto(server.url)
    page.get_by_label("What is to be written?").select_option("podcast")
    page.get_by_label("What is to be written?").select_option("discovery_report")
    expect(page.get_by_label("Field", exact=True)).to_have_value("Education")


def test_form_of_a_format_without_hints_follows_from_its_schema(
    page: Page, server: PageServer, api: Scripted
) -> None:
    class Guest(BaseModel):
        name: str
        plus_one: bool = False

    class Party(BaseModel):
        about: str = Field(max_length=80, description="What is celebrated")
        mood: Literal["calm", "loud"] = "calm"
        guests: list[Guest] = Field(default_factory=list, max_length=5)
        dishes: list[str] = []

    api.formats.append(
        {
            **api.formats[0],
            "name": "party",
            "title": "An invitation",
            "input_schema": Party.model_json_schema(),
            "example": {"about": "a birthday"},
            "presentation": Presentation(form=Form(heading="An invitation")).model_dump(),
        }
    )
    choose(page, server, "party")
    expect(page.get_by_role("heading", name="An invitation")).to_be_visible()
    page.get_by_role("radio", name="loud").check()
    page.get_by_role("button", name="Add one").click()
    page.get_by_role("textbox", name="Name").fill("Ida")
    page.get_by_label("Plus one").check()
    page.get_by_label("Dishes").fill("soup\n\n cake ")
    send(page)
    guests = [{"name": "Ida", "plus_one": True}]
    expected = {"about": "a birthday", "mood": "loud", "guests": guests, "dishes": ["soup", "cake"]}
    assert posted(api)[0]["input"] == expected


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
    expect(page.locator("#measures")).to_contain_text("Cost$0.00From the cacheyes")
    expect(page.locator("#sources li")).to_have_text(["A page · The Paper, 2026-01-04", "A trap"])
    assert page.locator("#sources a").evaluate_all("links => links.map(link => link.href)") == [
        "https://paper.example/a"
    ]
    link = page.get_by_role("link", name="Take the subtitles (.srt)")
    assert (link.get_attribute("href") or "").endswith("/export?as=srt")
    page.get_by_role("button", name="Write something new").click()
    expect(page.locator("[id='input.topic']")).to_have_value("Why leaves turn red in autumn")
    page.reload()
    expect(page.locator("[id='input.topic']")).to_have_value("Why leaves turn red in autumn")


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
    expect(warning).to_contain_text("Part 2: Water is forbidden. – the document says it is fine")
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
    expect(page.locator("#measures")).to_contain_text("$0.012 of $0.50")
    assert read_text(page) == join(TEXTS)
    assert api.asked("POST", "/resume")[-1].body == {"budget_usd": 0.5}
