"""How many discovery reports were written this month."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from backend.api.dependencies import OwnerDep, ResourcesDep
from workflows.formats.discovery_report.format import DiscoveryReportFormat

router = APIRouter(prefix="/api/v1/discovery-reports", tags=["discovery reports"])


class UsageView(BaseModel):
    """Of this month, in UTC. `quota` and `left` are null without a limit (STORYWIRE_MONTHLY_REPORTS)."""

    used: int
    quota: int | None
    left: int | None
    resets_at: datetime


@router.get("/usage")
async def usage(owner: OwnerDep, resources: ResourcesDep) -> UsageView:
    """What counts: reports that are complete or under way, not those that failed or came from the cache."""
    found = await resources.quota.usage(owner, DiscoveryReportFormat.name)
    left = None if found.quota is None else max(0, found.quota - found.used)
    return UsageView(used=found.used, quota=found.quota, left=left, resets_at=found.resets_at)
