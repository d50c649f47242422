"""Retry delay requested by a provider, in HTTP's form or in Gemini's."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil, isfinite

# Gemini's RetryInfo, in the body of the error, which its SDK keeps as a dict or as text.
_RETRY_DELAY = re.compile(r"""['"]retryDelay['"]: ['"](\d{1,9}(?:\.\d{1,9})?)s['"]""")
_LONGEST = 7 * 24 * 3600
_LONGEST_ERROR = 100_000


def read_retry_after(error: BaseException) -> int | None:
    """The retry delay in an SDK's error, in whole seconds, at least 1; None where it has none."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    seconds = _parse(str(headers.get("retry-after", "")))
    if seconds is None and (delay := _RETRY_DELAY.search(str(error)[:_LONGEST_ERROR])):
        seconds = float(delay[1])
    return None if seconds is None else min(max(1, ceil(seconds)), _LONGEST)


def _parse(header: str) -> float | None:
    """Seconds from a number or a date."""
    try:
        seconds = float(header)
        return seconds if isfinite(seconds) else None
    except ValueError:
        pass
    try:
        return (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
