"""`/api/v1/children`: profiles of the children that stories are written for."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from backend.accounts.belongings import lines_of
from backend.accounts.throttle import EXPORT
from backend.api.accounts.parts import AddressDep
from backend.api.dependencies import OwnerDep, PageCursor, PageLimit, ResourcesDep
from backend.api.paging import page_of
from backend.stories.api.parts import ChildrenDep
from backend.stories.children import OnChapters, Profile
from backend.stories.recommendations import RecommendationKind
from backend.stories.store.children import StoredChild
from workflows.formats.story.input import StoryReader

router = APIRouter(prefix="/api/v1/children", tags=["children"])

ChildId = Annotated[str, Path(max_length=64)]
OnChaptersQuery = Annotated[OnChapters, Query(description="What becomes of the chapters that were written")]


_CONSENT = "A parent consents to keeping these data; when that was is kept"


class NewChild(Profile):
    """A new child."""

    consent: bool = Field(False, description=_CONSENT)


class ChildChange(StoryReader):
    """Changes to a child; what is left out stays."""

    consent: Literal[True] | None = Field(None, description=f"{_CONSENT}. To withdraw it, delete the child")


class ChildView(Profile):
    """A child: its id and its profile. `consent_at` is when a parent consented, null where nobody said so."""

    child_id: str
    consent_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ChildPage(BaseModel):
    """A page of children, newest first; `next_cursor` leads to the next page."""

    children: list[ChildView]
    next_cursor: str | None


class RecommendationView(BaseModel):
    """A theme with a reason in the child's language; `kind` is how it was found."""

    theme: str
    reason: str
    kind: RecommendationKind
    tags: list[str]


class RecommendationList(BaseModel):
    """Recommended themes, the best first."""

    child_id: str
    language: str
    recommendations: list[RecommendationView]


class DeletedChild(BaseModel):
    """Outcome of deleting a child: its story sessions, and the number of runs kept or deleted."""

    child_id: str
    sessions: list[str]
    runs_kept: int
    runs_deleted: int


@router.post("", status_code=201, responses={409: {"description": "One child too many"}})
async def add_child(body: NewChild, owner: OwnerDep, children: ChildrenDep, response: Response) -> ChildView:
    """Stores a child's profile."""
    profile = Profile.model_validate(body.model_dump(exclude={"consent"}))
    child = await children.add(owner, profile, consent=body.consent)
    response.headers["Location"] = f"/api/v1/children/{child.id}"
    return _view(child)


@router.get("")
async def list_children(
    owner: OwnerDep,
    children: ChildrenDep,
    limit: PageLimit = 20,
    cursor: PageCursor = None,
) -> ChildPage:
    """The caller's children, newest first."""
    found = await children.page(owner, before=cursor, limit=limit + 1)
    page, next_cursor = page_of(found, limit, lambda child: child.id)
    return ChildPage(children=[_view(child) for child in page], next_cursor=next_cursor)


@router.get("/{child_id}")
async def get_child(child_id: ChildId, owner: OwnerDep, children: ChildrenDep) -> ChildView:
    """A child by its id."""
    return _view(await children.find(owner, child_id))


@router.get("/{child_id}/recommendations")
async def recommend_themes(
    child_id: ChildId,
    owner: OwnerDep,
    children: ChildrenDep,
    limit: Annotated[int, Query(ge=1, le=20)] = 6,
) -> RecommendationList:
    """Themes by the child's interests and reading, each with its reason. No model is called."""
    child, found = await children.recommend(owner, child_id, limit)
    return RecommendationList(
        child_id=child.id,
        language=child.profile["language"],
        recommendations=[RecommendationView.model_validate(asdict(one)) for one in found],
    )


@router.patch("/{child_id}")
async def change_child(
    child_id: ChildId, body: ChildChange, owner: OwnerDep, children: ChildrenDep
) -> ChildView:
    """Sets the given fields. Chapters already written keep the profile that they were written for."""
    changes = body.model_dump(mode="json", exclude_unset=True, exclude={"consent"})
    return _view(await children.change(owner, child_id, changes, consent=bool(body.consent)))


@router.get(
    "/{child_id}/export",
    response_class=Response,
    responses={200: {"content": {"application/x-ndjson": {}}, "description": "Lines of JSON"}},
)
async def export_child(
    child_id: ChildId, owner: OwnerDep, children: ChildrenDep, resources: ResourcesDep, address: AddressDep
) -> StreamingResponse:
    """Everything that there is of a child, as lines of JSON `{"table", "row"}`: profile, stories, reading, texts. What
    is whole ends with `{"end": {"rows"}}`."""
    child = await children.find(owner, child_id)
    if resources.settings.has_accounts:
        await resources.people.throttle.check(EXPORT, owner, address)
        await resources.people.audit.note("exported", owner, child.id)
    found = await children.export(owner, child.id)
    return StreamingResponse(
        lines_of(found),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="child.ndjson"'},
    )


@router.delete("/{child_id}")
async def delete_child(
    child_id: ChildId, owner: OwnerDep, children: ChildrenDep, chapters: OnChaptersQuery = "delete"
) -> DeletedChild:
    """Deletes the child, its story sessions, and what was written for it. With `chapters=keep` the texts stay as runs,
    with the name and the age that are in them."""
    deletion = await children.delete(owner, child_id, chapters)
    return DeletedChild(
        child_id=child_id,
        sessions=deletion.sessions,
        runs_kept=deletion.runs_kept,
        runs_deleted=deletion.runs_deleted,
    )


def _view(child: StoredChild) -> ChildView:
    return ChildView(
        child_id=child.id,
        consent_at=child.consent_at,
        created_at=child.created_at,
        updated_at=child.updated_at,
        **child.profile,
    )
