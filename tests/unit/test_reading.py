"""How far a story is read, and how regularly."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.stories.progress import progress_percent, streak, total_minutes
from backend.timezones import local_date

TODAY = date(2026, 3, 1)


def days(*ago: int) -> set[date]:
    return {TODAY - timedelta(days=number) for number in ago}


@pytest.mark.parametrize(
    ("ago", "now", "longest"),
    [
        ((), 0, 0),
        ((0,), 1, 1),
        ((1,), 1, 1),
        ((2,), 0, 1),
        ((0, 1, 2), 3, 3),
        ((1, 2), 2, 2),
        ((0, 2, 3, 4), 1, 3),
    ],
)
def test_streak_counts_days_in_a_row_up_to_today_or_yesterday(
    ago: tuple[int, ...], now: int, longest: int
) -> None:
    found = streak(days(*ago), TODAY)
    assert (found.days, found.longest) == (now, longest)


@given(st.sets(st.integers(0, 20)))
def test_streak_never_exceeds_the_longest_nor_the_days(ago: set[int]) -> None:
    found = streak(days(*ago), TODAY)
    assert 0 <= found.days <= found.longest <= len(ago)


def test_day_is_the_readers_own() -> None:
    late = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    assert local_date(late, "Asia/Jerusalem") == date(2026, 3, 2)
    assert local_date(late, "America/New_York") == local_date(late, "UTC") == date(2026, 3, 1)


def test_stored_zone_that_this_machine_does_not_know_is_utc() -> None:
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert local_date(late, "Atlantis/Poseidonis") == local_date(late, None) == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("sections", "bookmark", "planned", "percent"),
    [
        ([], (1, 0), 5, 0),
        ([(1, 4)], (1, 0), 5, 0),
        ([(1, 4)], (1, 2), 5, 10),
        ([(1, 4)], (1, 4), 5, 20),
        ([(1, 4)], (1, 9), 5, 20),
        ([(1, 4), (2, 4)], (2, 0), 5, 20),
        ([(1, 4), (2, 4)], (2, 4), 1, 100),
        ([(1, 4), (2, 4), (3, 4)], (3, 2), 2, 83),
    ],
)
def test_progress_is_the_share_of_the_planned_story_that_is_read(
    sections: list[tuple[int, int]], bookmark: tuple[int, int], planned: int, percent: int
) -> None:
    assert progress_percent(sections, bookmark, planned) == percent


def test_minutes_are_those_of_all_days() -> None:
    assert total_minutes({TODAY: 2.5, TODAY - timedelta(days=1): 4.25}) == 6.8
    assert total_minutes({}) == 0
