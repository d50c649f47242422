"""Days and months in which use is counted, in UTC."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_


def day_of(now: datetime | None) -> datetime:
    """The beginning of the day, in UTC."""
    return (now or datetime.now(UTC)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def month_of(now: datetime | None) -> datetime:
    """The beginning of the month, in UTC."""
    return day_of(now).replace(day=1)


def next_month(now: datetime | None) -> datetime:
    """The beginning of the month after, in UTC."""
    return (month_of(now) + timedelta(days=32)).replace(day=1)


def is_within(column: ColumnElement[datetime], since: datetime, until: datetime) -> ColumnElement[bool]:
    """Condition on a moment: from one until before another. Without an end, what a clock that ran ahead has dated would
    count for ever, and not only when its time comes."""
    return and_(column >= since, column < until)


def is_day_within(column: ColumnElement[str], since: datetime, until: datetime) -> ColumnElement[bool]:
    """As `is_within`, of a day (YYYY-MM-DD)."""
    return and_(column >= since.date().isoformat(), column < until.date().isoformat())
