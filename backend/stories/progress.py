"""Reading progress and reading streaks of a story. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Streak:
    """Days in a row on which something was read: the current streak and the longest."""

    days: int
    longest: int


def streak(days: Collection[date], today: date) -> Streak:
    """The streaks. A day that isn't over breaks none: what counts up to yesterday counts today."""
    lengths: dict[date, int] = {}
    for day in sorted(days):
        lengths[day] = lengths.get(day - _DAY, 0) + 1
    now = lengths.get(today) or lengths.get(today - _DAY) or 0
    return Streak(days=now, longest=max(lengths.values(), default=0))


def total_minutes(days: Mapping[date, float]) -> float:
    """Minutes read in all."""
    return round(sum(days.values()), 1)


def progress_percent(
    sections: Sequence[tuple[int, int]], bookmark: tuple[int, int], planned_chapters: int
) -> int:
    """Share of the planned story that is read, 0 to 100; all chapters count the same.

    `sections` are (chapter number, how many sections it has) of what is written, `bookmark` is (chapter
    number, sections read of it). A story that outgrows its plan is as long as it is.
    """
    chapter, read = bookmark
    done = 0.0
    for number, count in sections:
        if number < chapter:
            done += 1
        elif number == chapter and count:
            done += min(1.0, read / count)
    return int(100 * done / max(planned_chapters, len(sections), 1))
