"""Checkpoints of a text that grows: stored as what is new, read whole, on each database."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from operator import add
from pathlib import Path
from typing import Annotated, Any, TypedDict

import psycopg
import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph

from backend.store.checkpoints.durable_saver import DurableSaver
from backend.store.sqlite.checkpoints import SqliteCheckpoints, open_checkpoints
from tests.contract.test_checkpointer import THREAD, Killed, Open, opener
from tests.models import settings_of
from tests.unit.worlds import NOTE, NOWHERE, NoteFormat
from workflows.formats.base import Plan
from workflows.graph import build_graph
from workflows.messages.messages import PlannedSection
from workflows.models.clients.catalog import Model, ModelCatalog
from workflows.state import Outline, RunContext

WORDS = " ".join(["lighthouse"] * 100)
TABLES = {
    "sqlite": {"checkpoints": "checkpoint", "checkpoint_blobs": "blob", "writes": "value"},
    "postgresql": {
        "checkpoints": "checkpoint::text",
        "checkpoint_blobs": "blob",
        "checkpoint_writes": "blob",
    },
}
KINDS = ["sqlite", "postgresql"]


class Story(TypedDict):
    """State with a dict and a list that grow."""

    sections: Annotated[dict[int, str], lambda known, new: {**known, **new}]
    spent: Annotated[list[int], add]


class LongFormat(NoteFormat):
    """A note of as many sections of a hundred words as one likes."""

    def __init__(self, sections: int) -> None:
        super().__init__()
        self.sections = sections
        self.texts = dict.fromkeys(range(sections), WORDS)
        self.begun = dict.fromkeys(range(sections), self.begun[0])

    async def plan(self, inputs: Any, model: Model) -> Plan:
        """Each section with a summary of its own."""
        del inputs, model
        sections = [
            PlannedSection(
                index=index, title=f"Part {index}", summary=f"The {index}th." * 8, target_words=100
            )
            for index in range(self.sections)
        ]
        return Plan(Outline(title="Long", sections=sections))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def open_saver(kind: str, tmp_path: Path) -> Iterator[Open]:
    with opener(kind, tmp_path) as opened:
        yield opened


def story(saver: BaseCheckpointSaver[Any], sections: int, die_at: int | None = None) -> Any:
    """A graph that writes sections one after another, and dies at one."""
    graph = StateGraph(Story)

    def write(state: Story) -> dict[str, Any]:
        index = len(state["sections"])
        if index == die_at:
            raise Killed
        return {"sections": {index: f"{WORDS} {index}"}, "spent": [index]}

    graph.add_node("write", write)
    graph.add_edge(START, "write")
    graph.add_conditional_edges(
        "write", lambda state: END if len(state["sections"]) == sections else "write", ["write", END]
    )
    return graph.compile(checkpointer=saver)


def whole(sections: int) -> dict[str, Any]:
    return {
        "sections": {index: f"{WORDS} {index}" for index in range(sections)},
        "spent": list(range(sections)),
    }


@asynccontextmanager
async def measured(kind: str, folder: Path) -> AsyncIterator[tuple[DurableSaver, Callable[[], int]]]:
    """A saver, and the bytes that its tables hold."""
    with opener(kind, folder) as open_saver:
        async with open_saver() as saver:

            def count() -> int:
                length = "length" if kind == "sqlite" else "octet_length"
                queries = [
                    f"SELECT coalesce(sum({length}({column})), 0) FROM {table}"
                    for table, column in TABLES[kind].items()
                ]
                if kind == "sqlite":
                    with sqlite3.connect(folder / "checkpoints.db") as file:
                        return sum(file.execute(query).fetchone()[0] for query in queries)
                with psycopg.connect(saver._pool.conninfo) as server:  # type: ignore[attr-defined]
                    rows = [server.execute(query.encode()).fetchone() or (0,) for query in queries]
                    return sum(int(row[0]) for row in rows)

            yield saver, count


async def _bytes_a_section(kind: str, folder: Path, sections: int, parallel: int) -> float:
    models = ModelCatalog(settings_of(NOWHERE, judge="off"))
    async with measured(kind, folder) as (saver, count):
        graph = build_graph(LongFormat(sections), models, saver)
        config = RunnableConfig(
            configurable={"thread_id": "t"}, recursion_limit=10_000, max_concurrency=parallel
        )
        context = RunContext(keep_length=False, parallel=parallel)
        ended = await graph.ainvoke({"input": NOTE}, config, context=context, durability="sync")
        assert len(ended["sections"]) == sections
        await saver.all_flushed()
        found = count() / sections
    await models.close()
    return found


@pytest.mark.parametrize(
    ("parallel", "few", "many"), [(1, 6, 48), (8, 6, 48), pytest.param(1, 16, 128, marks=pytest.mark.soak)]
)
async def test_bytes_of_a_runs_checkpoints_grow_no_faster_than_its_sections(
    kind: str, tmp_path: Path, parallel: int, few: int, many: int
) -> None:
    folders = tmp_path / "few", tmp_path / "many"
    for folder in folders:
        folder.mkdir()
    of_few = await _bytes_a_section(kind, folders[0], few, parallel)
    assert await _bytes_a_section(kind, folders[1], many, parallel) / of_few <= 1.3


@pytest.mark.parametrize(("parallel", "steps"), [(1, 4 + 4), (4, 1 + 5)])
async def test_section_that_is_written_alone_costs_one_checkpoint(
    tmp_path: Path, parallel: int, steps: int
) -> None:
    models = ModelCatalog(settings_of(NOWHERE, judge="off"))
    async with open_checkpoints(tmp_path) as saver:
        config = RunnableConfig(configurable={"thread_id": "t"})
        context = RunContext(keep_length=False, parallel=parallel)
        await build_graph(LongFormat(4), models, saver).ainvoke({"input": NOTE}, config, context=context)
        made = [found.metadata.get("step", -1) async for found in saver.alist(config)]
    await models.close()
    assert made == list(range(steps, -2, -1))


async def test_every_checkpoint_of_a_thread_is_read_as_it_was(open_saver: Open) -> None:
    async with open_saver() as saver:
        await story(saver, 12).ainvoke({"sections": {}, "spent": []}, THREAD, durability="sync")
    async with open_saver() as saver:
        history = [found.values async for found in story(saver, 12).aget_state_history(THREAD)]
    assert history[:-1] == [whole(sections) for sections in range(12, -1, -1)]


async def test_thread_that_broke_off_goes_on_from_its_deltas_in_another_process(open_saver: Open) -> None:
    async with open_saver() as saver:
        with pytest.raises(Killed):
            await story(saver, 12, die_at=7).ainvoke({"sections": {}, "spent": []}, THREAD, durability="sync")
    async with open_saver() as saver:
        assert await story(saver, 12).ainvoke(None, THREAD, durability="sync") == whole(12)


async def test_pruned_thread_has_its_values_once_and_whole(kind: str, tmp_path: Path) -> None:
    async with measured(kind, tmp_path) as (saver, count):
        await story(saver, 40).ainvoke({"sections": {}, "spent": []}, THREAD, durability="sync")
        await saver.aprune(["t"])
        assert count() < 1.25 * len(WORDS) * 40
        assert (await story(saver, 40).aget_state(THREAD)).values == whole(40)
        assert await story(saver, 50).ainvoke({"spent": []}, THREAD, durability="sync") == {
            "sections": whole(41)["sections"] | {i: f"{WORDS} {i}" for i in range(41, 50)},
            "spent": list(range(50)),
        }


async def test_fork_reads_and_writes_its_own_values(open_saver: Open) -> None:
    async with open_saver() as saver:
        graph = story(saver, 6)
        await graph.ainvoke({"sections": {}, "spent": []}, THREAD, durability="sync")
        [point] = [
            found.config
            async for found in graph.aget_state_history(THREAD)
            if len(found.values.get("sections", {})) == 3
        ]
        fork = await graph.aupdate_state(point, {"sections": {1: "edited"}}, as_node="write")
        ended = await graph.ainvoke(None, fork, durability="sync")
        assert ended["sections"] == {**whole(6)["sections"], 1: "edited"}
        texts = {found.values["sections"].get(1) async for found in graph.aget_state_history(THREAD)}
    assert texts == {None, f"{WORDS} 1", "edited"}


async def test_thread_of_an_earlier_release_is_read_goes_on_and_is_pruned(tmp_path: Path) -> None:
    with SqliteSaver.from_conn_string(str(tmp_path / "checkpoints.db")) as before, pytest.raises(Killed):
        story(before, 12, die_at=5).invoke({"sections": {}, "spent": []}, THREAD, durability="sync")
    async with open_checkpoints(tmp_path) as saver:
        assert (await story(saver, 12).aget_state(THREAD)).values == whole(5)
        assert await story(saver, 12).ainvoke(None, THREAD, durability="sync") == whole(12)
    async with open_checkpoints(tmp_path) as saver:
        history = [found.values async for found in story(saver, 12).aget_state_history(THREAD)]
        assert history[:-1] == [whole(sections) for sections in range(12, -1, -1)]
        await saver.aprune(["t"])
        assert (await story(saver, 12).aget_state(THREAD)).values == whole(12)


async def test_checkpoint_whose_parent_could_not_be_stored_is_refused(tmp_path: Path) -> None:
    async with open_checkpoints(tmp_path) as saver:
        configs = [await _put(saver, THREAD, 1)]
        configs.append(await _put(saver, configs[0], 2))
        await saver.flushed("t")
        with sqlite3.connect(tmp_path / "checkpoints.db") as other:  # as if another process had taken it
            other.execute("DELETE FROM checkpoints WHERE checkpoint_id = ?", (_id(configs[1]),))
        await _put(saver, configs[1], 3)
        with pytest.raises(sqlite3.IntegrityError):
            await saver.aget_tuple(THREAD)
        found = await saver.aget_tuple(THREAD)
    assert found is not None and found.checkpoint["channel_values"] == {"sections": {0: WORDS, 1: WORDS}}


_SECTIONS = dict.fromkeys(range(9), WORDS)


async def _put(saver: SqliteCheckpoints, parent: RunnableConfig, number: int) -> RunnableConfig:
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = {"sections": {index: _SECTIONS[index] for index in range(number + 1)}}
    checkpoint["channel_versions"] = {"sections": f"{number}"}
    return await saver.aput(parent, checkpoint, {"step": number}, checkpoint["channel_versions"])


def _id(config: RunnableConfig) -> str:
    return str(config["configurable"]["checkpoint_id"])
