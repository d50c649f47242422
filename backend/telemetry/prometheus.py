"""Metrics in Prometheus' form."""

import time
from collections.abc import Callable
from typing import Literal

from prometheus_client import generate_latest

from backend.telemetry.attempt_counts import AttemptCounts
from backend.telemetry.collectors import Collectors
from backend.telemetry.metrics import AttemptMetrics, Metrics
from workflows.messages.messages import UsageUpdated

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class PrometheusMetrics(Metrics):
    """Metrics in a registry of its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._to = Collectors()
        self.registry = self._to.registry

    def attempt(self, format: str, *, words: int, usage: UsageUpdated | None) -> AttemptMetrics:
        return AttemptCounts(self._to, self._clock, format, words=words, usage=usage)

    def on_append(self, seconds: float, entries: int) -> None:
        self._to.append_seconds.observe(seconds)
        self._to.entries.inc(entries)

    def on_loop_lag(self, seconds: float) -> None:
        self._to.loop_lag.observe(seconds)

    def on_recovery(self, after: Literal["crash", "stop"]) -> None:
        self._to.recoveries.labels(after).inc()

    def on_queue(self, queued: int, oldest_seconds: float, workers: int, lease_age: float) -> None:
        self._to.queued.set(queued)
        self._to.oldest.set(oldest_seconds)
        self._to.workers.set(workers)
        self._to.lease_age.set(lease_age)

    def on_redelivery(self, runs: int) -> None:
        self._to.redelivered.inc(runs)

    def on_fenced_writer(self) -> None:
        self._to.fenced.inc()

    def track_news(self, age: Callable[[], float]) -> None:
        self._to.news_age.set_function(age)

    def on_refusal(self) -> None:
        self._to.no_room.inc()

    def on_slow_reader(self) -> None:
        self._to.slow_readers.inc()

    def on_response(self, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in _METHODS else "other"
        self._to.requests.labels(method, route, status).inc()
        self._to.request_seconds.labels(method, route).observe(seconds)

    def track(self, *, active: Callable[[], int], room: int, readers: Callable[[], int]) -> None:
        self._to.active.set_function(active)
        self._to.room.set(room)
        self._to.readers.set_function(readers)

    def render(self) -> bytes | None:
        return generate_latest(self.registry)
