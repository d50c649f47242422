"""Metrics in Prometheus' form. Each application has a registry of its own.

No label has a run's id or anything that a caller may choose freely: names of models and categories are
taken up to a number, then they are `other` (of a model, with its provider: `openai:other`).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from backend.store.transitions import COMPLETED
from backend.telemetry.metrics import AttemptMetrics, AttemptOutcome, Metrics
from backend.version import VERSION
from workflows.messages.messages import (
    Message,
    MetricsCalculated,
    NodeChanged,
    ProgressReported,
    RunCompleted,
    RunFailed,
    SafetyChecked,
    TextAppended,
    TextRetracted,
    UsageUpdated,
)
from workflows.models.spec import ModelLabels

# A second series beside each, for which nobody asks.
disable_created_metrics()  # type: ignore[no-untyped-call]

_FIRST_TEXT = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120)
_LONG = (1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
_SHORT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SPEED = (1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 250, 500, 1000)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NAMES = 100
"""Values that a label may have whose values we don't choose."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and cost of one role and model since they were last counted."""

    model: str
    role: str
    input_tokens: int
    output_tokens: int
    cost_usd: float


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


class PrometheusMetrics(Metrics):
    """Metrics in a registry of its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
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

    def attempt(self, format: str, *, words: int, usage: UsageUpdated | None) -> AttemptMetrics:
        return _AttemptCounts(self, format, words, usage)

    def on_append(self, seconds: float, entries: int) -> None:
        self.append_seconds.observe(seconds)
        self.entries.inc(entries)

    def on_loop_lag(self, seconds: float) -> None:
        self.loop_lag.observe(seconds)

    def on_recovery(self, after: Literal["crash", "stop"]) -> None:
        self.recoveries.labels(after).inc()

    def on_queue(self, queued: int, oldest_seconds: float, workers: int, lease_age: float) -> None:
        self.queued.set(queued)
        self.oldest.set(oldest_seconds)
        self.workers.set(workers)
        self.lease_age.set(lease_age)

    def on_redelivery(self, runs: int) -> None:
        self.redelivered.inc(runs)

    def on_fenced_writer(self) -> None:
        self.fenced.inc()

    def track_news(self, age: Callable[[], float]) -> None:
        self.news_age.set_function(age)

    def on_refusal(self) -> None:
        self.no_room.inc()

    def on_slow_reader(self) -> None:
        self.slow_readers.inc()

    def on_response(self, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in _METHODS else "other"
        self.requests.labels(method, route, status).inc()
        self.request_seconds.labels(method, route).observe(seconds)

    def track(self, *, active: Callable[[], int], room: int, readers: Callable[[], int]) -> None:
        self.active.set_function(active)
        self.room.set(room)
        self.readers.set_function(readers)

    def render(self) -> bytes | None:
        return generate_latest(self.registry)


class _AttemptCounts(AttemptMetrics):
    """Counters of one attempt, fed with merged batches of messages."""

    def __init__(self, to: PrometheusMetrics, format: str, words: int, usage: UsageUpdated | None) -> None:
        self._to = to
        self._format = format
        self._began = to.clock()
        self._first_text: float | None = None
        self._last_text = self._began
        self._sections: dict[int, float] = {}
        self._awaited: set[int] = set()  # sections that began and have no text yet
        self._words_before = self._words = words
        self._usage = usage
        self._is_copy = False

    def on_cache_hit(self) -> None:
        self._is_copy = True

    def on_cache_miss(self) -> None:
        self._is_copy = False

    def on_messages(self, messages: Sequence[Message]) -> None:
        if self._is_copy:
            return  # its words, verdicts and delays were measured when they were new
        now = self._to.clock()
        for message in messages:
            if isinstance(message, TextAppended | TextRetracted):
                self._on_text(message, now)
            elif isinstance(message, NodeChanged):
                self._on_node(message, now)
            else:
                self._on_report(message)

    def _on_text(self, message: TextAppended | TextRetracted, now: float) -> None:
        if message.piece is not None:
            return
        if isinstance(message, TextRetracted):
            self._to.retractions.labels(self._format, message.reason).inc()
            return
        if message.chunk:
            self._text(message.section, now)
        if message.is_complete:
            self._whole(message.section, now)

    def _on_node(self, message: NodeChanged, now: float) -> None:
        if message.status not in ("started", "resumed"):
            return
        if message.node == "workflow":
            kind = "first" if message.status == "started" else "resumed"
            self._to.attempts.labels(self._format, kind).inc()
        elif message.section is not None:
            self._sections[message.section] = now
            self._awaited.add(message.section)

    def _on_report(self, message: Message) -> None:
        match message:
            case ProgressReported():
                self._words = message.words
            case UsageUpdated():
                self._spend(message)
            case SafetyChecked():
                self._verdict(message)
            case MetricsCalculated():
                self._gate(message)
            case RunCompleted():
                self._words = sum(section.words for section in message.sections)
            case RunFailed():
                self._words = message.partial.words
                self._to.errors.labels(self._format, message.code).inc()
            case _:
                pass

    def on_log_failure(self) -> None:
        self._to.log_failures.inc()

    def on_end(self, outcome: AttemptOutcome) -> None:
        to, written = self._to, self._words - self._words_before
        to.runs.labels(self._format, outcome).inc()
        if self._is_copy:
            if outcome == COMPLETED:
                to.cached.labels(self._format).inc()
            return
        to.run_seconds.labels(self._format, outcome).observe(to.clock() - self._began)
        if written <= 0:
            return
        to.words.labels(self._format).inc(written)
        if self._first_text is not None and self._last_text > self._first_text:
            to.speed.labels(self._format).observe(written / (self._last_text - self._first_text))

    def _text(self, section: int, now: float) -> None:
        self._last_text = now
        if self._first_text is None:
            self._first_text = now
            self._to.first_text.labels(self._format).observe(now - self._began)
        if section in self._awaited:
            self._awaited.remove(section)
            self._to.section_first_text.labels(self._format).observe(now - self._sections[section])

    def _whole(self, section: int, now: float) -> None:
        self._awaited.discard(section)
        if (began := self._sections.pop(section, None)) is not None:
            self._to.section_seconds.labels(self._format).observe(now - began)

    def _verdict(self, message: SafetyChecked) -> None:
        self._to.verdicts.labels(self._format, message.stage, "yes" if message.approved else "no").inc()
        for issue in message.issues:
            category = self._to.categories.known(issue["category"])
            self._to.findings.labels(self._format, message.stage, category, issue["severity"]).inc()

    def _gate(self, message: MetricsCalculated) -> None:
        report: dict[str, Any] | None = (message.model_extra or {}).get("gate")
        if report and report.get("mode", "open") != "open":
            self._to.gate_mean.labels(report["mode"]).observe(report["held_ms_mean"] / 1000)
            self._to.gate_max.labels(report["mode"]).observe(report["held_ms_max"] / 1000)

    def _spend(self, usage: UsageUpdated) -> None:
        for spent in _spent(self._usage, usage):
            model = self._to.models.label(spent.model)
            self._to.tokens.labels(model, spent.role, "input").inc(max(0, spent.input_tokens))
            self._to.tokens.labels(model, spent.role, "output").inc(max(0, spent.output_tokens))
            self._to.cost.labels(model, spent.role).inc(max(0.0, spent.cost_usd))
        self._usage = usage


def _spent(before: UsageUpdated | None, now: UsageUpdated) -> Iterator[Spent]:
    """The increase of a run's totals: a call, or without one (in an old log) all that isn't counted yet."""
    if (call := now.call) is not None:
        yield Spent(call.model, call.role, call.input_tokens, call.output_tokens, call.cost_usd or 0.0)
        return
    yield Spent(
        model=now.model,
        role="all",
        input_tokens=now.input_tokens - (before.input_tokens if before else 0),
        output_tokens=now.output_tokens - (before.output_tokens if before else 0),
        cost_usd=(now.cost_usd or 0.0) - ((before.cost_usd if before else None) or 0.0),
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
