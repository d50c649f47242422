"""LangGraph's checkpoints, in a file of their own: its writes and ours don't wait for one another."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

CHECKPOINTS = "checkpoints.db"


class Checkpoints(AsyncSqliteSaver):
    """A saver that writes a task's result when the task ends.

    LangGraph hands such a result over to the tasks of its step, of which `max_concurrency` go on at a time: with
    sections still waiting for their turn it would be written after the last of them has begun, and a kill until
    then would cost everything that was finished.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection)
        self._under_way: dict[str, set[asyncio.Task[None]]] = {}

    def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> Any:
        """As LangGraph's, but it doesn't wait to be awaited."""
        thread_id = str(config["configurable"]["thread_id"])
        task = asyncio.create_task(super().aput_writes(config, writes, task_id, task_path))
        under_way = self._under_way.setdefault(thread_id, set())
        under_way.add(task)

        def forget(task: asyncio.Task[None]) -> None:
            under_way.discard(task)
            if not under_way and self._under_way.get(thread_id) is under_way:
                del self._under_way[thread_id]

        task.add_done_callback(forget)
        return task

    async def settled(self, thread_id: str) -> None:
        """Returns when the results of the tasks that have ended are on the disk."""
        # The turn of the loop in which the next task begins is the one in which the last one's result is handed over.
        await asyncio.sleep(0)
        if under_way := self._under_way.get(thread_id):
            await asyncio.wait(under_way)

    async def all_settled(self) -> None:
        """`settled`, of every thread."""
        for thread_id in list(self._under_way):
            await self.settled(thread_id)


@asynccontextmanager
async def open_checkpoints(folder: Path) -> AsyncIterator[Checkpoints]:
    """Those in `folder`; waits for what is under way when it is left."""
    async with aiosqlite.connect(folder / CHECKPOINTS) as connection:
        await connection.execute("PRAGMA busy_timeout=30000")
        saver = Checkpoints(connection)
        await saver.setup()
        try:
            yield saver
        finally:
            await saver.all_settled()
