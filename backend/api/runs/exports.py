"""Export of a finished run as a file, with the text as it was written or with a person's own wordings."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from backend.api.dependencies import OwnerDep, ResourcesDep, RunId
from backend.api.leaving import in_turn
from backend.resources import Resources
from backend.runs.admission.validation import format_of
from backend.runs.results.exports import find_exporter, finished, with_wordings
from backend.store.owner import Owner
from workflows.text.json_values import JsonModel

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])

As = Annotated[str, Query(alias="as", max_length=32, description="md, txt, or what the format adds")]
_LONGEST_TEXT = 200_000
_MOST_SECTIONS = 50


class Wording(JsonModel):
    """A section's text as a person wants it."""

    index: int = Field(ge=0, le=10_000, description="Which section, from 0")
    text: str = Field(max_length=_LONGEST_TEXT, description="Its text in the file")


class WordingsBody(JsonModel):
    """A person's own wordings of sections, for this file alone: they are not stored."""

    sections: list[Wording] = Field([], max_length=_MOST_SECTIONS, description="Those that differ")


@router.get("/{run_id}/export", response_class=Response)
async def export_run(
    run_id: RunId, request: Request, owner: OwnerDep, resources: ResourcesDep, name: As
) -> Response:
    """The file, named after the title."""
    return await _export(request, resources, owner, run_id, name, {})


@router.post("/{run_id}/export", response_class=Response)
async def export_reworded(
    run_id: RunId,
    body: WordingsBody,
    request: Request,
    owner: OwnerDep,
    resources: ResourcesDep,
    name: As,
) -> Response:
    """The file with a person's own wordings. The stored text stays as it is."""
    wordings = {wording.index: wording.text for wording in body.sections}
    return await _export(request, resources, owner, run_id, name, wordings)


async def _export(
    request: Request,
    resources: Resources,
    owner: Owner,
    run_id: str,
    name: str,
    wordings: Mapping[int, str],
) -> Response:
    run = await resources.queries.find(owner, run_id)
    format = format_of(resources.formats, run)
    exporter = find_exporter(format, name)
    whole = with_wordings(finished(format, run), wordings)
    content = await in_turn(request, resources.for_callers, exporter.render, whole)
    return attachment(content, exporter.media_type, exporter.suffix, id=run.id, title=whole.title)


def attachment(content: bytes, media_type: str, suffix: str, *, id: str, title: str) -> Response:
    """A response that browsers save as a file."""
    # An ASCII name for old clients, the title for the others (RFC 6266).
    plain, titled = f"{id}.{suffix}", quote(f"{title[:80]}.{suffix}", safe="")
    return Response(
        content,
        media_type=media_type,
        headers={"Content-Disposition": f"attachment; filename={plain}; filename*=UTF-8''{titled}"},
    )
