"""Runs as JSON."""

from collections import Counter
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from backend.store.runs.runs import Run, RunSummary
from workflows.messages.transcript import Transcript


class RunSummaryView(BaseModel):
    """A run in a list."""

    run_id: str
    format: str
    status: str
    title: str | None
    model: str
    words: int
    created_at: datetime
    finished_at: datetime | None


class RunPage(BaseModel):
    """A page of runs, newest first; `next_cursor` leads to the next page."""

    runs: list[RunSummaryView]
    next_cursor: str | None


class SectionView(BaseModel):
    """A section, as far as it has been written."""

    index: int
    text: str
    is_complete: bool


class PieceView(BaseModel):
    """A piece, as far as it has been written."""

    name: str
    text: str
    is_complete: bool


class RunView(RunSummaryView):
    """A run: its input, the text so far, and its outcome."""

    input: dict[str, Any]
    options: dict[str, Any]
    outline: dict[str, Any] | None
    sections: list[SectionView]
    pieces: list[PieceView]
    facts: dict[str, Any] | None
    text: str
    safety: list[dict[str, Any]]
    safety_issues: dict[str, int]
    """How often each category was found, over all verdicts of the run."""
    usage: dict[str, Any] | None
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    parent_run_id: str | None
    stream_url: str


class StartedRun(BaseModel):
    """The reply to the start of a run."""

    run_id: str
    status: str
    stream_url: str


def stream_url(run_id: str) -> str:
    """The path of the run's stream, relative to the service."""
    return f"/api/v1/runs/{run_id}/stream"


def summary_view(run: RunSummary) -> RunSummaryView:
    """A run in a list."""
    return RunSummaryView(
        run_id=run.id,
        format=run.format,
        status=run.status,
        title=run.title,
        model=run.model,
        words=run.words,
        created_at=run.created_at,
        finished_at=run.finished_at,
    )


def run_view(run: Run, transcript: Transcript) -> RunView:
    """A run with its text."""
    newest = {
        "title": run.title or (transcript.outline.title if transcript.outline else None),
        "words": run.words or transcript.words,
    }
    return RunView(
        **summary_view(run).model_dump(exclude={"title", "words"}),
        **newest,
        input=run.input,
        options=run.options.model_dump(),
        outline=transcript.outline.model_dump() if transcript.outline else None,
        sections=[
            SectionView(
                index=index, text=transcript.text_of(index), is_complete=transcript.is_finished(index)
            )
            for index in transcript.started
        ],
        pieces=[
            PieceView(name=name, text=transcript.text_of(name), is_complete=transcript.is_finished(name))
            for name in transcript.pieces
        ],
        facts=transcript.facts.model_dump() if transcript.facts else None,
        text=transcript.text,
        safety=[verdict.model_dump(exclude_none=True) for verdict in transcript.verdicts],
        safety_issues=Counter(
            issue["category"] for verdict in transcript.verdicts for issue in verdict.issues
        ),
        usage=usage.model_dump(exclude_none=True) if (usage := transcript.whole_usage) else None,
        result=run.result.model_dump(mode="json", exclude_none=True) if run.result else None,
        error=run.error.model_dump(exclude_none=True) if run.error else None,
        parent_run_id=run.parent_run_id,
        stream_url=stream_url(run.id),
    )


def started_view(run: Run) -> StartedRun:
    """The reply to the start of a run."""
    return StartedRun(run_id=run.id, status=run.status, stream_url=stream_url(run.id))
