"""Versions of a run: a finished text rewritten as a whole or in one section, and their comparison."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from backend.api.dependencies import OwnerDep, QueriesDep, ResourcesDep, RunId
from backend.api.leaving import in_turn
from backend.api.runs.starts import RunStartDep
from backend.api.runs.streams import STREAM_RESPONSES
from backend.api.runs.views import StartedRun
from backend.runs.requests import VersionRequest
from backend.runs.results.diff import compare_sections, unified
from backend.store.runs.runs import Run, RunVersion
from workflows.errors import Conflict, InvalidInput
from workflows.text.json_values import JsonModel, trimmed

router = APIRouter(prefix="/api/v1/runs", tags=["versions"])

Feedback = Annotated[str, trimmed(2000)]


class VersionBody(JsonModel):
    """Changes that a version makes. With neither `section` nor `feedback` the whole text is rewritten."""

    section: int | None = Field(
        None, ge=0, le=10_000, description="Only this one, from 0; the others are taken over"
    )
    feedback: Feedback | None = Field(None, description="What to change; without it, it is written anew")
    model: str | None = Field(None, max_length=128, description="provider:model; the same by default")


class VersionView(BaseModel):
    """A version; the first has no parent."""

    number: int
    run_id: str
    parent_run_id: str | None
    section: int | None
    feedback: str | None
    status: str
    title: str | None
    model: str
    words: int
    created_at: datetime


class VersionStarted(StartedRun):
    """The reply to the start of a version."""

    parent_run_id: str


class SectionDifferenceView(BaseModel):
    """A section before and after; `unified` has a sentence a line."""

    index: int
    title: str
    status: Literal["same", "changed", "added", "removed"]
    words_before: int
    words_after: int
    unified: str


class DifferenceView(BaseModel):
    """Changes from the run `against` to this run."""

    run_id: str
    against: str
    unified: str
    sections: list[SectionDifferenceView]


@router.post("/{run_id}/versions", status_code=201, response_model=VersionStarted, responses=STREAM_RESPONSES)
async def start_version(run_id: RunId, body: VersionBody, start: RunStartDep) -> Response:
    """Writes another version, as a run of its own. With `Accept: text/event-stream` the reply is its stream. An API key
    needs `runs:read` too: a version shows what it is made of."""
    start.principal.check_scope("runs:read")

    async def begin(key: str | None) -> tuple[Run, bool]:
        change = VersionRequest(body.section, body.feedback, body.model, key)
        return await start.runs.new_version(start.owner, run_id, change)

    return await start.respond(begin, lambda run: {"parent_run_id": run.parent_run_id})


@router.get("/{run_id}/versions")
async def list_versions(run_id: RunId, owner: OwnerDep, queries: QueriesDep) -> dict[str, list[VersionView]]:
    """All versions of the text, oldest first, whichever of them is named."""
    found = await queries.versions(owner, run_id)
    return {"versions": [version_view(number, version) for number, version in enumerate(found, 1)]}


@router.get("/{run_id}/diff")
async def diff(
    run_id: RunId,
    request: Request,
    owner: OwnerDep,
    resources: ResourcesDep,
    against: Annotated[
        str | None, Query(max_length=64, description="The run to compare with; the version before by default")
    ] = None,
) -> DifferenceView:
    """The changes, as a unified diff and by section."""
    queries = resources.queries
    run = await queries.find(owner, run_id)
    other_id = against or run.parent_run_id
    if other_id is None:
        raise InvalidInput.of("against", "this run is the first version; name the run to compare it with")
    other = await queries.find(owner, other_id)
    return await in_turn(request, resources.for_callers, _difference, other, run)


def _difference(other: Run, run: Run) -> DifferenceView:
    before, after = _sections(other), _sections(run)
    return DifferenceView(
        run_id=run.id,
        against=other.id,
        unified=unified(_text(before), _text(after), other.id, run.id),
        sections=[
            SectionDifferenceView.model_validate(found, from_attributes=True)
            for found in compare_sections(before, after)
        ],
    )


def version_view(number: int, version: RunVersion) -> VersionView:
    """A version in the list."""
    change = version.change
    return VersionView(
        number=number,
        run_id=version.id,
        parent_run_id=version.parent_run_id,
        section=change.section if change else None,
        feedback=change.feedback if change else None,
        status=version.status,
        title=version.title,
        model=version.model,
        words=version.words,
        created_at=version.created_at,
    )


def _sections(run: Run) -> list[tuple[str, str]]:
    if run.result is None:
        raise Conflict(f"The run {run.id} is {run.status}: only completed runs can be compared.")
    return [(section.title, section.text) for section in run.result.sections]


def _text(sections: list[tuple[str, str]]) -> str:
    return "\n\n".join(text for _, text in sections)
