"""Export of a finished run as a file."""

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from backend.api.dependencies import OwnerDep, ResourcesDep, RunId
from backend.runs.admission.validation import format_of
from backend.runs.results.exports import find_exporter, finished

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])


@router.get("/{run_id}/export", response_class=Response)
async def export_run(
    run_id: RunId,
    owner: OwnerDep,
    resources: ResourcesDep,
    name: Annotated[str, Query(alias="as", max_length=32, description="md, txt, or what the format adds")],
) -> Response:
    """The file, named after the title."""
    run = await resources.queries.find(owner, run_id)
    format = format_of(resources.formats, run)
    exporter = find_exporter(format, name)
    whole = finished(format, run)
    content = await asyncio.to_thread(exporter.render, whole)
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
