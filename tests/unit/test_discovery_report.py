"""The discovery report's parts: profile, notes on a field, review, quota."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.models import open_model
from workflows.errors import InvalidInput, ModelBadOutput
from workflows.formats.discovery_report.areas import AreaError, AreaRegistry
from workflows.formats.discovery_report.format import DiscoveryReportFormat
from workflows.formats.discovery_report.ideas import IdeaSet, make_ideas, review_ideas
from workflows.formats.discovery_report.profile import profile_key
from workflows.models.spec import ModelSpec
from workflows.state import Section, State

REPORT = DiscoveryReportFormat()
IDEAS = "What moves.\n\n1. A club. It meets.\n\n2. A book. It sells.\n\n3) A tour. It goes."


def key(**change: Any) -> str:
    return profile_key(REPORT.parse({**REPORT.example, **change}))


def area(field: str, corner: str | None = None) -> str:
    return REPORT.areas.find(
        REPORT.parse({**REPORT.example, "interest_area": field, "sub_interest_area": corner})
    ).name


async def findings(ideas: str, advice: str) -> list[str]:
    texts = ["You teach.", ideas, advice]
    state = State(sections={index: Section(index=index, text=text) for index, text in enumerate(texts)})
    model: Any = None  # the review asks none
    return [found["rule"] for found in await REPORT.review(REPORT.parse(REPORT.example), state, model)]


# The profile.


@pytest.mark.parametrize(
    "change",
    [
        {"interest_area": "  EDUCATION. "},
        {"skill_strength": ["Writing", "teaching"]},
        {"skill_strength": "writing,  Teaching"},
        {"founder_psychology": {"Setbacks": "patient", "risk": "Careful, wants to keep  the day job"}},
        {"work_style": "Alone first,\nclose to customers"},
    ],
)
def test_profile_that_is_only_typed_otherwise_has_the_same_key(change: dict[str, Any]) -> None:
    assert key(**change) == key()


@pytest.mark.parametrize(
    "change",
    [
        {"budget_range": "Under 20,000 euros"},
        {"skill_strength": ["teaching"]},
        {"sub_interest_area": None},
        {"founder_psychology": "careful"},
        {"language": "de"},
    ],
)
def test_profile_that_means_something_else_has_another_key(change: dict[str, Any]) -> None:
    assert key(**change) != key()


def test_report_may_be_answered_from_an_earlier_run_and_needs_a_larger_model() -> None:
    inputs = REPORT.parse(REPORT.example)
    assert REPORT.default_cache == "use" and REPORT.cache_key(inputs) == key()
    with pytest.raises(InvalidInput, match=r"options\.model"):
        REPORT.check_model(inputs, ModelSpec("embedded", "any"))


@pytest.mark.parametrize(
    ("change", "field"),
    [({"skill_strength": []}, "skill_strength"), ({"goal_type": ""}, "goal_type"), ({"age": 7}, "age")],
)
def test_profile_that_is_wrong_is_refused_by_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        REPORT.parse({**REPORT.example, **change})
    assert [error.field for error in refused.value.errors] == [f"input.{field}"]


# Notes on a field.


@pytest.mark.parametrize(
    ("field", "corner", "name"),
    [
        ("Education", None, "education"),
        ("Teaching kids to code", None, "education"),
        ("AI tools", "for dentists", "software_ai"),
        ("renewable energies", "solar roofs", "energy_climate"),
        ("Podcasts and newsletters", None, "media_creators"),
        ("Food", "vegan baking", "food"),
        ("Dog grooming", "dogs", "commerce_crafts"),
        ("Dice", None, "general"),
    ],
)
def test_notes_are_those_of_the_field(field: str, corner: str | None, name: str) -> None:
    assert area(field, corner) == name


def test_notes_of_ones_own_are_taken_and_wrong_ones_are_refused_with_their_file(tmp_path: Path) -> None:
    (tmp_path / "dice.toml").write_text('title = "Dice"\nnotes = "Roll them."', encoding="utf-8")
    own = DiscoveryReportFormat(AreaRegistry(tmp_path))
    assert own.areas.find(own.parse({**own.example, "interest_area": "dice"})).notes == "Roll them."
    assert {"dice", "general", "education"} <= own.areas._areas.keys()
    (tmp_path / "dice.toml").write_text('title = "Dice"', encoding="utf-8")
    with pytest.raises(AreaError, match=r"dice\.toml: notes: Field required"):
        AreaRegistry(tmp_path)


# The review.


async def test_review_of_a_report_that_has_ideas_and_is_about_the_person_finds_nothing() -> None:
    assert await findings(IDEAS, "Since you have taught adults, start there.") == []


async def test_review_wants_ideas_and_something_of_the_person() -> None:
    assert await findings("Some ideas come to mind.", "Work hard.") == ["ideas", "personal"]


# The ideas that were made before they were told.

RESEARCH = {
    "ideas": [{"name": name} for name in ("A club", "A book", "A tour")],
    "sources": [{"title": "Schools", "url": "https://paper.example.org/a"}],
}
TOLD = "### 1. A club\n\nIt meets [1].\n\n### 2. A book\n\nIt sells.\n\n### 3. A tour\n\nIt goes."
TABLE = "\n\n| Idea | Price |\n|---|---|\n| A club | 10 |\n| A book | 20 |\n| A tour | 5 |"


def test_first_part_of_a_report_cites_no_source_since_it_is_given_none() -> None:
    found = [*review_ideas(RESEARCH, {0: Section(index=0, text="A good teacher [1].")})]
    assert [(one["rule"], one["section"]) for one in found] == [("citations", 0)]


def test_ideas_beyond_those_asked_for_are_left_out_instead_of_asked_for_again() -> None:
    fields = (
        "problem",
        "customer",
        "offer",
        "first_three_customers",
        "price",
        "first_step",
        "what_would_end_it",
    )
    ideas = [{"name": f"Idea {place}", **dict.fromkeys(fields, "Some."), "sources": []} for place in range(6)]
    assert [idea.name for idea in IdeaSet.model_validate({"ideas": ideas}).ideas] == [
        f"Idea {place}" for place in range(4)
    ]


@pytest.mark.parametrize(
    ("told", "advice", "rules"),
    [
        (TOLD + TABLE, "Begin with a club.", []),
        ((TOLD + TABLE).replace("A tour", "A walk"), "A book first.", ["ideas_named", "tables"]),
        (TOLD + "\n\nThat was all.", "A book first.", ["tables"]),
        (TOLD.replace(" [1]", "") + TABLE, "A book first.", ["citations"]),
        (TOLD.replace("[1]", "[1][3]") + TABLE, "A book first, says one [9].", ["citations", "citations"]),
        (
            TOLD.replace("[1]", "[1](https://paper.example.org/a/)") + TABLE,
            "A club: https://me.example.org.",
            [],
        ),
        (TOLD.replace("[1]", "[1](https://made.example.org/up)") + TABLE, "A book first.", ["citations"]),
        (TOLD + TABLE, "A book, as on https://shop.example.org/b says.", ["citations"]),
        (TOLD + TABLE, "A book: `https://www.paper.example.org/a`, http://me.example.org—mine.", []),
        (TOLD + TABLE, "A book, as on https://me.ex says.", ["citations"]),
        (TOLD.replace("A tour", "A walk") + TABLE, "A book first.", ["ideas_named"]),
        (TOLD + TABLE, "Try the first of them.", ["choice"]),
        (TOLD + TABLE + "\n\nAnd:" + TABLE, "A tour, later.", ["tables"]),
    ],
)
def test_report_tells_its_ideas_by_name_and_cites_only_sources_that_there_are(
    told: str, advice: str, rules: list[str]
) -> None:
    sections = {1: Section(index=1, text=told), 2: Section(index=2, text=advice)}
    profile = '{"experience_summary": "My site is https://me.example.org"}'
    assert [found["rule"] for found in review_ideas(RESEARCH, sections, profile)] == rules


FIELDS = ("problem", "customer", "offer", "first_three_customers", "price", "first_step", "what_would_end_it")


def idea(name: str, **given: Any) -> dict[str, Any]:
    return {"name": name, **dict.fromkeys(FIELDS, "Some."), "sources": [], **given}


async def made_of(
    provider: FakeProvider, ideas: list[dict[str, Any]], sources: int = 0
) -> list[dict[str, Any]]:
    provider.script = Script(rules=(Rule(Reply(json={"ideas": ideas})),))
    found = [{"title": "A", "url": "https://a.example"}] * sources
    async with open_model(provider.root_url, "chat") as model:
        return await make_ideas(REPORT.parse(REPORT.example), "Notes.", found, model)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["Club", "club ", "CLUB", "Book"], ["Club", "club (2)", "CLUB (3)", "Book"]),
        (["Club", "Club (2)", "Club", "Book"], ["Club", "Club (2)", "Club (3)", "Book"]),
        (["**Book** Club", "“Club”", "# Tour", "`Shop` 1"], ["Book Club", "Club", "Tour", "Shop 1"]),
        (["**Club**", "“Club”", "# Tour", "Book\nclub"], ["Club", "Club (2)", "Tour", "Book club"]),
        (["", "  ", "—", "Book"], ["An evening a week", "An evening a week (2)", "An evening a week (3)", "Book"]),
    ],
)  # fmt: skip
async def test_ideas_have_a_name_each_that_no_other_has_whatever_the_model_called_them(
    provider: FakeProvider, names: list[str], told: list[str]
) -> None:
    ideas = [idea(name, offer="An evening a week.") for name in names]
    assert [one["name"] for one in await made_of(provider, ideas)] == told
    assert len(provider.generations) == 1


async def test_idea_of_endless_fields_and_sources_that_are_not_there_is_cut_to_what_prompts_can_hold(
    provider: FakeProvider,
) -> None:
    endless = idea("Name " * 500, offer="Offer " * 5000, sources=[2, -1, 0, 99, 2, 1])
    found, *_ = await made_of(provider, [endless] * 4, sources=2)
    assert len(found["name"]) <= 60 and len(found["offer"]) <= 800 and found["sources"] == [1, 2]


@pytest.mark.parametrize(
    ("told", "sources"),
    [
        (["[1]", "[2]"], [1, 2]),
        ("[1], [2]", [1, 2]),
        (2, [2]),
        (["Source 1"], [1]),
        (["https://a.example/2/1", "99999"], []),
    ],
)
async def test_sources_of_an_idea_are_understood_however_they_are_written(
    provider: FakeProvider, told: Any, sources: list[int]
) -> None:
    found, *_ = await made_of(provider, [idea("Tour", sources=told)] * 4, sources=2)
    assert found["sources"] == sources and len(provider.generations) == 1


async def test_idea_that_leaves_a_field_open_or_gives_it_in_another_form_is_kept_as_one_of_three(
    provider: FakeProvider,
) -> None:
    open_one = idea("Tour", price=None, first_step="", first_three_customers=["Ann", "Ben"])
    found, other, _ = await made_of(provider, [open_one, idea("Club", price=20), idea("Book")])
    assert (found["price"], found["first_step"], found["first_three_customers"]) == ("", "", "Ann; Ben")
    assert other["price"] == "20" and len(provider.generations) == 1


async def test_ideas_that_are_half_json_or_too_few_are_refused_and_not_bought_twice(
    provider: FakeProvider,
) -> None:
    whole = json.dumps({"ideas": [idea("A"), idea("B"), idea("C"), idea("D")]})
    few = json.dumps({"ideas": [idea("A"), idea("B")]})
    async with open_model(provider.root_url, "chat") as model:
        for broken in (whole[: len(whole) // 2], few, "[]"):
            provider.script = Script(rules=(Rule(Reply(text=broken)),))
            with pytest.raises(ModelBadOutput):
                await make_ideas(REPORT.parse(REPORT.example), "Notes.", [], model)
    assert len(provider.generations) == 3


OPEN_TABLE = "\n\nIdea | Price\n---|---\nA club | 10\nA book | 20\nA tour | 5"


@pytest.mark.parametrize(
    ("told", "advice", "rules"),
    [
        (TOLD.replace("[1]", "[1, 7]") + TABLE, "A book.", ["citations"]),
        (TOLD.replace("[1]", "[Source 2]") + TABLE, "A book.", ["citations"]),
        (TOLD.replace("[1]", "[1–3]") + TABLE, "A book.", ["citations"]),
        (TOLD.replace("[1]", "[1; 1]") + TABLE, "A book [2026].", ["citations"]),
        (TOLD.replace("A club", "A **club**") + TABLE, "The “book”, a book.", []),
        (TOLD + TABLE, "Bookings of a clubhouse are no choice.", ["choice"]),
        (TOLD + OPEN_TABLE, "A book.", []),
        (TOLD + TABLE.replace("A club", "1. **Club**"), "A book.", []),
        (TOLD + TABLE.replace("| A tour | 5 |", "| 3 | A tour | 5 |"), "A book.", []),
        (TOLD + TABLE.replace("| A tour | 5 |", ""), "A book.", ["tables"]),
        (TOLD + OPEN_TABLE.replace("A tour | 5", ""), "A book.", ["tables"]),
        (TOLD + TABLE + "\nAnd:" + TABLE.strip("\n").join(["\n", ""]), "A book.", ["tables"]),
        (TOLD + TABLE + "\n\nAnd:" + OPEN_TABLE, "A book.", ["tables"]),
        (TOLD + TABLE, "A book." + TABLE, ["tables"]),
        (TOLD + TABLE, "A book." + OPEN_TABLE, ["tables"]),
        (TOLD + TABLE, "A book costs 10 | 20 -- or less.", []),
    ],
)
def test_report_is_measured_whatever_its_sources_names_and_tables_are_written_like(
    told: str, advice: str, rules: list[str]
) -> None:
    sections = {1: Section(index=1, text=told), 2: Section(index=2, text=advice)}
    assert [found["rule"] for found in review_ideas(RESEARCH, sections)] == rules
