"""Durable LangGraph checkpointers, for any database.

Each of ours passes LangGraph's own suite and `tests/contract/test_checkpointer.py`.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple, get_checkpoint_id, id
from langgraph.checkpoint.memory import InMemorySaver


class DurableSaver(BaseCheckpointSaver[Any]):
    """Mixin for LangGraph savers that adds durability. A base before LangGraph's: `class OurSaver(DurableSaver,
    TheirSaver)`.

    A task's result is written when the task ends. LangGraph hands such a result over to the tasks of its step, of
    which `max_concurrency` go on at a time: with sections still waiting for their turn it would be written after the
    last of them has begun, and a kill until then would cost everything that was finished.

    And the ids of a thread's checkpoints grow, whatever the clock says. LangGraph makes them of the time, and the
    largest is the newest: after a clock was set back, what is written next would never be found.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._under_way: dict[str, set[asyncio.Task[None]]] = {}

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As LangGraph's. Checkpoints written after it are newer than all others."""
        found = newest = await super().aget_tuple(config)
        if get_checkpoint_id(config):  # a fork
            place = {name: config["configurable"].get(name, "") for name in ("thread_id", "checkpoint_ns")}
            newest = await super().aget_tuple({"configurable": place})
        if newest is not None:
            _make_ids_larger_than(newest.checkpoint["id"])
        return found

    def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> Any:
        """As LangGraph's, but returns before the write is done."""
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

    async def flushed(self, thread_id: str) -> None:
        """Returns when the results of this thread's finished tasks are durable, even against a kill."""
        # The turn of the loop in which the next task begins is the one in which the last one's result is handed over.
        await asyncio.sleep(0)
        if under_way := self._under_way.get(thread_id):
            await asyncio.wait(under_way)

    async def all_flushed(self) -> None:
        """As `flushed`, for all threads."""
        for thread_id in list(self._under_way):
            await self.flushed(thread_id)


class MemoryCheckpoints(DurableSaver, InMemorySaver):
    """Checkpoints that last as long as the process: for tests, and for graphs that need no more."""


def _make_ids_larger_than(checkpoint_id: str) -> None:
    """Makes later ids larger than this one: LangGraph's ids grow from the last one within a process.

    There is no public way to say so; a test fails when this one doesn't work any more.
    """
    try:
        newest = id.UUID(checkpoint_id)
    except ValueError:
        return
    if newest.version == 6 and newest.time > (id._last_v6_timestamp or 0):
        id._last_v6_timestamp = newest.time  # type: ignore[assignment]
