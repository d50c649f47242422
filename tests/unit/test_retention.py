"""Retention of runs, and of what extensions keep beside them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import update

from backend.runs.retention import Retention, delete_all
from backend.store.owner import Owner
from backend.store.runs.retention import AT_ONCE, RetentionRepository
from backend.store.schema.tables import runs
from backend.store.sql.database import Database
from tests.unit.stored_runs import add_run
from tests.unit.worlds import OWNER, World, open_world

YEAR = timedelta(days=365)


@dataclass
class Albums:
    """What an extension keeps: albums, whose pages are the runs of a series."""

    used: set[tuple[Owner, str]] = field(default_factory=set)
    looked_at: list[Collection[tuple[Owner, str]]] = field(default_factory=list)
    old: int = 0

    async def in_use(self, series: Collection[tuple[Owner, str]], since: datetime) -> set[tuple[Owner, str]]:
        """Those that are looked at."""
        assert since < datetime.now(UTC) - YEAR / 2
        self.looked_at.append(series)
        return self.used

    async def delete_old(self, before: datetime) -> int:
        """All that are old."""
        assert before < datetime.now(UTC)
        deleted, self.old = self.old, 0
        return deleted


async def retain(world: World, database: Database, *others: Albums) -> tuple[int, set[str]]:
    """How many things were deleted, and the runs that are left."""
    deleted = await Retention(RetentionRepository(database), world.service, others, YEAR).apply()
    return deleted, {run.id for run in await world.repository.page(OWNER, limit=1000)}


async def end_long_ago(database: Database, *run_ids: str) -> None:
    ended = update(runs).where(runs.c.id.in_(run_ids))
    values = {"status": "completed", "process": None, "finished_at": datetime.now(UTC) - 2 * YEAR}
    await database.write(lambda connection: connection.execute(ended.values(values)))


async def test_runs_that_ended_long_ago_are_deleted_but_for_those_of_a_series_in_use(
    database: Database, tmp_path: Path
) -> None:
    async with open_world(database, tmp_path) as world:
        repository = world.repository
        alone, in_use, forgotten, young = [
            (await add_run(repository, series=series, part=part)).id
            for series, part in ((None, None), ("A", 1), ("B", 1), (None, None))
        ]
        await end_long_ago(database, alone, in_use, forgotten)
        albums, others = Albums({(OWNER, "A"), (Owner("noa"), "B")}, old=2), Albums(old=1)
        assert await retain(world, database, albums, others) == (5, {in_use, young})
        assert albums.looked_at == [{(OWNER, "A"), (OWNER, "B")}]
        assert await retain(world, database, albums, others) == (0, {in_use, young})


async def test_runs_that_stay_keep_no_others_from_being_deleted(database: Database, tmp_path: Path) -> None:
    async with open_world(database, tmp_path) as world:
        kept = [(await add_run(world.repository, series="A", part=part)).id for part in range(1, AT_ONCE + 5)]
        last = (await add_run(world.repository)).id
        await end_long_ago(database, *kept, last)
        assert await retain(world, database, Albums({(OWNER, "A")})) == (1, set(kept))


async def test_things_of_two_owners_that_share_an_id_are_both_deleted() -> None:
    left = [(Owner("maya"), "1"), (Owner("noa"), "1"), (Owner("noa"), "2")]

    async def find(before: datetime) -> list[tuple[Owner, str]]:
        assert before
        return left[:1]

    async def delete(owner: Owner, id: str) -> None:
        left.remove((owner, id))

    assert await delete_all(find, delete, datetime.now(UTC)) == 3 and left == []


async def test_thing_that_can_not_be_deleted_is_tried_once() -> None:
    tried: list[str] = []

    async def find(before: datetime) -> list[tuple[Owner, str]]:
        assert before
        return [(Owner("maya"), "1")]

    async def delete(owner: Owner, id: str) -> None:
        tried.append(f"{owner} {id}")

    assert await delete_all(find, delete, datetime.now(UTC)) == 1 and tried == ["maya 1"]
