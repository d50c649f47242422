"""One attempt at a run, as everybody sees it who looks on: whatever measures and traces it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from langchain_core.callbacks import BaseCallbackHandler

from backend.telemetry.metrics import Measures, Outcome, Watch
from workflows.messages.messages import Message
from workflows.messages.transcript import Transcript

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class About:
    """Which attempt at which run; `personal` are the texts in its input that are about a person, if known."""

    run_id: str
    format: str
    attempt: int
    personal: Sequence[str] | None = field(repr=False)


class Trace(Protocol):
    """One attempt in a system of traces."""

    @property
    def callback(self) -> BaseCallbackHandler:
        """What LangChain tells of each step."""

    def ended(self, outcome: Outcome, words: int) -> None:
        """Nothing more comes. `words` is the length of the run's text so far."""


class Tracing(Protocol):
    """A system of traces. None of its calls waits for anything but `close`."""

    def trace(self, about: About) -> Trace:
        """An attempt begins."""

    def close(self, seconds: float) -> None:
        """Sends what is left, for so long at most. Blocks: call it in a thread."""


@contextmanager
def _harmless() -> Iterator[None]:
    """Whoever only looks on breaks no run."""
    try:
        yield
    except Exception:
        log.exception("not_measured")


class Attempt(Watch):
    """Measured and traced."""

    def __init__(self, watch: Watch, traces: Sequence[Trace], transcript: Transcript) -> None:
        self._watch = watch
        self._traces = traces
        self._transcript = transcript
        self.callbacks = [trace.callback for trace in traces]

    def told(self, messages: Sequence[Message]) -> None:
        with _harmless():
            self._watch.told(messages)

    def log_failed(self) -> None:
        self._watch.log_failed()

    def retold(self) -> None:
        with _harmless():
            self._watch.retold()

    def ended(self, outcome: Outcome) -> None:
        with _harmless():
            self._watch.ended(outcome)
        words = self._transcript.words if self._traces else 0
        for trace in self._traces:
            with _harmless():
                trace.ended(outcome, words)


class Sight:
    """Everything that looks on at the runs of a process."""

    def __init__(self, measures: Measures, tracings: Sequence[Tracing] = ()) -> None:
        self._measures = measures
        self._tracings = tracings

    def begin(
        self, run_id: str, format: str, transcript: Transcript, personal: Callable[[], Sequence[str] | None]
    ) -> Attempt:
        """An attempt begins; `transcript` is what the run has told so far. `personal` is asked for if needed."""
        watch = self._measures.watch(format, words=transcript.words, usage=transcript.usage)
        traces: list[Trace] = []
        if self._tracings:
            about = About(run_id, format, transcript.attempts + 1, personal())
            for tracing in self._tracings:
                with _harmless():
                    traces.append(tracing.trace(about))
        return Attempt(watch, traces, transcript)
