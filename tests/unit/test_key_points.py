"""Key points that conflict: one says what another denies, in whatever words it is denied."""

import pytest

from workflows.formats.creator_script.input import KeyPoint
from workflows.formats.creator_script.points import find_conflicts


def conflicts(*texts: str) -> list[str]:
    return [error.message for error in find_conflicts([KeyPoint(text=text) for text in texts])]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Water cacti daily", "Don't water cacti daily"),
        ("Water cacti daily", "Nobody should water cacti daily"),
        ("Water cacti daily", "It's a myth that you should water cacti daily"),
        ("Bees see red", "Bees cannot see red"),
        ("Water in winter", "Stop watering in winter"),
        ("דבורים רואות אדום", "דבורים אינן רואות אדום"),
        ("דבורים רואות אדום", "דבורים לא רואות אדום"),
    ],
)
def test_point_that_another_denies_is_its_contrary(first: str, second: str) -> None:
    for one, other in ((first, second), (second, first)):
        [said] = conflicts(one, other)
        assert said.startswith("says the contrary of input.key_points.0")


@pytest.mark.parametrize(
    ("first", "second"),
    [("Bees can't see red", "Bees cannot see red"), ("Never skip breakfast", "Don't skip breakfast")],
)
def test_point_that_denies_the_same_in_other_words_is_said_twice(first: str, second: str) -> None:
    [said] = conflicts(first, second)
    assert said.startswith("says the same as input.key_points.0")


def test_points_on_different_things_conflict_in_nothing() -> None:
    assert not conflicts("Water cacti daily", "Nobody should repot cacti", "Bees cannot see red")
