"""The outline of a video: the template's parts with this topic's own beats, and numbers of a list."""

from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.models import open_model
from workflows.errors import ModelBadOutput
from workflows.formats.creator_script.coverage import judge_points
from workflows.formats.creator_script.format import CreatorScriptFormat
from workflows.formats.creator_script.outline import ScriptOutline, ScriptPart, fill_plan
from workflows.formats.creator_script.plan import divide_content
from workflows.formats.creator_script.report import report_on
from workflows.state import Section, State

SCRIPT = CreatorScriptFormat()


def parts_of(**given: Any) -> list[Any]:
    inputs = SCRIPT.parse({"topic": "Why bread rises", **given})
    return divide_content(inputs, SCRIPT.template(inputs))


def answer_of(titles: list[str]) -> ScriptOutline:
    parts = [ScriptPart(title=title, beats=f"Tells of {title}.") for title in titles]
    return ScriptOutline(hook_question="Why does dough rise?", parts=parts)


def plan_of(titles: list[str] | None = None, **given: Any) -> Any:
    inputs = SCRIPT.parse({"topic": "Why bread rises", **given})
    template = SCRIPT.template(inputs)
    parts = divide_content(inputs, template)
    names = titles or [f"Matter {chr(65 + place)}" for place in range(len(parts))]
    return fill_plan(inputs, template, parts, answer_of(names))


def test_outline_of_thirty_minutes_without_points_is_a_dozen_different_parts() -> None:
    sections = plan_of(duration_minutes=30).outline["sections"]
    titles = [section["title"] for section in sections]
    assert 12 <= len(sections) <= 16
    assert len(set(titles)) == len(titles) and not any(" of " in title for title in titles)
    assert len({section["summary"] for section in sections}) == len(sections)


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ({"topic": "Top 5 breads", "duration_minutes": 5}, ["#5: ", "#4: ", "#3: ", "#2: ", "#1: "]),
        ({"topic": "The 10 best breads", "duration_minutes": 2}, ["#10–#8: ", "#7–#5: ", "#4–#3: ", "#2–#1: "]),
        (
            {"key_points": [{"text": "Rye is sour"}, {"text": "Wheat is soft"}], "duration_minutes": 3},
            ["#2: ", "#1: "],
        ),
    ],
)  # fmt: skip
def test_places_of_a_list_have_their_numbers(given: dict[str, Any], labels: list[str]) -> None:
    listed = {"template": "top_list", **given}
    assert [part.label for part in parts_of(**listed) if part.places] == labels
    titles = [section["title"] for section in plan_of(**listed).outline["sections"]]
    assert [title for title in titles if title.startswith("#")] == [
        next(title for title in titles if title.startswith(label)) for label in labels
    ]


def test_outro_knows_the_question_of_the_hook_and_the_parts() -> None:
    notes = plan_of(duration_minutes=4, template="top_list", topic="Top 3 breads").notes
    assert "Why does dough rise?" in notes["template"]["hook"]
    assert all(said in notes["template"]["outro"] for said in ("Why does dough rise?", "#3: ", "#1: "))


def test_title_that_comes_twice_or_brings_its_own_number_is_put_right() -> None:
    parts = parts_of(duration_minutes=6)
    plan = plan_of(["3. Yeast"] * len(parts), duration_minutes=6)
    titles = [section["title"] for section in plan.outline["sections"]][1:-1]
    assert titles[0] == "Yeast" and titles.count("Yeast") == 1


@pytest.mark.parametrize(
    ("titles", "told"),
    [
        (["Yeast", "YEAST", "“Yeast”"], ["Yeast"]),
        (["3. Yeast", "#2: Yeast", "**Yeast**"], ["Yeast"]),
        (["100 days of dough", "2020 was odd"], ["100 days of dough", "2020 was odd"]),
        (["3.5 million loaves", "12:30, the oven"], ["3.5 million loaves", "12:30, the oven"]),
        (["3.", "—", "#1"], []),
    ],
)  # fmt: skip
def test_parts_of_a_video_have_a_title_each_that_no_other_has(titles: list[str], told: list[str]) -> None:
    parts = parts_of(duration_minutes=6)
    given = (titles * len(parts))[: len(parts)]
    plan = plan_of(given, duration_minutes=6)
    found = [section["title"] for section in plan.outline["sections"]][1:-1]
    assert found[: len(told)] == told and all(found)
    assert len({title.casefold() for title in found}) == len(found) == len(parts)


def test_title_that_another_part_has_as_its_own_is_told_apart() -> None:
    parts = parts_of(duration_minutes=6)
    given = [parts[1].title, *["Same"] * (len(parts) - 1)]
    given[1] = parts[1].title.upper()
    found = [section["title"] for section in plan_of(given, duration_minutes=6).outline["sections"]][1:-1]
    assert len({title.casefold() for title in found}) == len(parts)


async def test_outline_that_is_broken_is_refused_and_not_bought_twice(provider: FakeProvider) -> None:
    inputs = SCRIPT.parse({"topic": "Why bread rises", "duration_minutes": 6})
    count = len(parts_of(duration_minutes=6))
    whole = answer_of([f"Part {place}" for place in range(count)]).model_dump_json()
    few = answer_of([f"Part {place}" for place in range(count - 1)]).model_dump_json()
    async with open_model(provider.root_url, "chat") as model:
        for broken in (whole[: len(whole) // 2], few, "{}", '{"parts": null}'):
            provider.script = Script(rules=(Rule(Reply(text=broken)),))
            with pytest.raises(ModelBadOutput):
                await SCRIPT.plan(inputs, model)
    assert len(provider.generations) == 4


async def test_outline_with_a_part_too_many_or_without_words_is_filled_from_the_template(
    provider: FakeProvider,
) -> None:
    inputs = SCRIPT.parse({"topic": "Why bread rises", "duration_minutes": 6})
    own = parts_of(duration_minutes=6)
    answer = answer_of([f"Step {chr(65 + place)}" for place in range(len(own) + 1)]).model_dump()
    answer["parts"][1] = {"title": " ", "beats": ""}
    provider.script = Script(rules=(Rule(Reply(json=answer)),))
    async with open_model(provider.root_url, "chat") as model:
        sections = (await SCRIPT.plan(inputs, model)).outline["sections"]
    assert len(sections) == len(own) + 2 and sections[1]["title"] == "Step A"
    assert (sections[2]["title"], sections[2]["summary"]) == (own[1].title, own[1].summary)


async def test_points_are_found_by_their_meaning_and_a_denial_covers_none(provider: FakeProvider) -> None:
    points = [{"text": "Feed the starter daily", "priority": "must"}, {"text": "Never freeze dough"}]
    inputs = SCRIPT.parse({"topic": "Sourdough", "duration_minutes": 2, "key_points": points})
    plan = plan_of(topic="Sourdough", duration_minutes=2, key_points=points)
    said = "Give it flour and water every morning. You can freeze dough for a month."
    state: Any = State(
        outline=plan.outline,
        notes=plan.notes,
        sections={index: Section(index=index, text=said) for index in range(len(plan.outline["sections"]))},
    )
    by_words = report_on(inputs, state, {})
    assert [point["covered"] for point in by_words.points] == [False, False]
    verdicts = [
        {"number": 1, "quote": "Give it flour and water every morning.", "covered": True},
        {"number": 2, "quote": "Dough hates the cold, so never freeze it.", "covered": True},
        {"number": 9, "quote": "Give it flour and water", "covered": False},
    ]
    provider.script = Script(rules=(Rule(Reply(json={"verdicts": verdicts}), structured=True),))
    async with open_model(provider.root_url, "chat") as model:
        found = await judge_points(inputs, state, model)
    assert found == {0: {"covered": True, "section": 0, "quote": verdicts[0]["quote"]}}
    report = report_on(inputs, state, found)
    assert [point["covered"] for point in report.points] == [True, False] and report.rules["must_points"]
