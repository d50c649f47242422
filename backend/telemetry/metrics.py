"""What is measured, as the rest of the service sees it: a few plain calls, a batch or a run each, never a token.

These classes measure nothing; that is what runs without `/metrics` are given. `prometheus.py` has those
that count.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from workflows.messages.messages import Message, UsageUpdated

Outcome = Literal["completed", "failed", "cancelled", "waiting", "interrupted"]
"""How an attempt at a run ended. `waiting`: for a person; `interrupted`: another process goes on with it."""


class Watch:
    """One attempt at a run."""

    def told(self, messages: Sequence[Message]) -> None:
        """These are in the log now; readers may have them."""

    def log_failed(self) -> None:
        """The log could not be written."""

    def retold(self) -> None:
        """From here on it tells the kept result of another run."""

    def ended(self, outcome: Outcome) -> None:
        """Nothing more comes."""


class Measures:
    """One process."""

    def watch(self, format: str, *, words: int, usage: UsageUpdated | None) -> Watch:
        """An attempt begins; `words` and `usage` are what earlier attempts wrote and spent."""
        del format, words, usage
        return Watch()

    def appended(self, seconds: float, entries: int) -> None:
        """A batch was appended to a log; it waited this long for its commit."""

    def recovered(self, after: Literal["crash", "stop"]) -> None:
        """A run goes on that a process left behind."""

    def refused(self) -> None:
        """A run couldn't begin or go on, because there was no room for it here or the process is stopping."""

    def slow_reader_closed(self) -> None:
        """A reader took nothing for too long."""

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """The head of a reply was sent. `route` is the template (`/api/v1/runs/{run_id}`), not the address."""

    def follow(self, *, active: Callable[[], int], room: int, readers: Callable[[], int]) -> None:
        """What is asked for when somebody looks: runs now and at most, readers."""

    def render(self) -> bytes | None:
        """Everything so far in Prometheus' text format; None when nothing is measured."""
        return None
