"""Collectors of Prometheus' client: what is counted and measured, by name. Each application has a registry of its own.

No label has a run's id or anything that a caller may choose freely: names of models and categories are
taken up to a number, then they are `other` (of a model, with its provider: `openai:other`).
"""

from collections.abc import Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from backend.version import VERSION
from workflows.models.spec import ModelLabels

# A second series beside each, for which nobody asks.
disable_created_metrics()  # type: ignore[no-untyped-call]

_FIRST_TEXT = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120)
_LONG = (1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
_SHORT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SPEED = (1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 250, 500, 1000)
_NAMES = 100
"""Values that a label may have whose values we don't choose."""


class _Factory:
    """Factory of the service's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)

    def counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"storywire_{name}", about, labels, registry=self.registry)

    def gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"storywire_{name}", about, labels, registry=self.registry)

    def histogram(self, name: str, about: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(f"storywire_{name}", about, labels, buckets=buckets, registry=self.registry)


class Collectors:
    """Collectors of the service, in a registry of their own."""

    def __init__(self) -> None:
        make = _Factory()
        self.registry = make.registry
        self.models, self.categories = ModelLabels(_NAMES), _Names()
        make.gauge("info", "The version that runs", "version").labels(VERSION).set(1)
        self._add_process(make)
        self._add_attempts(make)
        self._add_texts(make)
        self._add_safety(make)
        self._add_log_and_requests(make)

    def _add_process(self, make: _Factory) -> None:
        self.active = make.gauge("runs_active", "Runs that execute in this process")
        self.room = make.gauge("runs_room", "Runs that may execute in this process at once")
        self.no_room = make.counter("runs_refused", "Starts and resumes refused because there was no room")
        self.readers = make.gauge("readers", "Readers that are connected to this process")
        self.queued = make.gauge("queue_length", "Runs that wait for a worker")
        self.oldest = make.gauge("queue_oldest_seconds", "How long the first of the waiting runs has waited")
        self.workers = make.gauge("workers_alive", "Worker processes that were heard of within the lease")
        self.lease_age = make.gauge("lease_age_seconds", "Since the heartbeat of the most silent of them")
        self.news_age = make.gauge("log_news_age_seconds", "Since news of other processes' runs were heard")
        self.redelivered = make.counter(
            "redelivered_runs", "Runs queued again, since their worker was silent"
        )
        self.fenced = make.counter(
            "fenced_writers", "Writers refused, since their run was taken over meanwhile"
        )

    def _add_attempts(self, make: _Factory) -> None:
        self.attempts = make.counter(
            "attempts", "Attempts begun, first ones and resumed ones", "format", "kind"
        )
        self.runs = make.counter("runs", "Attempts ended, by how", "format", "outcome")
        self.cached = make.counter(
            "cached_runs", "Runs that were given the kept result of another run", "format"
        )
        self.errors = make.counter(
            "run_errors", "Runs that ended with an error, by its code", "format", "code"
        )
        self.recoveries = make.counter(
            "recovered_runs", "Runs taken over from a process that is gone", "after"
        )
        self.run_seconds = make.histogram(
            "run_seconds", "How long an attempt took", _LONG, "format", "outcome"
        )
        self.first_text = make.histogram(
            "run_first_text_seconds",
            "From the beginning of an attempt until readers may have its first text",
            _FIRST_TEXT,
            "format",
        )
        self.tokens = make.counter("tokens", "Tokens that models reported", "model", "role", "direction")
        self.cost = make.counter("cost_usd", "What models cost, in US dollars", "model", "role")

    def _add_texts(self, make: _Factory) -> None:
        self.section_first_text = make.histogram(
            "section_first_text_seconds",
            "From the beginning of a section until readers may have its first text",
            _FIRST_TEXT,
            "format",
        )
        self.section_seconds = make.histogram("section_seconds", "How long a section took", _LONG, "format")
        self.words = make.counter("words", "Words that attempts added to their texts", "format")
        self.speed = make.histogram(
            "words_per_second", "Words a second, from an attempt's first text to its last", _SPEED, "format"
        )
        self.retractions = make.counter(
            "retractions", "Sections whose text was taken back", "format", "reason"
        )

    def _add_safety(self, make: _Factory) -> None:
        self.gate_mean = make.histogram(
            "gate_delay_mean_seconds", "How long the safety gate held a run's text on average", _SHORT, "gate"
        )
        self.gate_max = make.histogram(
            "gate_delay_max_seconds", "How long the safety gate held a run's text at most", _SHORT, "gate"
        )
        self.verdicts = make.counter(
            "safety_verdicts", "Verdicts of the safety checks", "format", "stage", "approved"
        )
        self.findings = make.counter(
            "safety_findings", "What the safety checks found", "format", "stage", "category", "severity"
        )

    def _add_log_and_requests(self, make: _Factory) -> None:
        self.append_seconds = make.histogram(
            "log_append_seconds", "How long a batch of messages waited until it was safe in the log", _SHORT
        )
        self.loop_lag = make.histogram(
            "event_loop_lag_seconds",
            "How late the event loop was for a timer, which every token is too",
            _SHORT,
        )
        self.entries = make.counter("log_entries", "Messages appended to logs")
        self.log_failures = make.counter("log_failures", "Tries to append to a log that failed")
        self.slow_readers = make.counter("slow_readers_closed", "Readers closed because they took nothing")
        self.requests = make.counter("http_requests", "HTTP requests answered", "method", "route", "status")
        self.request_seconds = make.histogram(
            "http_response_start_seconds",
            "From a request to the head of its reply",
            _SHORT,
            "method",
            "route",
        )


class _Names:
    """Label values from outside: the first `_NAMES` of them are kept, the rest is `other`."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def known(self, name: str) -> str:
        if name not in self._seen:
            if len(self._seen) >= _NAMES:
                return "other"
            self._seen.add(name)
        return name
