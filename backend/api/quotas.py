"""Quota usage: runs of a format that were started this month."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from backend.api.dependencies import OwnerDep, ResourcesDep
from backend.api.runs.generate import format_at

router = APIRouter(prefix="/api/v1", tags=["quotas"])


class UsageView(BaseModel):
    """Quota usage of this month, in UTC. `quota` and `left` are null for a format without a limit."""

    used: int
    quota: int | None
    left: int | None
    resets_at: datetime


@router.get("/{path}/usage")
async def usage(
    path: Annotated[str, Path(max_length=64)], owner: OwnerDep, resources: ResourcesDep
) -> UsageView:
    """Runs of this month that are active or were charged, whatever their outcome; not those from the cache."""
    found = await resources.quota.usage(owner, format_at(resources.formats, path).name)
    return UsageView.model_validate(found, from_attributes=True)
