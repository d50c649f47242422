"""Runs by what they were made of, on every database."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

from sqlalchemy import Connection

from backend.runs.deletion import RunDeletion
from backend.runs.engine.base import Engine
from backend.runs.files import RunFiles
from backend.store.owner import Owner
from backend.store.runs.runs import NewRun, RunRepository
from backend.store.schema.run_values import RunOptions, VersionChange, VersionOrigin
from backend.store.sql.database import Database
from workflows.versions import VersionSeed

MAYA, NOA = Owner("maya"), Owner("noa")


def new(id: str, owner: Owner = MAYA, **values: object) -> NewRun:
    given = {"format": "story", "model": "openai:x", "input": {}, "options": RunOptions(), **values}
    return NewRun(id=id, owner=owner, **given)  # type: ignore[arg-type]


async def test_runs_are_found_by_what_they_refer_to_and_lose_it(database: Database) -> None:
    runs, names = RunRepository(database), {"knowledge_id": "01DOC", "language": "en"}
    for run in (
        new("01A", input=names),
        new("01B", NOA, input=names),
        new("01C", input={"theme": "01DOC x"}),
    ):
        await runs.add(run)
    assert await runs.derived.inputs(MAYA, "01DOC") == {"01A": names}
    assert await runs.derived.referring(MAYA, "01DOC") == []  # it is under way
    before = await runs.find(MAYA, "01A")
    assert before is not None and not await runs.derived.has_lost_material(before)
    assert await runs.derived.change_inputs(MAYA, "01DOC", lambda _: None) == []
    assert await runs.derived.change_inputs(MAYA, "01DOC", lambda _: {"language": "en"}) == ["01A"]
    assert await runs.derived.has_lost_material(before)
    assert await runs.derived.inputs(NOA, "01DOC") == {"01B": names}


async def test_version_loses_the_text_of_a_run_that_is_deleted(database: Database) -> None:
    runs, change = RunRepository(database), VersionChange(section=0, feedback="A cat.")
    seed = VersionSeed(sections=[{"index": 0, "text": "zyx"}], findings=[], revising=[0], inherited=[])
    await runs.add(new("01A"))
    origin = VersionOrigin(change=change, seed=seed)
    await runs.add(new("01B", parent_run_id="01A", root_run_id="01A", origin=origin))
    await runs.delete(MAYA, "01A")
    left = await runs.find(MAYA, "01B")
    assert left is not None and left.origin == VersionOrigin(change=change, seed=None)
    assert left.origin.has_lost_seed


class RecapsFormat:
    """Inputs with recaps of earlier parts, here just their numbers."""

    def without_part(self, stored: Mapping[str, Any], number: int) -> Mapping[str, Any]:
        return {**stored, "earlier": [part for part in stored["earlier"] if part != number]}


class SlowToErase:
    """The same database, for somebody who has read and is slow to erase."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_reached, self.may_go_on = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def erase(self, work: Callable[[Connection], object]) -> object:
        self.is_reached.set()
        await self.may_go_on.wait()
        return await self._database.erase(work)


class NoEngine:
    async def cancel(self, run: object) -> None:
        """Nothing is written."""


async def test_recaps_of_two_parts_that_are_deleted_at_once_both_stay_deleted(database: Database) -> None:
    slow = SlowToErase(database)

    def deletion(repository: RunRepository) -> RunDeletion:
        formats = cast(Any, {"story": RecapsFormat()})
        return RunDeletion(repository, cast(Engine, NoEngine()), formats, RunFiles(None, None))

    runs = RunRepository(database)
    for part in (1, 2, 3):
        recaps = {"series": "01S", "earlier": list(range(1, part))}
        await runs.add(new(f"01{part}", series="01S", part=part, input=recaps))
    first, second = await runs.find(MAYA, "011"), await runs.find(MAYA, "012")
    assert first is not None and second is not None
    deleting = asyncio.create_task(deletion(RunRepository(cast(Database, slow))).delete(second))
    await slow.is_reached.wait()
    await deletion(runs).delete(first)
    slow.may_go_on.set()
    await deleting
    assert await runs.derived.inputs(MAYA, "01S") == {"013": {"series": "01S", "earlier": []}}
