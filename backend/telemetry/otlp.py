"""Traces for OpenTelemetry, sent over OTLP/HTTP. Needs the extra `otel`.

A run is one trace, whose id is the run's: an attempt in another process is another root in the same trace,
linked to the one before. Spans say what, how long and how many tokens, and hold no text.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import ChatGeneration, LLMResult
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from ulid import ULID

from backend.store.schema.transitions import FAILED
from backend.telemetry.metrics import AttemptOutcome
from backend.telemetry.observers import AttemptInfo
from backend.version import VERSION
from workflows.state import SECTION_NODES

_PATH = "/v1/traces"
_SEND_SECONDS = 5
_QUEUE = 2048


class Otlp:
    """Connection to the OTLP collector, in batches from a thread. Slow or dead: spans are dropped, runs
    unaffected."""

    def __init__(self, url: str) -> None:
        address = url if url.endswith(_PATH) else url.rstrip("/") + _PATH
        self._ids = _Ids()
        names = Resource({"service.name": "storywire", "service.version": VERSION})
        self._provider = TracerProvider(
            resource=names.merge(OTELResourceDetector().detect()),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                OTLPSpanExporter(endpoint=address, timeout=_SEND_SECONDS),
                max_queue_size=_QUEUE,
                schedule_delay_millis=1000,
            )
        )
        self._tracer = self._provider.get_tracer("storywire", VERSION)

    def trace(self, info: AttemptInfo) -> "_OtlpTrace":
        """A root span for the attempt."""
        trace_id = int(ULID.from_str(info.run_id))
        links = []
        if info.attempt > 1:
            before = SpanContext(
                trace_id,
                _root_id(info.run_id, info.attempt - 1),
                is_remote=True,
                trace_flags=TraceFlags(TraceFlags.SAMPLED),
            )
            links = [Link(before)]
        with self._ids.given(trace_id, _root_id(info.run_id, info.attempt)):
            root = self._tracer.start_span(f"run {info.format}", context=Context(), links=links)
        root.set_attributes(
            {
                "storywire.run_id": info.run_id,
                "storywire.format": info.format,
                "storywire.attempt": info.attempt,
            }
        )
        return _OtlpTrace(self._tracer, root)

    def close(self, seconds: float) -> None:
        """Sends the remaining spans, for that time at most."""
        # A thread of its own, which nobody joins: a collector that hangs would hold up the end of the process.
        thread = threading.Thread(target=self._provider.shutdown, name="storywire-otlp", daemon=True)
        thread.start()
        thread.join(seconds)


class _OtlpTrace(BaseCallbackHandler):
    """Spans of one attempt's nodes and model calls, from LangChain's callbacks."""

    run_inline = True

    def __init__(self, tracer: Tracer, root: Span) -> None:
        self._tracer = tracer
        self._root = root
        self._open: dict[UUID, Span] = {}
        self._within: dict[UUID, Span] = {}  # the nearest span of every step, also of those that have none

    @property
    def callback(self) -> BaseCallbackHandler:
        """The LangChain callback."""
        return self

    def on_end(self, outcome: AttemptOutcome, words: int) -> None:
        """Ends the root span, and any that a stop left open."""
        for span in self._open.values():
            span.end()
        self._root.set_attributes({"storywire.outcome": outcome, "storywire.words": words})
        if outcome == FAILED:
            self._root.set_status(StatusCode.ERROR)
        self._root.end()

    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Start of a node, or of a step within one, which gets no span."""
        del serialized, tags
        parent = self._parent(parent_run_id)
        node = (metadata or {}).get("langgraph_node")
        if node is None or kwargs.get("name") != node:
            self._within[run_id] = parent
            return
        attributes: dict[str, str | int] = {"storywire.node": node}
        if node in SECTION_NODES and isinstance(inputs, dict) and isinstance(inputs.get("index"), int):
            attributes["storywire.section"] = inputs["index"]
        self._begin(run_id, node, parent, SpanKind.INTERNAL, attributes)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End of a step."""
        del outputs, kwargs
        self._end(run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Failure of a step."""
        del kwargs
        self._end(run_id, error)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[Any]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Start of a model call."""
        del serialized, messages, tags, kwargs
        about = metadata or {}
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": str(about.get("ls_provider", "")),
            "gen_ai.request.model": str(about.get("ls_model_name", "")),
        }
        name = f"chat {attributes['gen_ai.request.model']}".rstrip()
        self._begin(run_id, name, self._parent(parent_run_id), SpanKind.CLIENT, attributes)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """End of a model's reply."""
        del kwargs
        if (span := self._open.get(run_id)) is not None:
            span.set_attributes(_tokens(response))
        self._end(run_id)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Failure of a model call, perhaps in the middle of its reply."""
        del kwargs
        self._end(run_id, error)

    def _parent(self, run_id: UUID | None) -> Span:
        return self._within.get(run_id, self._root) if run_id else self._root

    def _begin(
        self, run_id: UUID, name: str, parent: Span, kind: SpanKind, attributes: dict[str, Any]
    ) -> None:
        context = set_span_in_context(parent, Context())
        span = self._tracer.start_span(name, context=context, kind=kind, attributes=attributes)
        self._open[run_id] = self._within[run_id] = span

    def _end(self, run_id: UUID, error: BaseException | None = None) -> None:
        self._within.pop(run_id, None)
        if (span := self._open.pop(run_id, None)) is None:
            return
        if error is not None:
            # The kind alone: messages may quote what was sent.
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(StatusCode.ERROR)
        span.end()


class _Ids(RandomIdGenerator):
    """Id generator: random, but for the root of an attempt, whose ids any process derives from the run's."""

    def __init__(self) -> None:
        self._given: tuple[int, int] | None = None

    @contextmanager
    def given(self, trace_id: int, span_id: int) -> Iterator[None]:
        """Sets the ids of the next span that is started here."""
        self._given = trace_id, span_id
        yield
        self._given = None

    def generate_trace_id(self) -> int:
        return super().generate_trace_id() if self._given is None else self._given[0]

    def generate_span_id(self) -> int:
        return super().generate_span_id() if self._given is None else self._given[1]


def _root_id(run_id: str, attempt: int) -> int:
    digest = hashlib.sha256(f"{run_id}:{attempt}".encode()).digest()
    return int.from_bytes(digest[:8], "big") or 1


def _tokens(response: LLMResult) -> dict[str, int]:
    for generation in (item for batch in response.generations for item in batch):
        usage = (
            getattr(generation.message, "usage_metadata", None)
            if isinstance(generation, ChatGeneration)
            else None
        )
        if usage:
            return {
                "gen_ai.usage.input_tokens": usage["input_tokens"],
                "gen_ai.usage.output_tokens": usage["output_tokens"],
            }
    return {}
