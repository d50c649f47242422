"""Records of a run, as the store returns and takes them."""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from backend.store.owner import Owner
from backend.store.schema.run_values import RunOptions, VersionChange, VersionOrigin
from backend.store.schema.transitions import FINISHED, INITIAL, Status
from workflows.messages.messages import OutlinePlanned, RunCompleted, RunFailed
from workflows.versions import VersionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run without its texts, as lists show it.

    `series` and `part`: the story whose chapter it is, and which. Failed and cancelled runs aside, a series has one
    run a part. A version of another run has its `parent_run_id`.
    """

    id: str
    owner: Owner
    format: str
    status: Status
    model: str
    title: str | None
    words: int
    section_count: int | None
    series: str | None
    part: int | None
    parent_run_id: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPart(RunSummary):
    """A run as a part of its series: its input and the format's own results, without its text."""

    input: dict[str, Any]
    results: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunVersion(RunSummary):
    """A run as a version of a text; the first of them has no `change`."""

    change: VersionChange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAssignment:
    """The process that a run is assigned to, if any, and how many attempts at it crashed one after another."""

    id: str
    owner: Owner
    format: str
    status: Status
    process: str | None
    crash_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(RunSummary):
    """A row of the table `runs`. `process` is the executing process, if any; `answer` is still to be processed.

    `crash_count` is how many attempts broke off one after another without a finished section. `superseded_error_seq`
    is the number of the error in its log that the last resume superseded: the run isn't over by it.
    `source_run_id` is the run whose text this one is given, `cache_key` the same for requests that one text answers.
    `root_run_id` is the first of all versions, `origin` what a version takes over, `plan` what a version of this
    run would need beside the text. `key_id` is the API key that it was started with.
    """

    input: dict[str, Any]
    options: RunOptions
    result: RunCompleted | None
    error: RunFailed | None
    answer: OutlinePlanned | None
    process: str | None
    stop_requested: bool
    crash_count: int
    superseded_error_seq: int | None
    idempotency_key: str | None
    request_hash: str | None
    root_run_id: str | None
    origin: VersionOrigin | None
    plan: VersionPlan | None
    cache_key: str | None
    source_run_id: str | None
    key_id: str | None

    @property
    def is_finished(self) -> bool:
        """Whether nothing more is written, unless the run is resumed."""
        return self.status in FINISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run to be stored as running; `process` is to execute it. `key_id` is the API key that it is started with."""

    id: str
    owner: Owner
    format: str
    model: str
    input: dict[str, Any]
    options: RunOptions
    process: str | None = None
    idempotency_key: str | None = None
    request_hash: str | None = None
    series: str | None = None
    part: int | None = None
    parent_run_id: str | None = None
    root_run_id: str | None = None
    origin: VersionOrigin | None = None
    cache_key: str | None = None
    key_id: str | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def row(self) -> dict[str, Any]:
        """The row of the table."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**values, "status": INITIAL, "words": 0, "stop_requested": False, "crash_count": 0}
