"""`/api/v1/usage`: the costs of the caller's runs."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from backend.api.dependencies import OwnerDep, ResourcesDep
from backend.store.usage import By, UsageSum
from workflows.errors import InvalidInput

router = APIRouter(prefix="/api/v1", tags=["usage"])

_DAYS = 30


class UsageReport(BaseModel):
    """Sums by day, model, format or role, and their total. Days are UTC, both ends included."""

    first_day: date
    last_day: date
    by: By
    rows: list[UsageSum]
    total: UsageSum


@router.get("/usage")
async def report_usage(
    owner: OwnerDep,
    resources: ResourcesDep,
    from_: Annotated[date | None, Query(alias="from", description="First day, YYYY-MM-DD")] = None,
    to: Annotated[date | None, Query(description="Last day; today by default")] = None,
    by: By = "day",
) -> UsageReport:
    """Usage of the caller's runs: tokens as the providers count them, US dollars where the price is known."""
    last = to or datetime.now(UTC).date()
    first = from_ or last - timedelta(days=_DAYS - 1)
    if first > last:
        raise InvalidInput.of("from", f"is after the last day, {last}")
    repository, days = resources.usage, (first.isoformat(), last.isoformat())
    rows = await repository.sums(owner, *days, by)
    runs = await repository.runs(owner, *days)
    return UsageReport(first_day=first, last_day=last, by=by, rows=rows, total=_total(rows, runs))


def _total(rows: list[UsageSum], runs: int) -> UsageSum:
    return UsageSum(
        name="total",
        runs=runs,
        input_tokens=sum(row.input_tokens for row in rows),
        output_tokens=sum(row.output_tokens for row in rows),
        cost_usd=round(sum(row.cost_usd for row in rows), 9),
        unpriced_tokens=sum(row.unpriced_tokens for row in rows),
        estimated=any(row.estimated for row in rows),
    )
