"""The pauses between attempts, and which failures are worth another."""

import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from storywire_client.errors import Refused, StorywireError, Unreachable

LONGEST_WAIT = 600.0
"""Seconds of `Retry-After` beyond which a refusal is final."""
FINAL = frozenset({"MODEL_NOT_CONFIGURED", "QUOTA_EXCEEDED"})
"""Codes that stay what they are for longer than anybody waits."""


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Pauses between attempts, in seconds.

    `attempts` in a row without a message are made, without end if None. `first` and `most` bound the pause, which
    doubles; what the service asks for (`Retry-After`, `retry:`) counts more. A connection without a byte for `idle`
    seconds is broken.
    """

    attempts: int | None = None
    first: float = 0.5
    most: float = 30.0
    idle: float = 45.0

    def exhausted(self, attempt: int) -> bool:
        """Whether an attempt, counted from 1, was the last."""
        return self.attempts is not None and attempt >= self.attempts

    def delay(self, attempt: int, asked: float | None = None, retry: float | None = None) -> float:
        """Seconds before the attempt after this one, with jitter."""
        if asked is not None:
            return asked * (1 + random.random() / 10)
        first = self.first if retry is None else retry
        grown = min(max(self.most, first), first * 2.0 ** min(attempt - 1, 30))
        return grown * (0.5 + random.random() / 2)


class Retryable(Exception):
    """A failure that another attempt may mend; `error` is what it becomes without one."""

    def __init__(self, error: StorywireError, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


def failure(response: httpx2.Response) -> Refused | Retryable:
    """The failure of a response that has been read, with a status of 300 or more."""
    problem = _problem(response)
    status = response.status_code
    code = str(problem.get("code") or f"HTTP_{status}")
    text = str(problem.get("detail") or problem.get("title") or f"the answer is {status}")
    after = _seconds(response.headers.get("Retry-After"))
    passing = status in (408, 429) or status >= 500
    run_id = problem.get("run_id")
    run_id = run_id if isinstance(run_id, str) else None
    if not passing or code in FINAL or (after or 0) > LONGEST_WAIT:
        return Refused(code, text, status=status, run_id=run_id)
    return Retryable(Unreachable(code, text, status=status, retryable=True, run_id=run_id), after)


def unreachable(error: Exception | None, run_id: str | None = None) -> Retryable:
    """The failure of a connection that couldn't be made or broke."""
    text = f"the service can't be reached: {error}" if error else "the stream broke off"
    return Retryable(Unreachable("UNREACHABLE", text, retryable=True, run_id=run_id))


def _problem(response: httpx2.Response) -> dict[str, Any]:
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _seconds(value: str | None) -> float | None:
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
