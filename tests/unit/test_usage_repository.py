"""Sums by day: set, not added, and each owner's own."""

from typing import Any

import pytest

from backend.store.owner import LOCAL, Owner
from backend.store.sql.database import Database
from backend.store.usage import By, RunUsage, UsageRepository
from tests.databases import ENGINES

pytestmark = pytest.mark.engine(*ENGINES)


def part(
    role: str = "writing", read: int = 10, cost: float | None = 0.1, model: str = "a:b"
) -> dict[str, Any]:
    counted = {"input_tokens": read, "output_tokens": 2 * read, "cost_usd": cost}
    return {"role": role, "model": model, "estimated": False, **counted}


def run(id: str, owner: str = "maya") -> dict[str, str]:
    return {"id": id, "owner": owner, "format": "story"}


async def test_usage_said_twice_is_counted_once_and_a_later_day_has_what_came_on_it(
    database: Database,
) -> None:
    usage = UsageRepository(database)
    for _ in range(2):
        await usage.put(run("1"), "2026-01-01", [part(read=10, cost=0.1)], epoch=1)
    for _ in range(2):
        await usage.put(run("1"), "2026-01-02", [part(read=25, cost=0.3)], epoch=1)
    rows = await usage.sums(Owner("maya"), "2026-01-01", "2026-01-31", "day")
    assert [(row.name, row.input_tokens, row.output_tokens, row.cost_usd) for row in rows] == [
        ("2026-01-01", 10, 20, 0.1),
        ("2026-01-02", 15, 30, 0.2),
    ]
    assert await usage.runs(Owner("maya"), "2026-01-01", "2026-01-31") == 1


async def test_usage_of_others_and_of_other_days_is_not_counted(database: Database) -> None:
    usage = UsageRepository(database)
    await usage.put(run("1"), "2026-01-01", [part()], epoch=1)
    await usage.put(run("2", "noa"), "2026-01-01", [part()], epoch=1)
    await usage.put(run("3"), "2026-02-01", [part()], epoch=1)
    [row] = await usage.sums(Owner("maya"), "2026-01-01", "2026-01-31", "day")
    assert row.runs == 1 and await usage.runs(Owner("noa"), "2026-01-01", "2026-01-01") == 1


async def test_usage_by_model_has_the_dearest_first_and_says_what_has_no_price(database: Database) -> None:
    usage = UsageRepository(database)
    parts = [part(model="a:cheap"), part(model="a:dear", cost=2.0), part("judge", model="a:what", cost=None)]
    await usage.put(run("1"), "2026-01-01", parts, epoch=1)
    rows = await usage.sums(Owner("maya"), "2026-01-01", "2026-01-01", "model")
    assert [(row.name, row.cost_usd, row.unpriced_tokens) for row in rows] == [
        ("a:dear", 2.0, 0),
        ("a:cheap", 0.1, 0),
        ("a:what", 0.0, 30),
    ]


@pytest.mark.parametrize("costs", [(None, 0.3), (0.3, None), (0.1, 0.2, None, None)])
async def test_usage_that_was_lost_without_a_known_price_hides_no_cost_that_is_known_nor_counts_as_priced(
    database: Database, costs: tuple[float | None, ...]
) -> None:
    usage = UsageRepository(database)
    for cost in costs:
        lost = RunUsage("1", LOCAL, "story", "2026-01-01", [part(cost=cost)])
        await usage.add_lost(lost)
    bys: tuple[By, ...] = ("day", "model")
    for by in bys:
        [row] = await usage.sums(LOCAL, "2026-01-01", "2026-01-01", by)
        assert (round(row.cost_usd, 9), row.unpriced_tokens) == (0.3, 30 * costs.count(None))
        assert row.input_tokens + row.output_tokens == 30 * len(costs)
