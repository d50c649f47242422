"""Time zones by their IANA names, and the date that it is there. Pure."""

from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones


def check_timezone(name: str) -> str:
    """The name itself. Raises ValueError for a time zone that there isn't."""
    if name not in _known():
        raise ValueError(
            f"there is no time zone {name[:64]!r}; give an IANA name such as Europe/Berlin, or UTC"
        )
    return name


def local_date(moment: datetime, timezone: str | None) -> date:
    """The date at a moment (in UTC, if it doesn't say) in a time zone; in UTC where none is known."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return aware.astimezone(
        ZoneInfo(timezone) if timezone is not None and timezone in _known() else UTC
    ).date()


@cache
def _known() -> frozenset[str]:
    # These are names of files, and of no place.
    return frozenset(available_timezones()) - {"Factory", "localtime", "posixrules"}
