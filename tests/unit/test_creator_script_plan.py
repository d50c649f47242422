"""A video on the clock: the times add up, for any wish."""

from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import InvalidInput
from workflows.formats.base import Plan
from workflows.formats.creator_script.advice import give_tips
from workflows.formats.creator_script.format import CreatorScriptFormat
from workflows.formats.creator_script.input import VideoStyle
from workflows.formats.creator_script.plan import make_plan, slots_of
from workflows.formats.creator_script.styles import list_styles
from workflows.formats.creator_script.templates import TemplateError, TemplateRegistry
from workflows.formats.creator_script.timing import (
    TimeSlot,
    content_seconds,
    heading,
    hook_seconds,
    outro_seconds,
)
from workflows.safety.policies.policy_files import load_policy
from workflows.text.words import count_words

SCRIPT = CreatorScriptFormat()
TEMPLATES = sorted(template.name for template in TemplateRegistry().all())
NUMBERS = "one two three four five six seven eight nine ten eleven twelve thirteen".split()  # noqa: SIM905
SUBJECTS = "bees rivers lanterns glaciers violins volcanoes bridges tomatoes comets pencils".split()  # noqa: SIM905


def plan_of(**wish: Any) -> Plan:
    parsed = SCRIPT.parse({"topic": "How bees find flowers", **wish})
    return make_plan(parsed, SCRIPT.template(parsed))


def slots(**wish: Any) -> list[TimeSlot]:
    found: list[TimeSlot] = plan_of(**wish).notes["slots"]
    return found


def points(*priorities: str) -> list[dict[str, str]]:
    return [{"text": f"{SUBJECTS[i]} matter", "priority": priority} for i, priority in enumerate(priorities)]


def fields_of(wish: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        SCRIPT.parse({"topic": "How bees find flowers", **wish})
    return [error.field for error in refused.value.errors]


def tips(**wish: Any) -> set[str]:
    parsed = SCRIPT.parse({"topic": "How bees find flowers", "target_audience": "gardeners", **wish})
    return {tip.code for tip in give_tips(parsed, SCRIPT.template(parsed))}


# Timing.


@given(
    st.floats(1, 60),
    st.sampled_from(get_args(VideoStyle)),
    st.sampled_from(TEMPLATES),
    st.lists(st.sampled_from(["should", "nice"]), max_size=10),
    st.integers(0, 3),
)
def test_plan_times_follow_one_another_from_zero_to_the_end(
    minutes: float, style: str, template: str, rest: list[str], musts: int
) -> None:
    wanted = points(*(["must"] * musts + rest)[:10])
    found = slots(duration_minutes=minutes, style=style, template=template, key_points=wanted)
    assert found[0]["start"] == 0 and found[-1]["end"] == round(minutes * 60)
    assert all(one["end"] == two["start"] for one, two in pairwise(found))
    assert all(slot["end"] - slot["start"] >= 5 for slot in found[1:-1])
    assert [slot["kind"] for slot in found] == ["HOOK", *["CONTENT"] * (len(found) - 2), "OUTRO"]
    said = {index for slot in found for index in slot["points"]}
    assert {index for index in range(len(wanted)) if wanted[index]["priority"] == "must"} <= said


@pytest.mark.parametrize(
    ("minutes", "style", "hook"),
    [(1, "educational", 9), (2, "educational", 18), (3, "educational", 20), (4, "educational", 29),
     (10, "educational", 45), (11, "educational", 66), (60, "educational", 90), (2, "vlog", 14)],
)  # fmt: skip
def test_hook_takes_its_share_up_to_its_limit(minutes: int, style: str, hook: int) -> None:
    assert hook_seconds(minutes * 60, list_styles()[style]) == hook


def test_outro_takes_seven_to_ten_percent_in_every_style() -> None:
    for style in list_styles().values():
        assert 42 <= outro_seconds(600, style) <= 60
        assert content_seconds(600, style) > 480


def test_points_get_time_by_priority() -> None:
    found = slots(key_points=points("nice", "must", "should"))
    nice, must, should = (slot["end"] - slot["start"] for slot in found if slot["points"])
    assert must > should > nice


def test_points_that_there_is_no_time_for_are_left_out_the_nice_ones_first() -> None:
    plan = plan_of(duration_minutes=1, key_points=points("nice", "must", "should", "should", "must"))
    assert plan.notes["left_out"] == [0, 3]


def test_points_of_a_list_are_counted_down() -> None:
    found = slots(template="top_list", duration_minutes=5, key_points=points("must", "must", "must"))
    assert [slot["points"] for slot in found if slot["points"]] == [[2], [1], [0]]


def test_long_stretches_are_written_in_parts() -> None:
    found = slots(duration_minutes=60, key_points=points("must"))
    assert max(slot["end"] - slot["start"] for slot in found) <= 6 * 60
    assert any("(2 of " in slot["title"] for slot in found)


def test_target_words_follow_the_pace_and_have_room_for_the_heading() -> None:
    for pace in (100, 200):
        plan = plan_of(words_per_minute=pace)
        headings = sum(count_words(heading(slot)) for slot in plan.notes["slots"])
        words = sum(section["target_words"] for section in plan.outline["sections"])
        assert words - headings == pytest.approx(5 * pace, abs=5)


def test_heading_says_when_and_what() -> None:
    first, second, *_ = slots(duration_minutes=3, key_points=points("must"))
    assert heading(first) == "[00:00–00:20] HOOK"
    assert heading(second).startswith("[00:20–02:") and heading(second).endswith("CONTENT: bees matter")


def test_slots_of_a_plan_that_a_person_edited_follow_its_lengths() -> None:
    parsed = SCRIPT.parse({"topic": "Bees", "duration_minutes": 4, "key_points": points("must")})
    plan = make_plan(parsed, SCRIPT.template(parsed))
    assert slots_of(parsed, plan.outline, plan.notes) == plan.notes["slots"]
    edited = [
        {"index": 0, "title": "Hello", "summary": "", "target_words": 100},
        {"index": 1, "title": "All bees matter", "summary": "", "target_words": 200},
        {"index": 2, "title": "Bye", "summary": "", "target_words": 100},
    ]
    found = slots_of(parsed, {"title": "Bees", "sections": edited}, plan.notes)  # type: ignore[typeddict-item]
    assert [(slot["kind"], slot["start"], slot["end"], slot["points"]) for slot in found] == [
        ("HOOK", 0, 60, []), ("CONTENT", 60, 180, [0]), ("OUTRO", 180, 240, []),
    ]  # fmt: skip


# What can't be, and what might be better.


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"key_points": ["must: Bees dance in the hive", "nice: The bees dance in their hive"]}, "1.text"),
        ({"key_points": ["must: Bees dance", "must: bees dance!"]}, "1.text"),
        ({"key_points": ["Smoke calms bees", "should: Smoke never calms bees"]}, "1.text"),
        ({"key_points": ["Always feed bees sugar", "Buy honey", "Never feed bees sugar"]}, "2.text"),
        ({"key_points": ["Smoking hives is safe", "Smoking hives is dangerous"]}, "1.text"),
        ({"duration_minutes": 1, "key_points": points(*["must"] * 6)}, ""),
        ({"key_points": [{"text": "x"}]}, "0.text"),
        ({"key_points": [{"text": "Bees dance", "priority": "vital"}]}, "0.priority"),
    ],
)
def test_key_points_that_do_not_go_together_are_refused_by_their_field(
    wish: dict[str, Any], field: str
) -> None:
    assert fields_of(wish) == [f"input.key_points.{field}".removesuffix(".")]


@pytest.mark.parametrize(
    "said",
    [["Bees dance", "Bees sleep"], ["Use a hive", "Use no smoke"], ["Tip one: water", "Tip two: sugar"]],
)
def test_key_points_that_only_sound_alike_are_taken(said: list[str]) -> None:
    assert len(SCRIPT.parse({"topic": "Bees", "key_points": said}).key_points) == 2


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"topic": "Life"}, "vague_topic"),
        ({"topic": "Stuff and things", "key_points": ["must: one", "two"]}, "vague_topic"),
        ({"tone": "very sarcastic", "style": "documentary"}, "tone_against_style"),
        ({"target_audience": None}, "no_audience"),
        ({"words_per_minute": 210}, "fast_pace"),
        ({"duration_minutes": 1, "key_points": points(*["should"] * 8)}, "too_many_points"),
        ({"key_points": points("should", "nice")}, "no_must_point"),
        ({"key_points": points(*["must"] * 5)}, "everything_is_a_must"),
        ({"duration_minutes": 30}, "long_without_points"),
        ({"template": "tutorial", "style": "news"}, "style_against_template"),
        ({"duration_minutes": 2}, "short_for_template"),
        ({"duration_minutes": 1, "words_per_minute": 90}, "hardly_any_words"),
    ],
)
def test_tips_name_what_might_be_better(wish: dict[str, Any], code: str) -> None:
    assert code in tips(**wish)


def test_tips_are_none_for_a_good_wish() -> None:
    assert tips(duration_minutes=6, key_points=points("must", "should", "nice")) == set()


# Templates.


def test_templates_are_six_and_fit_their_styles_and_are_fit_for_readers() -> None:
    assert TEMPLATES == ["explainer", "news_commentary", "product_review", "story", "top_list", "tutorial"]
    for template in TemplateRegistry().all():
        assert set(template.styles) <= set(get_args(VideoStyle))
    assert {guide.template for guide in list_styles().values()} <= set(TEMPLATES)
    assert set(list_styles()) == set(get_args(VideoStyle))
    assert load_policy("general").name == SCRIPT.policy(SCRIPT.parse(SCRIPT.example)).name


def test_template_that_is_not_there_is_refused_with_what_there_is() -> None:
    with pytest.raises(
        InvalidInput, match=r"input\.template: there is no template 'opera'; there is explainer"
    ):
        SCRIPT.template(SCRIPT.parse({"topic": "Bees", "template": "opera"}))


OWN = """
title = "Interview"
description = "Two people talk."
styles = ["news"]
hook = "The best answer first."
point = "One question."
outro = "Thanks."
[[beats]]
title = "Questions"
text = "All of them."
points = true
"""


def test_template_of_ones_own_is_used_and_may_stand_in_for_ours(tmp_path: Path) -> None:
    (tmp_path / "interview.toml").write_text(OWN, encoding="utf-8")
    (tmp_path / "tutorial.toml").write_text(OWN, encoding="utf-8")
    script = CreatorScriptFormat(TemplateRegistry(tmp_path))
    parsed = script.parse({"topic": "Bees", "template": "interview", "key_points": ["Who are you?"]})
    plan = make_plan(parsed, script.template(parsed))
    assert plan.outline["sections"][0]["summary"] == "The best answer first."
    assert script.templates.find("tutorial").title == "Interview"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OWN.replace('hook = "The best answer first."', ""), "interview.toml: hook: Field required"),
        (OWN.replace("points = true", "points = 7"), "interview.toml: beats.0.points: "),
        (OWN.replace("points = true", ""), "interview.toml: exactly one of the beats says points = true"),
        (OWN + "colour = 1", "interview.toml: beats.0.colour: Extra inputs"),
        ("title = ", "interview.toml can't be read: "),
    ],
)
def test_template_that_is_wrong_is_refused_with_its_file_and_field(
    text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "interview.toml").write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError) as refused:
        TemplateRegistry(tmp_path)
    assert str(refused.value).startswith(said)


def test_template_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="there is no folder"):
        TemplateRegistry(tmp_path / "nowhere")
