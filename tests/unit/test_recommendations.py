"""What a child may like to read about next."""

from typing import Any

import pytest

from backend.stories.recommendations import RECENT, Recommendation, _themes, recommend, tags_of
from workflows.formats.story.format import StoryFormat
from workflows.formats.story.input import StoryReader
from workflows.safety.check import check_input
from workflows.safety.policies.policy_files import load_policy

MAYA = StoryReader(name="Maya", age=7, interests=["stars", "cats"])


def kinds(found: list[Recommendation]) -> list[str]:
    return [one.kind for one in found]


def test_recommendations_begin_with_the_interests_in_turn_and_say_so() -> None:
    found = recommend(MAYA, [])
    assert kinds(found) == ["interest"] * 4 + ["neighbour"] * 2
    assert [one.reason for one in found[:2]] == ["because Maya likes stars", "because Maya likes cats"]
    assert "space" in found[0].tags and "cats" in found[1].tags
    assert {one.reason for one in found[4:]} == {
        f"something new, not far from {interest}, which Maya likes" for interest in MAYA.interests
    }
    assert len({one.theme for one in found}) == 6


def test_recommendations_for_the_same_child_are_the_same() -> None:
    assert recommend(MAYA, ["whales"]) == recommend(MAYA, ["whales"])


def test_recommendations_leave_out_what_was_read_lately_and_only_that() -> None:
    before = [one.theme for one in recommend(MAYA, [])]
    after = [one.theme for one in recommend(MAYA, [before[0].upper() + "!"])]
    assert before[0] not in after and before[1] in after
    long_ago = [*(f"theme {number}" for number in range(RECENT)), before[0]]
    assert before[0] in [one.theme for one in recommend(MAYA, long_ago)]


def test_recommendations_for_a_child_without_interests_go_by_what_it_read_then_by_age() -> None:
    found = recommend(StoryReader(name="Tom", age=9), ["the whales of the north"])
    assert kinds(found)[0] == "history" and found[0].reason == "because Tom read “the whales of the north”"
    assert "sea" in found[0].tags
    assert kinds(recommend(StoryReader(name="Tom", age=9), [])) == ["new"] * 6


def test_recommendations_for_an_interest_that_no_theme_knows_make_one_of_it() -> None:
    found = recommend(StoryReader(name="Tom", age=9, interests=["axolotls"]), [])
    assert (found[0].theme, found[0].kind) == ("a surprise that has to do with axolotls", "interest")


def test_recommendations_in_hebrew_are_hebrew_from_hebrew_interests() -> None:
    found = recommend(StoryReader(name="מאיה", age=7, language="he", interests=["הכוכבים", "חתולים"]), [])
    assert kinds(found)[:2] == ["interest", "interest"]
    assert found[0].reason == "בגלל תחום העניין של מאיה: הכוכבים" and "space" in found[0].tags
    assert not any("a" <= letter <= "z" for one in found for letter in one.theme + one.reason)


@pytest.mark.parametrize("age", range(3, 15))
def test_recommendations_fit_every_age_and_are_never_too_few(age: int) -> None:
    found = recommend(StoryReader(name="Tom", age=age, interests=["dogs"]), [], limit=8)
    assert len(found) == 8
    ages = {theme["en"]: theme["ages"] for theme in _themes()["themes"]}
    assert all(ages[one.theme][0] <= age <= ages[one.theme][1] for one in found)


@pytest.mark.parametrize(
    ("interest", "tags"),
    [
        ("Stars", ["space"]),
        ("puppies", ["animals"]),
        ("playing football", ["sport"]),
        ("cars", ["vehicles"]),
        ("scarves", []),
        ("הר געש", ["science"]),
        ("מזג אוויר", ["weather"]),
    ],
)
def test_interest_meets_the_tags_of_its_words(interest: str, tags: list[str]) -> None:
    assert tags_of(interest) == tags


def test_themes_of_the_file_are_fit_to_be_asked_for() -> None:
    known: dict[str, Any] = _themes()
    for theme in known["themes"]:
        assert set(theme["tags"]) <= set(known["tags"])
        for language in ("en", "he"):
            StoryFormat().parse({"theme": theme[language]})
            verdict = check_input(load_policy("child", theme["ages"][0]), {"theme": theme[language]})
            assert verdict["approved"] and not verdict["issues"], theme[language]
    for tag in known["tags"].values():
        assert set(tag["near"]) <= set(known["tags"])
