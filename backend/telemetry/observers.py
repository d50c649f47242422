"""Observers of an attempt at a run: metrics and traces."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from langchain_core.callbacks import BaseCallbackHandler

from backend.telemetry.metrics import AttemptMetrics, AttemptOutcome, Metrics
from workflows.messages.messages import Message
from workflows.messages.transcript import Transcript

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AttemptInfo:
    """Identity of an attempt; `personal` are the personal texts in the run's input, if known."""

    run_id: str
    format: str
    attempt: int
    personal: Sequence[str] | None = field(repr=False)


class Trace(Protocol):
    """Trace of one attempt."""

    @property
    def callback(self) -> BaseCallbackHandler:
        """LangChain callback that receives each step."""

    def on_end(self, outcome: AttemptOutcome, words: int) -> None:
        """End of the attempt. `words` is the length of the run's text so far."""


class TraceExporter(Protocol):
    """Connection to a tracing system. None of its calls waits for anything but `close`."""

    def trace(self, info: AttemptInfo) -> Trace:
        """Trace of a new attempt."""

    def close(self, seconds: float) -> None:
        """Sends the remaining traces, for that time at most. Blocks: call it in a thread."""


@contextmanager
def _suppressed() -> Iterator[None]:
    """Logs a failure and suppresses it: an observer breaks no run."""
    try:
        yield
    except Exception:
        log.exception("not_measured")


class AttemptObserver(AttemptMetrics):
    """Metrics and traces of one attempt. `callbacks` are for the graph."""

    def __init__(self, metrics: AttemptMetrics, traces: Sequence[Trace], transcript: Transcript) -> None:
        self._metrics = metrics
        self._traces = traces
        self._transcript = transcript
        self.callbacks = [trace.callback for trace in traces]

    def on_messages(self, messages: Sequence[Message]) -> None:
        with _suppressed():
            self._metrics.on_messages(messages)

    def on_log_failure(self) -> None:
        self._metrics.on_log_failure()

    def on_cache_hit(self) -> None:
        with _suppressed():
            self._metrics.on_cache_hit()

    def on_cache_miss(self) -> None:
        with _suppressed():
            self._metrics.on_cache_miss()

    def on_end(self, outcome: AttemptOutcome) -> None:
        with _suppressed():
            self._metrics.on_end(outcome)
        words = self._transcript.words if self._traces else 0
        for trace in self._traces:
            with _suppressed():
                trace.on_end(outcome, words)


class Observers:
    """Observers of all runs of a process. `personal` finds the personal texts in a run's input."""

    def __init__(self, metrics: Metrics, exporters: Sequence[TraceExporter] = ()) -> None:
        self._metrics = metrics
        self._exporters = exporters

    def on_fenced_writer(self) -> None:
        """Attempt that ended because its run was taken over."""
        self._metrics.on_fenced_writer()

    def observe(
        self, run_id: str, format: str, transcript: Transcript, personal: Callable[[], Sequence[str] | None]
    ) -> AttemptObserver:
        """Observer of a new attempt; `transcript` is what the log has so far, `personal` is called if needed."""
        metrics = self._metrics.attempt(format, words=transcript.words, usage=transcript.usage)
        traces: list[Trace] = []
        if self._exporters:
            info = AttemptInfo(run_id, format, transcript.attempts + 1, personal())
            for exporter in self._exporters:
                with _suppressed():
                    traces.append(exporter.trace(info))
        return AttemptObserver(metrics, traces, transcript)
