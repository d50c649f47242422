"""The requests of `runs`, and the pauses between their attempts. No network."""

from collections.abc import Mapping
from typing import Any

from storywire_client.reconnect import Reconnect, Retryable
from storywire_client.session import Call, run_path

MOST_ATTEMPTS = 4
"""Attempts of one request that isn't a stream."""
_REFUSED_UNSEEN = (429, 503)
"""Statuses that say that nothing was done."""


class Attempts:
    """The attempts of one request."""

    def __init__(self, call: Call, reconnect: Reconnect) -> None:
        self._call = call
        self._reconnect = reconnect
        self._attempt = 0

    def pause(self, failed: Retryable) -> float:
        """Seconds before the next attempt. Raises what the failure becomes when there is none."""
        self._attempt += 1
        safe = self._call.repeatable or failed.error.status in _REFUSED_UNSEEN
        if not safe or self._attempt >= MOST_ATTEMPTS or self._reconnect.exhausted(self._attempt):
            raise failed.error
        return self._reconnect.delay(self._attempt, failed.after)


def get(run_id: str) -> Call:
    """One run with its text so far."""
    return Call("GET", run_path(run_id))


def page(status: str | None, format: str | None, cursor: str | None) -> Call:
    """A page of runs, newest first."""
    query = {"status": status, "format": format, "cursor": cursor}
    return Call(
        "GET", "/api/v1/runs", params={name: value for name, value in query.items() if value is not None}
    )


def quote(run_id: str) -> Call:
    """What is left to write, and about what it costs."""
    return Call("GET", run_path(run_id, "/resume-quote"))


def cancel(run_id: str) -> Call:
    """Stops a run."""
    return Call("POST", run_path(run_id, "/cancel"))


def resume(run_id: str, budget_usd: float | None, max_output_tokens: int | None) -> Call:
    """Goes on with a failed or cancelled run."""
    caps = {"budget_usd": budget_usd, "max_output_tokens": max_output_tokens}
    body = {name: cap for name, cap in caps.items() if cap is not None}
    return Call("POST", run_path(run_id, "/resume"), body, repeatable=False)


def answer(run_id: str, outline: Mapping[str, Any]) -> Call:
    """Answers `input_required`."""
    return Call("POST", run_path(run_id, "/input"), {"outline": outline}, repeatable=False)


def delete(run_id: str) -> Call:
    """Deletes a run."""
    return Call("DELETE", run_path(run_id))


def export(run_id: str, kind: str) -> Call:
    """The finished text as a file."""
    return Call("GET", run_path(run_id, "/export"), params={"as": kind}, headers={"Accept": "*/*"})
