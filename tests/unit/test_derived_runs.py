"""Runs by what they were made of, on every database."""

from backend.store.database import Database
from backend.store.owner import Owner
from backend.store.run_values import RunOptions, VersionChange, VersionOrigin
from backend.store.runs import NewRun, RunRepository
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
    await runs.derived.set_inputs(MAYA, {"01A": {"language": "en"}, "01B": {}})
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
