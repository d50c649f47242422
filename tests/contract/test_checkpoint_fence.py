"""Checkpoints in PostgreSQL: who lost a run writes none of them, and a database that is away is waited for."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from operator import add
from typing import Annotated, Any, TypedDict

import psycopg
import pytest
import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph

from backend.store.owner import Owner
from backend.store.postgres.checkpoints import PostgresCheckpoints, open_postgres_checkpoints
from backend.store.runs.fences import StaleCheckpoint, set_fence
from backend.store.runs.runs import RunRepository
from backend.store.sql.database import Database
from tests.databases import open_log
from tests.postgres import postgres_server
from tests.unit.stored_runs import add_run

pytestmark = pytest.mark.engine("postgresql")
MAYA = Owner("maya")


class Told(TypedDict):
    """What the sections of a run say."""

    text: Annotated[list[str], add]


@pytest.fixture
async def saver(database_url: str) -> AsyncIterator[PostgresCheckpoints]:
    async with open_postgres_checkpoints(database_url) as opened:
        yield opened


def chain(saver: PostgresCheckpoints, who: str, pause: Callable[[int], Awaitable[None]] | None = None) -> Any:
    """A graph of three sections, each of which says who wrote it."""
    graph = StateGraph(Told)
    names = [START, "s1", "s2", "s3", END]
    for number in (1, 2, 3):

        async def write(state: Told, number: int = number) -> dict[str, list[str]]:
            del state
            if pause is not None:
                await pause(number)
            return {"text": [f"{number}:{who}"]}

        graph.add_node(f"s{number}", write)
    for before, after in pairwise(names):
        graph.add_edge(before, after)
    return graph.compile(checkpointer=saver)


@pytest.mark.parametrize("returns", ["after the new owner has ended", "while the new owner writes"])
async def test_writer_who_comes_back_changes_nothing_of_what_the_new_one_wrote(
    saver: PostgresCheckpoints, database: Database, repository: RunRepository, returns: str
) -> None:
    run, log = await add_run(repository), open_log(database)
    thread = RunnableConfig(configurable={"thread_id": run.id})
    hangs, goes_on, owner_writes, owner_goes_on = (asyncio.Event() for _ in range(4))

    async def hang(number: int) -> None:
        if number == 2:
            await saver.flushed(run.id)
            hangs.set()
            await goes_on.wait()

    async def hold(number: int) -> None:
        if number == 2 and "while" in returns:
            owner_writes.set()
            await owner_goes_on.wait()

    async def write(who: str, pause: Callable[[int], Awaitable[None]], given: Any) -> Any:
        set_fence(run.id, await log.take_over(run.id))
        return await chain(saver, who, pause).ainvoke(given, thread, durability="sync")

    zombie = asyncio.create_task(write("A", hang, {"text": []}))
    await hangs.wait()
    owner = asyncio.create_task(write("B", hold, None))
    if "while" in returns:
        await owner_writes.wait()
        goes_on.set()
        await asyncio.wait([zombie])
        owner_goes_on.set()
        await owner
    else:
        await owner
        goes_on.set()
    with pytest.raises(StaleCheckpoint):
        await zombie
    assert (await owner)["text"] == ["1:A", "2:B", "3:B"]
    newest = await chain(saver, "").aget_state(thread)
    assert (newest.values["text"], newest.next) == (["1:A", "2:B", "3:B"], ())


async def test_checkpoint_of_a_run_that_was_deleted_is_refused_and_none_is_left(
    saver: PostgresCheckpoints, database: Database, repository: RunRepository
) -> None:
    run, log = await add_run(repository), open_log(database)
    thread = RunnableConfig(configurable={"thread_id": run.id})
    epoch = await log.take_over(run.id)

    async def write() -> None:
        set_fence(run.id, epoch)
        await chain(saver, "A").ainvoke({"text": []}, thread, durability="sync")

    await asyncio.create_task(write())
    assert await saver.aget_tuple(thread) is not None
    await repository.delete(MAYA, run.id)
    assert await saver.aget_tuple(thread) is None
    with pytest.raises(StaleCheckpoint):
        await asyncio.create_task(write())
    await saver.flushed(run.id)
    assert await saver.aget_tuple(thread) is None


async def test_run_goes_on_when_the_database_is_back(saver: PostgresCheckpoints) -> None:
    server = postgres_server()
    thread = RunnableConfig(configurable={"thread_id": "T"})

    async def restart(number: int) -> None:
        if number == 2:
            server.stop()
            asyncio.get_running_loop().call_later(0.5, server.start)

    with structlog.testing.capture_logs() as logged:
        ended = await chain(saver, "A", restart).ainvoke({"text": []}, thread, durability="sync")
        newest = await chain(saver, "").aget_state(thread)
    assert ended["text"] == newest.values["text"] == ["1:A", "2:A", "3:A"]
    assert {line["event"] for line in logged} == {"checkpoint_write_failed"}


async def test_many_graphs_at_once_are_stored_over_few_connections(saver: PostgresCheckpoints) -> None:
    threads = [RunnableConfig(configurable={"thread_id": f"T{number}"}) for number in range(30)]
    graph = chain(saver, "A")
    await asyncio.gather(*(graph.ainvoke({"text": []}, thread) for thread in threads))
    for thread in threads:
        assert (await graph.aget_state(thread)).values["text"] == ["1:A", "2:A", "3:A"]


def test_saver_of_langgraph_still_writes_through_the_cursor_that_is_fenced() -> None:
    for name in ("aput", "aput_writes"):
        assert "self._cursor(pipeline=True)" in inspect.getsource(getattr(AsyncPostgresSaver, name))
    assert list(inspect.signature(AsyncPostgresSaver._cursor).parameters) == ["self", "pipeline"]


async def test_thread_is_deleted_although_a_writer_of_it_stands_in_the_way(
    saver: PostgresCheckpoints, database_url: str
) -> None:
    graph, thread = chain(saver, "one"), RunnableConfig(configurable={"thread_id": "t"})
    await graph.ainvoke({"text": []}, thread)
    await saver.all_flushed()
    async with await psycopg.AsyncConnection.connect(database_url) as writer, asyncio.timeout(60):
        await writer.execute("SET deadlock_timeout = '20s'")  # so that it is the deletion that gives way
        await writer.execute("DELETE FROM checkpoint_blobs")
        deleting = asyncio.create_task(saver.adelete_thread("t"))
        waits = (
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as looking:
            while await (await looking.execute(waits)).fetchone() is None:
                pass
        with structlog.testing.capture_logs() as logged:
            await writer.execute("DELETE FROM checkpoints")
            await writer.rollback()
            await deleting
    assert [each["error"] for each in logged] == ["DeadlockDetected"]
    assert (await graph.aget_state(thread)).values == {}
