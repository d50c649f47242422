"""Durable LangGraph checkpointers, for any database.

Each of ours passes LangGraph's own suite and `tests/contract/test_checkpointer.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AbstractContextManager, nullcontext
from random import getrandbits
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    id,
)
from langgraph.checkpoint.memory import InMemorySaver

from backend.store.runs.fences import find_fence
from backend.store.sql.patience import in_time

_VERSION_DIGITS = 6
_Writer = tuple[str, tuple[str, int] | None]
"""A thread, and the fence of who writes it."""


class DurableSaver(BaseCheckpointSaver[Any]):
    """Mixin for LangGraph savers that adds durability. A base before LangGraph's: `class OurSaver(DurableSaver,
    TheirSaver)`, where TheirSaver stores in the order in which its calls begin.

    A task's result is written when the task ends. LangGraph hands such a result over to the tasks of its step, of
    which `max_concurrency` go on at a time: with sections still waiting for their turn it would be written after the
    last of them has begun, and a kill until then would cost everything that was finished.

    Nobody waits for a checkpoint: it can be told from the one before it and the results of its tasks, and both are
    stored before it. `flushed` waits for all of a thread, and what couldn't be stored is raised by the thread's next
    call.

    And the ids of a thread's checkpoints grow, whatever the clock says. LangGraph makes them of the time, and the
    largest is the newest: after a clock was set back, what is written next would never be found.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._under_way: dict[str, set[asyncio.Task[Any]]] = {}
        self._failures: dict[_Writer, Exception] = {}

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As LangGraph's. Whoever goes on from what it returns writes checkpoints that are newer than all."""
        await self._await_stored(config)
        found = newest = await super().aget_tuple(config)
        if get_checkpoint_id(config):  # a fork
            place = {name: config["configurable"].get(name, "") for name in ("thread_id", "checkpoint_ns")}
            newest = await super().aget_tuple({"configurable": place})
        if newest is not None:
            _make_ids_larger_than(newest.checkpoint["id"])
        return found

    async def alist(self, config: RunnableConfig | None, **kwargs: Any) -> AsyncIterator[CheckpointTuple]:
        """As LangGraph's."""
        await self._await_stored(config)
        async for each in super().alist(config, **kwargs):
            yield each

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As LangGraph's, but it returns before the checkpoint is stored."""
        place = config["configurable"]
        self._begin(str(place["thread_id"]), super().aput(config, checkpoint, metadata, new_versions))
        stored = {"thread_id": place["thread_id"], "checkpoint_ns": place.get("checkpoint_ns", "")}
        return {"configurable": {**stored, "checkpoint_id": checkpoint["id"]}}

    def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> Any:
        """As LangGraph's, but returns before the write is done."""
        thread_id = str(config["configurable"]["thread_id"])
        return self._begin(thread_id, super().aput_writes(config, writes, task_id, task_path))

    def get_next_version(self, current: Any, channel: None) -> Any:
        """As LangGraph's, but shorter: a checkpoint names a version for each of its channels and nodes, which is most
        of its row. A thread of an earlier release keeps its longer ones, which are compared as text."""
        del channel
        digits = str(current or 0).partition(".")[0]
        width = len(digits) if isinstance(current, str) else _VERSION_DIGITS
        return f"{int(digits) + 1:0{width}}.{getrandbits(32):08x}"

    async def adelete_thread(self, thread_id: str) -> None:
        """As LangGraph's."""
        await self.flushed(thread_id)
        for writer in [each for each in self._failures if each[0] == thread_id]:
            del self._failures[writer]
        await super().adelete_thread(thread_id)

    async def check_writable(self, busy_seconds: float) -> None:
        """Raises where nothing can be written, or somebody else holds what is written for longer than
        `busy_seconds`. In memory something always can."""

    async def flushed(self, thread_id: str) -> None:
        """Returns when what this thread has put, and the results of its tasks that have ended, are where a kill
        doesn't reach them, or failed."""
        # The turn of the loop in which the next task begins is the one in which the last one's result is handed over.
        await asyncio.sleep(0)
        await self._wait_for(thread_id)

    async def all_flushed(self) -> None:
        """As `flushed`, for all threads."""
        for thread_id in list(self._under_way):
            await self.flushed(thread_id)

    async def _await_stored(self, config: RunnableConfig | None) -> None:
        """Returns when what was put before is stored. Raises what couldn't be."""
        if config is None or (thread_id := config["configurable"].get("thread_id")) is None:
            await self.all_flushed()
            return
        await self._wait_for(str(thread_id))
        self._raise_failure(str(thread_id))

    async def _wait_for(self, thread_id: str) -> None:
        if under_way := self._under_way.get(thread_id):
            with self._awaited():
                await in_time(asyncio.wait(under_way))

    def _awaited(self) -> AbstractContextManager[None]:
        """Open while somebody waits for what was put: a saver that makes puts wait for one another doesn't then."""
        return nullcontext()

    def _begin(self, thread_id: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        try:
            self._raise_failure(thread_id)
        except Exception:
            work.close()
            raise
        task = asyncio.create_task(work)
        under_way = self._under_way.setdefault(thread_id, set())
        under_way.add(task)
        writer = thread_id, find_fence()

        def forget(task: asyncio.Task[Any]) -> None:
            under_way.discard(task)
            if not under_way and self._under_way.get(thread_id) is under_way:
                del self._under_way[thread_id]
            if not task.cancelled() and isinstance(failure := task.exception(), Exception):
                self._failures[writer] = failure

        task.add_done_callback(forget)
        return task

    def _raise_failure(self, thread_id: str) -> None:
        # One who lost the run fails by itself, and not who has it now.
        if (failure := self._failures.pop((thread_id, find_fence()), None)) is not None:
            raise failure


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
