"""What the scripted API holds: the runs with their logs, what it answers, and what it was asked."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

TERMINAL = ("complete", "error")


@dataclass(frozen=True)
class Request:
    """One request that the page made: `path` without the query, `body` decoded from JSON."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Frame:
    seq: int
    type: str
    data: dict[str, Any]

    @property
    def is_terminal(self) -> bool:
        return self.type in TERMINAL


class Run:
    """A run's log. `cuts[i]` is how many frames the i-th connection gets before it breaks."""

    def __init__(self, run_id: str, request: dict[str, Any]) -> None:
        self.id = run_id
        self.request = request
        self.cuts: list[int] = []
        self.connections: list[int] = []
        self._frames: list[Frame] = []
        self._changed = threading.Condition()
        self._last_seq = 0
        self._closed = False
        self._breaks = 0
        self._deaths = 0

    def say(self, type_: str, **data: Any) -> None:
        with self._changed:
            self._last_seq += 1
            self._frames.append(Frame(self._last_seq, type_, data))
            self._changed.notify_all()

    def forget_error(self) -> None:
        """What a resume does: the older `error` is left out of every later replay."""
        with self._changed:
            self._frames = [frame for frame in self._frames if frame.type != "error"]

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def break_connections(self) -> None:
        with self._changed:
            self._breaks += 1
            self._changed.notify_all()

    def mute_connections(self) -> None:
        """They get nothing more, and nobody is told."""
        with self._changed:
            self._breaks += 1
            self._deaths = self._breaks

    @property
    def breaks(self) -> int:
        """How often the connections were broken; one that began before the last time has to end."""
        return self._breaks

    def is_over_after(self, seq: int) -> bool:
        return any(frame.is_terminal and frame.seq <= seq for frame in self._frames)

    def next_after(self, seq: int, breaks: int) -> Frame | None:
        """The next frame, waiting for it; None when the connection has to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._must_end(breaks) or self._find(seq, breaks) is not None)
            return None if self._must_end(breaks) else self._find(seq, breaks)

    def _must_end(self, breaks: int) -> bool:
        return self._closed or self._breaks > breaks >= self._deaths

    def _find(self, seq: int, breaks: int) -> Frame | None:
        if breaks < self._deaths:
            return None
        return next((frame for frame in self._frames if frame.seq > seq), None)


Script = Callable[[Run], None]


def cancel(run: Run) -> None:
    run.say(
        "error",
        code="CANCELLED",
        message="You stopped this chapter.",
        retryable=False,
        resumable=True,
        partial={"sections_completed": 1, "words": 9},
    )


def keep_waiting(_: Run) -> None:
    """Says nothing: the test speaks for the run."""


@dataclass
class Scripted:
    """What the API answers, and what it was asked."""

    on_start: Script = keep_waiting
    on_cancel: Script = cancel
    on_resume: Script = keep_waiting
    on_input: Script = keep_waiting
    refusals: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    streams_are_refused: bool = False
    models: dict[str, Any] | None = field(
        default_factory=lambda: {"default": "openai:gpt-test", "models": []}
    )
    formats: list[dict[str, Any]] = field(default_factory=list)
    recent: list[dict[str, Any]] | None = field(default_factory=list)
    runs: dict[str, Run] = field(default_factory=dict)
    stories: dict[str, list[str]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)
    """Further replies, by method and path below `/api/v1/`."""

    def start(self, request: dict[str, Any]) -> Run:
        run = Run(f"01RUN{len(self.runs):03}", request)
        self.runs[run.id] = run
        self.on_start(run)
        return run

    def story_of(self, run_id: str) -> dict[str, Any]:
        """The story that a run is a chapter of; it begins with the run if there is none."""
        name = next(
            (name for name, chapters in self.stories.items() if run_id in chapters), f"01STORY{run_id}"
        )
        chapters = self.stories.setdefault(name, [run_id])
        first = self.runs[chapters[0]].request["input"]
        return {
            "session_id": name,
            "theme": first["theme"],
            "reader": first["reader"],
            "next_chapter": len(chapters) + 1,
            "chapters": [
                {"number": number, "run_id": run_id, "choice": None}
                for number, run_id in enumerate(chapters, 1)
            ],
        }

    def go_on(self, name: str, choice: dict[str, Any]) -> Run:
        run = self.start(choice)
        self.stories[name].append(run.id)
        return run

    @property
    def run(self) -> Run:
        """The run that was started last."""
        return list(self.runs.values())[-1]

    def asked(self, method: str, ending: str) -> list[Request]:
        return [one for one in self.requests if one.method == method and one.path.endswith(ending)]
