"""Interface of the service's metrics, called per batch of messages or per run, never per token.

These base classes count nothing and serve a process without `/metrics`; `prometheus.py` has those that count.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from backend.store.schema.transitions import Status
from workflows.messages.messages import Message, UsageUpdated

AttemptOutcome = Status | Literal["interrupted"]
"""Outcome of an attempt: the state that the run is left in, or `interrupted`, where another process resumes it."""


class AttemptMetrics:
    """Metrics of one attempt at a run."""

    def on_messages(self, messages: Sequence[Message]) -> None:
        """Batch of messages that is in the log now."""

    def on_log_failure(self) -> None:
        """Failed write to the log."""

    def on_cache_hit(self) -> None:
        """Start of a copy: what follows was written for another run."""

    def on_cache_miss(self) -> None:
        """End of a copy that came to nothing: what follows is the run's own."""

    def on_end(self, outcome: AttemptOutcome) -> None:
        """End of the attempt."""


class Metrics:
    """Metrics of one process."""

    def attempt(self, format: str, *, words: int, usage: UsageUpdated | None) -> AttemptMetrics:
        """Metrics of a new attempt; `words` and `usage` are those of earlier attempts."""
        del format, words, usage
        return AttemptMetrics()

    def on_append(self, seconds: float, entries: int) -> None:
        """Batch appended to a log, with the seconds that it waited for its commit."""

    def on_loop_lag(self, seconds: float) -> None:
        """Seconds by which a timer of the event loop was late."""

    def on_recovery(self, after: Literal["crash", "stop"]) -> None:
        """Run taken over from a process that is gone."""

    def on_queue(self, queued: int, oldest_seconds: float, workers: int, lease_age: float) -> None:
        """Runs that wait for a worker, seconds that the first of them has waited, workers that are alive, and seconds
        since the heartbeat of the most silent of these."""

    def on_redelivery(self, runs: int) -> None:
        """Runs put into the queue again, since their worker was silent for too long."""

    def on_fenced_writer(self) -> None:
        """Writer refused because its run was taken over meanwhile."""

    def track_news(self, age: Callable[[], float]) -> None:
        """Tracks the seconds since news of other processes' runs, or a tick, were heard."""

    def on_refusal(self) -> None:
        """Run refused for want of room, or because the process is stopping."""

    def on_slow_reader(self) -> None:
        """Reader closed because it took nothing for too long."""

    def on_response(self, method: str, route: str, status: int, seconds: float) -> None:
        """Head of a reply sent. `route` is the template (`/api/v1/runs/{run_id}`), not the address."""

    def track(self, *, active: Callable[[], int], room: int, readers: Callable[[], int]) -> None:
        """Gauges that are read when Prometheus scrapes: runs now and at most, readers."""

    def render(self) -> bytes | None:
        """All metrics so far in Prometheus' text format; None when nothing is measured."""
        return None
