"""`/api/v1/children`: the profiles that stories are written for."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from backend.api.dependencies import OwnerDep
from backend.store.children import StoredChild
from backend.stories.api.parts import ChildrenDep
from backend.stories.children import OnChapters, Profile
from backend.stories.recommendations import RecommendationKind
from workflows.formats.story.input import StoryReader

router = APIRouter(prefix="/api/v1/children", tags=["children"])

OnChaptersQuery = Annotated[OnChapters, Query(description="What becomes of the chapters that were written")]


class ChildView(Profile):
    """A child: its id and its profile."""

    child_id: str
    created_at: datetime
    updated_at: datetime


class ChildPage(BaseModel):
    """Newest first; `next_cursor` asks for the page after this one."""

    children: list[ChildView]
    next_cursor: str | None


class RecommendationView(BaseModel):
    """A theme and why, in the child's language; `kind` is what it was found by."""

    theme: str
    reason: str
    kind: RecommendationKind
    tags: list[str]


class RecommendationList(BaseModel):
    """What to read about next, the best first."""

    child_id: str
    language: str
    recommendations: list[RecommendationView]


class DeletedChild(BaseModel):
    """What went with a child: its story sessions, and how many runs were kept or deleted."""

    child_id: str
    sessions: list[str]
    runs_kept: int
    runs_deleted: int


@router.post("", status_code=201)
async def add_child(body: Profile, owner: OwnerDep, children: ChildrenDep, response: Response) -> ChildView:
    """Stores a child's profile."""
    child = await children.add(owner, body)
    response.headers["Location"] = f"/api/v1/children/{child.id}"
    return _view(child)


@router.get("")
async def list_children(
    owner: OwnerDep,
    children: ChildrenDep,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=26)] = None,
) -> ChildPage:
    """The caller's children, newest first."""
    page = await children.page(owner, before=cursor, limit=limit + 1)
    more = len(page) > limit
    return ChildPage(
        children=[_view(child) for child in page[:limit]], next_cursor=page[limit - 1].id if more else None
    )


@router.get("/{child_id}")
async def get_child(child_id: str, owner: OwnerDep, children: ChildrenDep) -> ChildView:
    """One child."""
    return _view(await children.find(owner, child_id))


@router.get("/{child_id}/recommendations")
async def recommend_themes(
    child_id: str,
    owner: OwnerDep,
    children: ChildrenDep,
    limit: Annotated[int, Query(ge=1, le=20)] = 6,
) -> RecommendationList:
    """Themes by the child's interests and by what it has read, each with its reason. No model is asked."""
    child, found = await children.recommend(owner, child_id, limit)
    return RecommendationList(
        child_id=child.id,
        language=child.profile["language"],
        recommendations=[RecommendationView.model_validate(asdict(one)) for one in found],
    )


@router.patch("/{child_id}")
async def change_child(child_id: str, body: StoryReader, owner: OwnerDep, children: ChildrenDep) -> ChildView:
    """Sets the fields that are named. Chapters that are written keep the profile that they were written for."""
    return _view(await children.change(owner, child_id, body.model_dump(mode="json", exclude_unset=True)))


@router.delete("/{child_id}")
async def delete_child(
    child_id: str, owner: OwnerDep, children: ChildrenDep, chapters: OnChaptersQuery = "keep"
) -> DeletedChild:
    """Removes the child and its story sessions. The chapters stay as runs, unless they are to go too."""
    deletion = await children.delete(owner, child_id, chapters)
    return DeletedChild(
        child_id=child_id,
        sessions=deletion.sessions,
        runs_kept=deletion.runs_kept,
        runs_deleted=deletion.runs_deleted,
    )


def _view(child: StoredChild) -> ChildView:
    return ChildView(
        child_id=child.id, created_at=child.created_at, updated_at=child.updated_at, **child.profile
    )
