"""Traces for LangSmith: one per run and attempt, masked, sent from a background thread.

LangSmith's own background threads hold up the end of a process until everything was sent or has timed out. This
queue is short, drops what doesn't fit, and is left behind when the process ends.
"""

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import langsmith
import structlog
from langchain_core.tracers.langchain import LangChainTracer
from urllib3.util import Retry

from backend.telemetry.masking import Mask, MaskMode, make_mask
from backend.telemetry.metrics import AttemptOutcome
from backend.telemetry.observers import AttemptInfo
from workflows.state import SECTION_NODES

log = structlog.get_logger()

_QUEUE = 1000
"""Steps that wait at most: minutes of many runs. More are dropped, which is logged."""
_BATCH = 100
_GATHER_SECONDS = 0.5
_WARN_EVERY_SECONDS = 60.0

_Work = Callable[[], tuple[str, dict[str, Any]]]
"""Gives `create` or `update`, and the step. Called by the sending thread: masking costs the loop nothing."""


@dataclass(frozen=True, slots=True)
class LangSmithAccess:
    """Address, key and project of traces, and how they are masked."""

    url: str
    key: str | None
    project: str
    mask: MaskMode


class LangSmith:
    """Connection to LangSmith. Slow, dead or refusing: runs are unaffected."""

    def __init__(self, access: LangSmithAccess) -> None:
        # The library's own switch is off: it would trace every call beside a run, and unmasked.
        langsmith.configure(enabled=False)
        self._access = access
        self._client = langsmith.Client(
            api_url=access.url,
            api_key=access.key,
            auto_batch_tracing=False,
            retry_config=Retry(total=0),
            tracing_mode="langsmith",
            tracing_error_callback=self._failed,
        )
        self._queue: queue.Queue[_Work | None] = queue.Queue(_QUEUE)
        self._closing = False
        self._warned_at = -_WARN_EVERY_SECONDS
        self._thread = threading.Thread(target=self._send, name="storywire-langsmith", daemon=True)
        self._thread.start()

    def trace(self, info: AttemptInfo) -> "_LangSmithTrace":
        """A new trace for each attempt: LangSmith groups those of a run as a thread."""
        outbox: Any = _Outbox(self._put, info, make_mask(self._access.mask, info.personal))
        return _LangSmithTrace(LangChainTracer(client=outbox, project_name=self._access.project))

    def close(self, seconds: float) -> None:
        """Waits up to that time for pending traces; then drops them. Blocks: call it in a thread."""
        self._closing = True
        with suppress(queue.Full):  # then the thread sees that we are closing when it gets that far
            self._queue.put_nowait(None)
        self._thread.join(seconds)

    def _put(self, work: _Work) -> None:
        try:
            self._queue.put_nowait(work)
        except queue.Full:
            self._warn("trace_dropped", reason="LangSmith does not keep up")

    def _send(self) -> None:
        while True:
            first = self._queue.get()
            steps = [] if first is None else [first, *self._gather()]
            try:
                self._send_batch(steps)
            except Exception as error:
                self._failed(error)
            if first is None or (self._closing and self._queue.empty()):
                return

    def _gather(self) -> list[_Work]:
        """The items that arrive within a moment. A None among them is kept for the next round."""
        gathered: list[_Work] = []
        deadline = time.monotonic() + _GATHER_SECONDS
        while len(gathered) < _BATCH:
            wait = 0.0 if self._closing else deadline - time.monotonic()
            try:
                item = self._queue.get(timeout=wait) if wait > 0 else self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                break  # the sentinel only wakes; `_closing` says the rest
            gathered.append(item)
        return gathered

    def _send_batch(self, work: list[_Work]) -> None:
        steps: dict[str, list[dict[str, Any]]] = {"create": [], "update": []}
        for make in work:
            kind, step = make()
            steps[kind].append(step)
        self._client.multipart_ingest(steps["create"], steps["update"])

    def _failed(self, error: Exception) -> None:
        self._warn("trace_not_sent", error=type(error).__name__)

    def _warn(self, event: str, **about: Any) -> None:
        if time.monotonic() - self._warned_at >= _WARN_EVERY_SECONDS:
            self._warned_at = time.monotonic()
            log.warning(event, **about)


@dataclass(frozen=True, slots=True)
class _LangSmithTrace:
    callback: LangChainTracer

    def on_end(self, outcome: AttemptOutcome, words: int) -> None:
        """Does nothing: the callback has received the end already."""
        del outcome, words


class _Outbox:
    """Stand-in for LangSmith's client in the tracer, which masks the steps of one attempt and passes them on."""

    def __init__(self, put: Callable[[_Work], None], info: AttemptInfo, mask: Mask) -> None:
        self._put = put
        self._mask = mask
        self._metadata = {
            "run_id": info.run_id,
            "thread_id": info.run_id,
            "format": info.format,
            "attempt": info.attempt,
        }
        self._tags = ["storywire", f"format:{info.format}", f"attempt:{info.attempt}"]
        self._sections: dict[str, int] = {}  # of the steps that belong to one

    def create_run(self, **step: Any) -> None:
        """Passes on the start of a step."""
        self._find_section(step)
        self._pass_on("create", step)

    def update_run(self, *, run_id: Any, **step: Any) -> None:
        """Passes on the end of a step."""
        self._pass_on("update", {"id": run_id, **step})
        self._sections.pop(str(run_id), None)

    def _find_section(self, step: dict[str, Any]) -> None:
        section = self._sections.get(str(step.get("parent_run_id")))
        if step.get("name") in SECTION_NODES:
            section = (step.get("inputs") or {}).get("index", section)
        if section is not None:
            self._sections[str(step["id"])] = section

    def _pass_on(self, kind: str, step: dict[str, Any]) -> None:
        extra = dict(step.get("extra") or {})
        extra["metadata"] = {**(extra.get("metadata") or {}), **self._metadata}
        tags = {*(step.get("tags") or ()), *self._tags}
        if (section := self._sections.get(str(step["id"]))) is not None:
            extra["metadata"]["section"] = section
            tags.add(f"section:{section}")
        dressed = {**step, "extra": extra, "tags": sorted(tags)}
        self._put(lambda: (kind, self._mask(dressed)))
