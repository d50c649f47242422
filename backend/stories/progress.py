"""How far a story is read, and how regularly. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Streak:
    """Days in a row on which something was read: up to now, and at best."""

    days: int
    longest: int


def streak(days: Collection[date], today: date) -> Streak:
    """A day that isn't over breaks no streak: what counts up to yesterday counts today."""
    lengths: dict[date, int] = {}
    for day in sorted(days):
        lengths[day] = lengths.get(day - _DAY, 0) + 1
    now = lengths.get(today) or lengths.get(today - _DAY) or 0
    return Streak(days=now, longest=max(lengths.values(), default=0))


def total_minutes(days: Mapping[date, float]) -> float:
    """Minutes of all days."""
    return round(sum(days.values()), 1)


def local_day(moment: datetime, timezone: str) -> date:
    """The reader's date at that moment."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def is_timezone(name: str) -> bool:
    """Whether there is such a time zone, such as `Europe/Berlin`."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # a folder of them, or a path that leads elsewhere
        return False
    return True


def progress_percent(
    sections: Sequence[tuple[int, int]], bookmark: tuple[int, int], planned_chapters: int
) -> int:
    """How much of the planned story is read, 0 to 100; each chapter counts the same.

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
