"""Counters of one attempt at a run, for Prometheus."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backend.store.schema.transitions import COMPLETED
from backend.telemetry.collectors import Collectors
from backend.telemetry.metrics import AttemptMetrics, AttemptOutcome
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


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and cost of one role and model since they were last counted."""

    model: str
    role: str
    input_tokens: int
    output_tokens: int
    cost_usd: float


class AttemptCounts(AttemptMetrics):
    """Counters of one attempt, fed with merged batches of messages."""

    def __init__(
        self,
        to: Collectors,
        clock: Callable[[], float],
        format: str,
        *,
        words: int,
        usage: UsageUpdated | None,
    ) -> None:
        """`words` and `usage` are those of the run so far."""
        self._to = to
        self._clock = clock
        self._format = format
        self._began = self._clock()
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
        now = self._clock()
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
        to.run_seconds.labels(self._format, outcome).observe(self._clock() - self._began)
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
