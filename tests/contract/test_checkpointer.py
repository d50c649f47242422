"""Checkpointers: LangGraph's own suite, and what the service needs beside it, on each implementation."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager
from operator import add
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.base import id as checkpoint_ids
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from backend.store.checkpoints.durable_saver import DurableSaver, MemoryCheckpoints
from backend.store.postgres.checkpoints import open_postgres_checkpoints
from backend.store.sqlite import checkpoint_writer, log_emptying
from backend.store.sqlite.checkpoints import SqliteCheckpoints, open_checkpoints
from tests.databases import new_database

MARK = b"the-secret-of-the-lighthouse"
PATIENCE = 20.0
THREAD = RunnableConfig(configurable={"thread_id": "t", "checkpoint_ns": ""})
Open = Callable[[], AbstractAsyncContextManager[DurableSaver]]


class Killed(BaseException):
    """The process ends in the middle of a step."""


class Words(TypedDict):
    """What the graphs here write."""

    told: Annotated[list[str], add]


KINDS = ["sqlite", "postgresql", "memory"]


@contextmanager
def opener(kind: str, folder: Path) -> Iterator[Open]:
    """Opens the same checkpoints again and again, as one process after another does."""
    memory = MemoryCheckpoints()

    @asynccontextmanager
    async def open_memory() -> AsyncIterator[DurableSaver]:
        yield memory

    if kind == "postgresql":
        with new_database("postgresql", folder, folder) as url:
            yield lambda: open_postgres_checkpoints(url)
    else:
        yield open_memory if kind == "memory" else lambda: open_checkpoints(folder)


@pytest.fixture(params=KINDS)
def open_saver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    with opener(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets this process's clock that many seconds ahead of the true one."""
    true = time.time_ns

    def set_clock(seconds: float) -> None:
        monkeypatch.setattr(time, "time_ns", lambda: true() + int(seconds * 1e9))

    return set_clock


def start_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has made no ids yet."""
    monkeypatch.setattr(checkpoint_ids, "_last_v6_timestamp", None)


def chain(saver: DurableSaver, *steps: Callable[[], None]) -> Any:
    """A graph of nodes `n0`, `n1`, … one after another: each does its step, and tells its name."""
    graph = StateGraph(Words)
    before = START
    for number, step in enumerate(steps):

        def node(
            state: Words, name: str = f"n{number}", step: Callable[[], None] = step
        ) -> dict[str, list[str]]:
            del state
            step()
            return {"told": [name]}

        graph.add_node(f"n{number}", node)
        graph.add_edge(before, f"n{number}")
        before = f"n{number}"
    graph.add_edge(before, END)
    return graph.compile(checkpointer=saver)


def go_on() -> None:
    """A step that does nothing."""


def die() -> None:
    """A step that the process doesn't survive."""
    raise Killed


@pytest.mark.parametrize("kind", KINDS)
async def test_checkpointer_passes_the_suite_of_langgraph(kind: str, tmp_path: Path) -> None:
    folders = iter(range(100))

    @checkpointer_test(name=kind)
    async def fresh() -> AsyncGenerator[DurableSaver]:
        folder = tmp_path / str(next(folders))
        folder.mkdir()
        with opener(kind, folder) as open_saver:
            async with open_saver() as saver:
                yield saver

    report = await validate(fresh)
    assert [failure for result in report.results.values() for failure in result.failures] == []
    assert report.passed_all_base()
    assert sum(result.tests_passed for result in report.results.values()) >= 58


@pytest.mark.parametrize(("before", "after"), [(0, -10), (0, -3600), (3600, 0), (0, 3600), (3600, -3600)])
async def test_run_that_goes_on_after_a_kill_with_another_clock_ends_with_all_that_was_written(
    open_saver: Open,
    clock: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    before: float,
    after: float,
) -> None:
    clock(before)
    start_anew(monkeypatch)
    async with open_saver() as saver:
        with pytest.raises(Killed):
            await chain(saver, go_on, go_on, die, go_on).ainvoke({"told": []}, THREAD, durability="sync")
    clock(after)
    start_anew(monkeypatch)
    async with open_saver() as saver:
        graph = chain(saver, go_on, go_on, go_on, go_on)
        ended = await graph.ainvoke(None, THREAD, durability="sync")
        stored = await graph.aget_state(THREAD)
        history = [snapshot.values["told"] async for snapshot in graph.aget_state_history(THREAD)]
    assert ended["told"] == stored.values["told"] == ["n0", "n1", "n2", "n3"]
    assert stored.next == ()
    assert [len(told) for told in history] == [4, 3, 2, 1, 0, 0]


@pytest.mark.parametrize("seconds", [-10, -3600, 3600])
async def test_run_whose_clock_is_set_in_the_middle_ends_with_all_that_was_written(
    open_saver: Open, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    start_anew(monkeypatch)
    async with open_saver() as saver:
        graph = chain(saver, go_on, lambda: clock(seconds), go_on, lambda: clock(0), go_on)
        await graph.ainvoke({"told": []}, THREAD, durability="sync")
        stored = await graph.aget_state(THREAD)
    assert (stored.values["told"], stored.next) == (["n0", "n1", "n2", "n3", "n4"], ())


async def test_fork_from_an_older_checkpoint_is_the_newest_although_the_clock_was_set_back(
    open_saver: Open, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    start_anew(monkeypatch)
    async with open_saver() as saver:
        graph = chain(saver, go_on, go_on)
        await graph.ainvoke({"told": []}, THREAD, durability="sync")
        [older] = [s.config async for s in graph.aget_state_history(THREAD) if s.values["told"] == ["n0"]]
    clock(-3600)
    start_anew(monkeypatch)
    async with open_saver() as saver:
        graph = chain(saver, go_on, go_on)
        await graph.aupdate_state(older, {"told": ["edited"]}, as_node="n0")
        assert (await graph.aget_state(THREAD)).values["told"] == ["n0", "edited"]


@pytest.mark.parametrize("at_once", [1, 2, 3])
async def test_task_that_begins_finds_the_results_of_those_that_ended_before_it_safe(
    open_saver: Open, at_once: int
) -> None:
    ended: list[str] = []
    missing: list[set[str]] = []

    async with open_saver() as saver, open_saver() as elsewhere:

        async def write(state: Words) -> dict[str, list[str]]:
            before = set(ended)
            await saver.flushed("t")
            stored = await elsewhere.aget_tuple(THREAD)
            assert stored is not None
            safe = {name for _, to, names in stored.pending_writes or () if to == "told" for name in names}
            missing.append(before - safe)
            ended.append(state["told"][0])
            return {"told": state["told"]}

        graph = StateGraph(Words)
        graph.add_node("write", write)
        graph.add_conditional_edges(
            START, lambda _: [Send("write", {"told": [str(number)]}) for number in range(8)], ["write"]
        )
        compiled: Any = graph.compile(checkpointer=saver)
        await compiled.ainvoke({"told": []}, {**THREAD, "max_concurrency": at_once})
    assert len(ended) == 8
    # Of those that go on beside it, the last lines may be under way.
    assert max(map(len, missing)) < at_once


@pytest.mark.parametrize("open_saver", ["sqlite", "postgresql"], indirect=True)
async def test_thread_that_is_pruned_goes_on_from_its_newest_checkpoint_and_the_results_that_hang_on_it(
    open_saver: Open,
) -> None:
    async with open_saver() as saver:
        with pytest.raises(Killed):
            await chain(saver, go_on, go_on, die).ainvoke({"told": []}, THREAD, durability="sync")
        await chain(saver, go_on).ainvoke({"told": ["other"]}, {"configurable": {"thread_id": "other"}})
        others = [each async for each in saver.alist({"configurable": {"thread_id": "other"}})]
        await saver.aprune(["t"])
        assert len([each async for each in saver.alist(THREAD)]) == 1
        assert len([each async for each in saver.alist({"configurable": {"thread_id": "other"}})]) == len(
            others
        )
    async with open_saver() as saver:
        ended = await chain(saver, go_on, go_on, go_on).ainvoke(None, THREAD, durability="sync")
    assert ended["told"] == ["n0", "n1", "n2"]


async def test_flushed_of_a_thread_that_wrote_nothing_returns(open_saver: Open) -> None:
    async with open_saver() as saver:
        await asyncio.wait_for(saver.flushed("never heard of"), PATIENCE)


async def test_deleted_thread_leaves_no_byte_in_any_file(tmp_path: Path) -> None:
    def files() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    async with open_checkpoints(tmp_path) as saver:
        graph = chain(saver, go_on, go_on)
        told = [f"{number} {MARK.decode()} " * 700 for number in range(20)]
        await graph.ainvoke({"told": told}, THREAD)
        assert MARK in files()
        await saver.adelete_thread("t")
        assert MARK not in files()
        assert await saver.aget_tuple(THREAD) is None


async def test_deleting_a_thread_waits_for_those_who_read_what_was_there_before(tmp_path: Path) -> None:
    def files() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    async with open_checkpoints(tmp_path) as saver:
        graph = chain(saver, go_on)
        await graph.ainvoke({"told": [MARK.decode() * 700]}, THREAD)
        with closing(reading(tmp_path)) as reader:
            deleting = asyncio.create_task(saver.adelete_thread("t"))
            while await saver.aget_tuple(THREAD) is not None:  # nobody else waits meanwhile
                pass
            reader.execute("ROLLBACK")
        await deleting
        assert MARK not in files()


async def test_thread_that_is_deleted_while_somebody_reads_for_long_leaves_no_byte_once_they_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_emptying, "_PATIENCE_SECONDS", 0.0)

    def files() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    async with open_checkpoints(tmp_path) as saver:
        graph = chain(saver, go_on)
        await graph.ainvoke({"told": [MARK.decode() * 700]}, THREAD)
        with closing(reading(tmp_path)):
            await saver.adelete_thread("t")
            assert MARK in files()
        async with asyncio.timeout(PATIENCE):  # nobody writes any more; it tries again once a second
            while MARK in await asyncio.to_thread(files):
                pass


def reading(folder: Path) -> sqlite3.Connection:
    """A connection that holds what is in the file of checkpoints now."""
    reader = sqlite3.connect(folder / "checkpoints.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM checkpoints").fetchone()
    return reader


@pytest.fixture
async def impatient(tmp_path: Path) -> AsyncIterator[SqliteCheckpoints]:
    """A saver that waits for no lock."""
    async with open_checkpoints(tmp_path, busy_seconds=0.01) as saver:
        yield saver


@pytest.fixture
def lock(impatient: SqliteCheckpoints, tmp_path: Path) -> Callable[[], None]:
    """Its file, locked by somebody else; call it to release it."""
    del impatient
    other = sqlite3.connect(tmp_path / "checkpoints.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other.close


async def test_run_whose_checkpoints_file_is_locked_for_a_while_goes_on_when_it_is_free(
    impatient: SqliteCheckpoints, lock: Callable[[], None], tmp_path: Path
) -> None:
    with structlog.testing.capture_logs() as logged:
        graph = chain(impatient, go_on, go_on)
        run = asyncio.create_task(graph.ainvoke({"told": []}, THREAD, durability="sync"))
        async with asyncio.timeout(PATIENCE):
            while not logged:  # noqa: ASYNC110 - what is logged has no event
                await asyncio.sleep(0)
        assert not run.done()
        lock()
        assert (await run)["told"] == ["n0", "n1"]
    assert {line["event"] for line in logged} == {"checkpoint_write_failed"}
    async with open_checkpoints(tmp_path) as elsewhere:
        assert (await chain(elsewhere, go_on, go_on).aget_state(THREAD)).values["told"] == ["n0", "n1"]


async def test_checkpoints_file_that_stays_locked_ends_the_write_with_the_drivers_error(
    impatient: SqliteCheckpoints, lock: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_writer, "_RETRY_SECONDS", (0.0, 0.0, 0.0))
    with structlog.testing.capture_logs() as logged, pytest.raises(sqlite3.OperationalError, match="locked"):
        await impatient.aput(THREAD, empty_checkpoint(), {}, {})
        await impatient.aget_tuple(THREAD)
    assert [line["again_in"] for line in logged] == [0.0, 0.0, 0.0, None]
    lock()
    assert (await chain(impatient, go_on).ainvoke({"told": []}, THREAD))["told"] == ["n0"]
