"""Sibling tasks of a graph's step: concurrent sections, and the work beside them."""

from asyncio import Condition
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

from langgraph.errors import GraphBubbleUp

from workflows.sections.node_context import Node, NodeContext


@dataclass(slots=True)
class _Step:
    """State of one run's step: tasks that `work`, the number of all tasks, and the first failure among them."""

    working: int = 0
    members: int = 0
    failure: Exception | None = None
    changed: Condition = field(default_factory=Condition)


class Siblings:
    """Coordinator of concurrent tasks, which lets them finish when one fails: their output is paid for.

    LangGraph ends a step as soon as a task of it fails, and cancels the others. So a task that fails waits for them;
    one that would begin meanwhile, and buy more, doesn't.
    """

    def __init__(self) -> None:
        self._steps: dict[str, _Step] = {}

    def together(self, node: Node) -> Node:
        """The same node, as one of those that run concurrently."""

        async def work(context: NodeContext, state: Any) -> dict[str, Any]:
            info = context.runtime.execution_info
            if info is None or info.thread_id is None:
                return await node(context, state)
            return await self._work(info.thread_id, node, context, state)

        return work

    async def _work(self, thread_id: str, node: Node, context: NodeContext, state: Any) -> dict[str, Any]:
        step = self._steps.setdefault(thread_id, _Step())
        step.members += 1
        try:
            if step.failure is None:
                try:
                    return await self._count(step, node(context, state))
                except GraphBubbleUp:  # it stops in good order, or waits for a person
                    raise
                except Exception as failure:
                    step.failure = step.failure or failure
            async with step.changed:
                await step.changed.wait_for(lambda: not step.working)
            assert step.failure is not None
            raise step.failure
        finally:
            step.members -= 1
            if not step.members and self._steps.get(thread_id) is step:
                del self._steps[thread_id]

    async def _count(self, step: _Step, work: Awaitable[dict[str, Any]]) -> dict[str, Any]:
        step.working += 1
        try:
            return await work
        finally:
            step.working -= 1
            async with step.changed:
                step.changed.notify_all()
