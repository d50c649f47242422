"""The place in a text where its owner stopped reading: the same on every device."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from backend.api.dependencies import OwnerDep, ResourcesDep, RunId
from backend.store.reading_places import ReadingPlace
from workflows.errors import NotFound
from workflows.text.json_values import JsonModel

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])


class PlaceBody(JsonModel):
    """A place in a run's text."""

    section: int = Field(ge=0, le=10_000, description="Which section, by its index")
    paragraph: int = Field(0, ge=0, le=1_000_000, description="Which of its paragraphs, from 0")


class PlaceView(BaseModel):
    """The place; all null where none is kept."""

    run_id: str
    section: int | None = None
    paragraph: int | None = None
    updated_at: datetime | None = None


@router.put("/{run_id}/place")
async def put_place(run_id: RunId, body: PlaceBody, owner: OwnerDep, resources: ResourcesDep) -> PlaceView:
    """Keeps the place, instead of an older one."""
    place = await resources.reading_places.put(owner, run_id, body.section, body.paragraph)
    if place is None:
        raise NotFound(f"There is no run {run_id[:64]}.")
    return _view(run_id, place)


@router.get("/{run_id}/place")
async def get_place(run_id: RunId, owner: OwnerDep, resources: ResourcesDep) -> PlaceView:
    """The place that was kept last."""
    run = await resources.queries.find(owner, run_id)
    return _view(run.id, await resources.reading_places.find(owner, run.id))


def _view(run_id: str, place: ReadingPlace | None) -> PlaceView:
    if place is None:
        return PlaceView(run_id=run_id)
    return PlaceView(
        run_id=run_id, section=place.section, paragraph=place.paragraph, updated_at=place.updated_at
    )
